import numpy as np
import pytest

from data_engine.labeling.deciders.audits import shut_by_audits, shut_in, still_said, why_shut
from data_engine.labeling.deciders.cascade import Opinion, route
from data_engine.labeling.gate import Gate

OPEN = Opinion("rules", Gate(0.9, 0.96, 60, 0.95, 0.9), ("a", "b"), np.array([0.95, 0.99]))


def _audits(n: int, n_right: int, score: float = 1.0) -> tuple[dict[str, tuple[str, float]], dict[str, str]]:
    said = {f"s{number}": ("a", score) for number in range(n)}
    return said, {name: "a" if number < n_right else "b" for number, name in enumerate(said)}


def test_a_route_whose_audits_contradict_its_certificate_is_shut_and_its_samples_go_to_people() -> None:
    shut = shut_by_audits(OPEN, *_audits(20, 15))
    assert shut.is_sure.tolist() == [False, False]
    assert shut.why(0) == (
        "shut by its audits: 15 of 20 right, so at most 0.896 of its answers, below the promise of 0.95"
    )
    assert route(("rules", "person"), {"rules": shut}, 2).deciders == ("person", "person")


@pytest.mark.parametrize(("n", "n_right"), [(0, 0), (20, 20), (20, 18), (3, 2)])
def test_few_audits_below_the_promise_shut_nothing(n: int, n_right: int) -> None:
    assert shut_by_audits(OPEN, *_audits(n, n_right)) is OPEN


def test_answers_below_the_gate_and_samples_that_nobody_audited_do_not_count() -> None:
    assert shut_by_audits(OPEN, *_audits(20, 0, score=0.5)) is OPEN
    assert shut_by_audits(OPEN, {"x": ("a", 1.0)}, {}) is OPEN


def test_a_route_without_a_gate_stays_as_it_is() -> None:
    without = Opinion("rules", Gate(None, None, 0, 0.95, 0.9), ("a",), np.array([0.95]))
    assert shut_by_audits(without, *_audits(20, 0)) is without


def test_reasons_say_which_deciders_are_shut_and_of_which_samples() -> None:
    shut = route(("rules", "person"), {"rules": shut_by_audits(OPEN, *_audits(20, 15))}, 2)
    found, rows = shut_in(["person: nobody else decides", *shut.reasons])["rules"]
    assert (found.decider, found.n_right, found.n_audits, found.most, found.promise) == ("rules", 15, 20, 0.896, 0.95)
    assert rows == [1, 2]
    assert shut_in(["classifier: probability 0.9 >= gate 0.9"]) == {}


def test_a_shut_decider_is_the_reason_only_where_its_gate_would_let_it() -> None:
    unsure = Opinion("rules", Gate(0.9, 0.96, 60, 0.95, 0.9), ("a", "b"), np.array([0.95, 0.5]))
    shut = shut_by_audits(unsure, *_audits(20, 15))
    assert shut.why(1) == "probability 0.5000 < gate 0.9000"
    assert shut_in(route(("rules", "person"), {"rules": shut}, 2).reasons)["rules"][1] == [0]


def test_audits_of_a_class_are_held_against_the_gate_of_that_class() -> None:
    no_gate = Gate(None, None, 0, 0.95, 0.9)
    said, truths = _audits(20, 15, score=0.8)
    assert why_shut(no_gate, said, truths) == ""
    own = {"a": Gate(0.7, 0.96, 60, 0.95, 0.9)}
    assert why_shut(no_gate, said, truths, class_gates=own).startswith("shut by its audits: 15 of 20 right")
    assert why_shut(no_gate, said, truths, class_gates={"b": own["a"]}) == ""


def test_a_proposal_is_a_versions_own_when_it_says_the_same_as_was_proposed() -> None:
    now = {"same": ("a", 0.9), "surer": ("a", 0.91), "other": ("b", 0.9), "unknown": ("a", 0.9), "bare": ("a", 0.9)}
    asked = {"same": ("a", 0.9 + 1e-7), "surer": ("a", 0.9), "other": ("a", 0.9), "bare": ("a", None)}
    assert still_said(now, asked) == {"same": ("a", 0.9)}
