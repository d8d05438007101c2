import pytest
from sound_tables import Broken, answer_rows, but, details, failed, outcome_of

from data_engine.quality import CHECKS

BROKEN = [
    Broken(
        "every_task_is_decided",
        "tasks without a decision: 3, but every task of a closed review batch needs one; "
        "answer them with data-engine review",
        facts={"n_undecided": 3},
        n_offending=3,
    ),
    Broken(
        "trap_catch_rate_is_high_enough",
        "share of traps caught: 50.0% (traps missed: 1 of 2), first `n2`, but at least 60.0% must be caught; "
        "look at the answers named and ask their annotators again",
        ("n2",),
        {"reviewed_labels": but(answer_rows(), 2, label="a")},
    ),
    Broken(
        "every_label_is_a_class",
        "labels outside the classes: 1 of 4, but each must be one of the corpus' 3 classes; "
        "add the class to labels.classes, or correct the answers named",
        ("n0",),
        {"reviewed_labels": but(answer_rows(), 0, label="A")},
    ),
    Broken(
        "simulated_answers_are_marked",
        "answers whose marks of simulation contradict each other: 2 of 4, but is_simulated, provenance `simulated` "
        "and annotator `simulated:...` go together, and simulated answers have no active_s; "
        "correct the rows in the queue; the server computes these marks",
        ("n0", "n1"),
        {"reviewed_labels": but(but(answer_rows(), 0, annotator="simulated:sim"), 1, active_s=1.0)},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["reviewed_labels"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("reviewed_labels", case) == case.outcome


def test_without_traps_nothing_is_said_about_catching_them() -> None:
    rows = {"reviewed_labels": answer_rows()[:2]}
    assert failed("reviewed_labels", rows) == set()
    detail = details("reviewed_labels", rows)["trap_catch_rate_is_high_enough"]
    assert detail == "no trap was answered, so nothing can be said"
