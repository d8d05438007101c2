"""The sensor of routes over several ticks: one fire each time audits shut a decider, whatever happens in between."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from small_project import SmallProject, notes_corpus
from ticking import Ticking, leave
from written_steps import take_in

from data_engine.orchestration.names import asset_key
from data_engine.runtime.alarms.alarm_table import alarms_of

SHUT = (
    "person: rules (shut by its audits: 15 of 20 right, so at most 0.896 of its answers, below the promise of 0.95), "
    "classifier (probability 0.5000 < gate 0.9000)"
)
TAKEN = "rules: a pattern, score 1.0000 >= gate 1.0000"
UNSURE = "person: rules (no pattern of one class), classifier (probability 0.5000 < gate 0.9000)"
NO_GATE = "person: rules (no gate: the hold-out does not certify a precision of 0.95)"


@pytest.fixture
def routes(notes: SmallProject, instance: dg.DagsterInstance) -> Ticking:
    """The sensor of a corpus with label rules and three samples."""
    labels = notes_corpus(Path("source"))["labels"] | {  # type: ignore[operator]
        "deciders": [{"name": "rules", "patterns": {"baking": ["bread"]}}, "classifier", "person"],
        "target_precision": 0.95,
        "query_batch_size": 2,
    }
    notes.add(notes_corpus(Path("source"), labels=labels))
    ticking = Ticking(notes, "routes", instance)
    take_in(ticking.runtime, "may.jsonl", [{"sample_id": name, "text": name} for name in "abcd"])
    return ticking


def _propose(routes: Ticking, version: str, **reasons: str) -> None:
    rows: list[dict[str, Any]] = [
        {
            "sample_id": name, "classifier_version": "v", "probability": 0.5, "probabilities": b"", "uncertainty": 0.5,
            "utility": 0.5, "difficulty": "easy", "route": reason.partition(":")[0], "reason": reason,
            "gate_lower_bound": 0.955 if reason == TAKEN else None, "label": "baking",
        }
        for name, reason in reasons.items()
    ]  # fmt: skip
    leave(routes.runtime, "proposals", rows, version=version)


def _tasks(routes: Ticking) -> list[tuple[str, str, str, str | None]]:
    with routes.runtime.queue() as queue:
        rows = queue.tables("notes")["review_task"].to_pylist()
    columns = ("sample_id", "purpose", "arm", "proposed_label")
    return sorted(tuple(row[name] for name in columns) for row in rows)


def test_routes_that_no_audit_contradicts_raise_nothing(routes: Ticking) -> None:
    assert routes.tick() == []
    _propose(routes, "one", a=TAKEN, b=UNSURE)
    assert routes.tick() == []
    assert routes.skipped == "no route is shut by its audits"
    assert (_tasks(routes), alarms_of(routes.runtime, "route")) == ([], {})


def test_what_a_shut_decider_had_decided_goes_back_to_people_once(routes: Ticking) -> None:
    _propose(routes, "one", a=SHUT, b=SHUT, c=SHUT, d=UNSURE)
    [run] = routes.tick()
    assert run.asset_selection == [asset_key(routes.runtime, "labels")]
    assert _tasks(routes) == [("a", "withdrawn", "blind", None), ("b", "withdrawn", "blind", None)]
    [alarm] = alarms_of(routes.runtime, "route").values()
    assert (alarm.subject, alarm.value, alarm.threshold, alarm.settled_at) == ("rules", 0.896, 0.95, None)
    assert alarm.launched == "labels withdrawn, review batch notes-withdrawn-001 about 2 of 3 samples"
    assert [each["decider"].value for each in routes.observed] == ["rules"]

    assert routes.tick() == []
    _propose(routes, "two", a=SHUT, b=SHUT, c=SHUT.replace("20", "22"), d=SHUT)
    assert routes.tick() == []
    assert len(_tasks(routes)) == 2
    assert [*alarms_of(routes.runtime, "route").values()] == [alarm]


def test_a_shut_route_opens_by_a_new_certificate_alone_and_can_be_shut_again(routes: Ticking) -> None:
    _propose(routes, "one", a=SHUT, b=SHUT)
    assert len(routes.tick()) == 1
    _propose(routes, "two", a=NO_GATE, b=UNSURE)
    assert routes.tick() == []
    [waiting] = alarms_of(routes.runtime, "route").values()
    assert waiting.settled_at is None

    _propose(routes, "three", a=TAKEN, b=UNSURE)
    assert routes.tick() == []
    assert routes.skipped == "rules: open again by a new certificate of 0.955"
    [settled] = alarms_of(routes.runtime, "route").values()
    assert settled.settled_by == "open again by a new certificate of 0.955"
    assert routes.tick() == []

    _propose(routes, "one", c=SHUT)
    [again] = routes.tick()
    assert again.tags["shut"] == "rules"
    assert [alarm.settled_at is None for alarm in alarms_of(routes.runtime, "route").values()] == [False, True]
    assert ("c", "withdrawn", "blind", None) in _tasks(routes)


def test_proposals_that_their_checks_hold_back_say_nothing(routes: Ticking) -> None:
    from written_steps import keep_version, pass_checks

    _propose(routes, "one", a=SHUT)
    held = keep_version(routes.runtime.store(), "proposals", data_version="held", table_version=1)
    pass_checks(routes.runtime, held, passed=False)
    assert routes.tick() == []
    assert alarms_of(routes.runtime, "route") == {}


def test_a_shut_classifier_is_a_shut_route_whose_unsure_samples_are_not_withdrawn(routes: Ticking) -> None:
    shut = (
        "person: rules (no pattern of one class), classifier (shut by its audits: 12 of 20 right, so at most 0.783 of "
        "its answers, below the promise of 0.95)"
    )
    _propose(routes, "one", a=shut, b=UNSURE, c=TAKEN)
    [run] = routes.tick()
    assert run.tags["shut"] == "classifier"
    assert _tasks(routes) == [("a", "withdrawn", "blind", None)]
