"""A queue with everything that can be exchanged: arms, a trap, answers of two people and a program, a correction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from review_people import CLASSES, NOON, at, person

from data_engine.review import NewTask
from data_engine.review.exchange.exchanged import Exchange, ExchangedAnswer, ExchangedTask
from data_engine.review.exchange.resolving import ImportPlace
from data_engine.review.people.person_queue import PersonQueue

LATER = NOON + timedelta(days=1)
PAYLOADS: Mapping[str, Mapping[str, Any]] = {
    f"s{n}": {"text": f"text {n}\u2028of s{n}", "uri": f"docs/{n}.txt"} for n in range(5)
}


def place(**changes: Any) -> ImportPlace:
    """The corpus `licences`, which has s0 to s4."""
    values: dict[str, Any] = {
        "corpus": "licences",
        "question": "Which licence is meant?",
        "classes": CLASSES,
        "kind": "class",
        "renamed": {"expat": "mit"},
        "payloads": PAYLOADS,
        "sample_of": {payload["uri"]: sample_id for sample_id, payload in PAYLOADS.items()},
    }
    return ImportPlace(**(values | changes))


def fill(queue: PersonQueue) -> None:
    """Two batches: b1 wants two answers of four tasks and gets them, b2 one of two and is ended with one.

    A reviewer decides about s2 in b1; in b2 somebody begins an answer and skips the task.
    """
    tasks = [
        NewTask("s0", "query", "manual", PAYLOADS["s0"], priority=4),
        NewTask("s1", "hold_out", "proposed", PAYLOADS["s1"], "mit", 0.75, priority=3),
        NewTask("s2", "audit", "blind", PAYLOADS["s2"], "mit", 0.9, priority=2),
        NewTask("s3", "trap", "trap", PAYLOADS["s3"], "gpl-2.0", 0.1, priority=1),
    ]
    asked = {"corpus": "licences", "question": "Which licence is meant?", "classes": CLASSES, "cause": "a test"}
    queue.open_batch("b1", tasks=tasks, answers_per_task=2, now=NOON, **asked)  # type: ignore[arg-type]
    for number, label in enumerate(["mit", "mit", "apache-2.0", "mit"]):
        (lease,) = queue.take(person("ada"), corpus="licences", now=at(100 * number))
        queue.answer(
            person("ada"),
            lease.lease_id,
            f"ada-{number}",
            label=label,
            comment="unsure, \x85 see line 2" if number == 2 else None,
            active_s=3.5,
            now=at(100 * number + 5),
        )
    simulated = queue.next("simulated:sim", now=at(900), corpus="licences", is_simulated=True)
    assert simulated is not None
    queue.submit(simulated.lease_id, "sim-0", label="gpl-2.0", now=at(900))
    for number, label in enumerate(["mit", "apache-2.0", "mit"]):
        (lease,) = queue.take(person("bob"), corpus="licences", now=at(1000 + number))
        given = queue.answer(person("bob"), lease.lease_id, f"bob-{number}", label=label, now=at(1001 + number))
    queue.revise(person("bob"), given.annotation_id, label="gpl-2.0", now=at(2000))
    more = [NewTask("s4", "query", "manual", PAYLOADS["s4"]), NewTask("s0", "control", "manual", PAYLOADS["s0"])]
    queue.open_batch("b2", tasks=more, now=at(3000), **asked)  # type: ignore[arg-type]
    (lease,) = queue.take(person("ada"), corpus="licences", now=at(3001))
    queue.answer(person("ada"), lease.lease_id, "ada-4", label="gpl-2.0", now=at(3002))
    (begun,) = queue.take(person("bob"), corpus="licences", now=at(3002))
    queue.keep_draft(person("bob"), begun.task.task_id, {"comment": "which one?", "label": "mit"}, now=at(3002))
    queue.skip(person("bob"), begun.lease_id, reason="it is unclear", now=at(3002))
    queue.settle(person("eve", "reviewer"), "b1", "s2", "apache-2.0", now=at(3003))
    queue.end_batch("b2", reason="enough", now=at(3003))


def foreign(*answers: tuple[str, str, str], time: datetime | None = None, batch: str | None = None) -> Exchange:
    """Answers (sample, annotator, label) of a tool that knows no review batch."""
    return Exchange(
        tuple(
            ExchangedTask(
                sample_id=sample_id,
                batch_id=batch,
                where=f"line {number}",
                answers=(
                    ExchangedAnswer(
                        annotator, f'{{"label":"{label}"}}', provenance="human", active_s=2.0, answered_at=time,
                        where=f"line {number}",
                    ),
                ),
            )
            for number, (sample_id, annotator, label) in enumerate(answers, 1)
        )
    )  # fmt: skip


ANSWER_FIELDS = (
    "annotation_id",
    "sample_id",
    "review_batch",
    "task_id",
    "purpose",
    "arm",
    "annotator",
    "answer",
    "label",
    "proposed_label",
    "is_simulated",
    "revision",
)


def answers_of(queue: Any) -> list[tuple[Any, ...]]:
    """Every answer of all batches by what an import keeps of it, with its time."""
    found = []
    for each in queue.batches("licences"):
        times = queue.answer_times(each.batch_id)
        for row in queue.answers(each.batch_id).to_pylist():
            found.append((*(row[name] for name in ANSWER_FIELDS), times[row["annotation_id"]]))
    return found


def provenances(queue: Any) -> dict[str, int]:
    """How many answers have each provenance, and how many claim seconds."""
    rows = [row for each in queue.batches("licences") for row in queue.answers(each.batch_id).to_pylist()]
    counted = {name: sum(row["provenance"] == name for row in rows) for name in {row["provenance"] for row in rows}}
    return counted | {"with seconds": sum(row["active_s"] is not None for row in rows)}
