"""People who answer review tasks at chosen moments, and a batch of four tasks of different arms."""

from datetime import UTC, datetime, timedelta

from data_engine.review import NewTask
from data_engine.review.people.person_queue import PersonQueue
from data_engine.review.people.tokens import Person

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CLASSES = ("mit", "apache-2.0", "gpl-2.0")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def person(name: str, role: str = "annotator") -> Person:
    return Person(name, role, f"token-of-{name}")


def answer_all(queue: PersonQueue, name: str, labels: list[str], *, seconds: float = 4) -> None:
    """Give somebody's answers to the next tasks, each after so many seconds."""
    for number, label in enumerate(labels):
        (lease,) = queue.take(person(name), corpus="licences", now=at(100 * number))
        now = at(100 * number + seconds)
        queue.answer(person(name), lease.lease_id, f"{name}-{number}", label=label, active_s=seconds, now=now)


def open_licences(queue: PersonQueue, *, now: datetime = NOON) -> None:
    """A batch that wants two answers of each task: manual, assisted, blind, and a trap that proposes gpl-2.0."""
    queue.open_batch(
        "b1",
        corpus="licences",
        question="Which licence is meant?",
        classes=CLASSES,
        tasks=[
            NewTask("s0", "query", "manual", {"text": "text 0"}),
            NewTask("s1", "query", "assisted", {"text": "text 1"}, "mit", 0.75),
            NewTask("s2", "audit", "blind", {"text": "text 2"}, "mit", 0.9),
            NewTask("s3", "trap", "trap", {"text": "text 3"}, "gpl-2.0", 0.1),
        ],
        cause="a test",
        answers_per_task=2,
        now=now,
    )
