from typing import Any

import pytest
from schema_tables import Rows, table
from sound_tables import Broken, answer_rows, but, details, failed, outcome_of

from data_engine.labeling.answers.shown_annotators import shown_annotator
from data_engine.quality import CHECKS

ANN, BOB = map(shown_annotator, ("ann", "bob"))

_HUMAN = {"provenance": "human", "is_simulated": False, "purpose": "query"}


def _by(name: str, *given: tuple[str, str]) -> Rows:
    """Answers of somebody: (sample, label)."""
    return [
        _HUMAN | {"annotation_id": f"{name}-{sample}", "sample_id": sample, "label": label, "annotator": name}
        for sample, label in given
    ]


def _trap(number: int, *, label: str, name: str = "bob") -> dict[str, Any]:
    """Somebody's answer to a trap that proposes class a."""
    (row,) = _by(name, (f"t{number}", label))
    return row | {"purpose": "trap", "proposed_label": "a"}


def _opposed(n: int) -> Rows:
    """Two who never agree, on n samples; the classes take turns."""
    return [
        *_by("ann", *((f"o{i}", "ab"[i % 2]) for i in range(n))),
        *_by("bob", *((f"o{i}", "ba"[i % 2]) for i in range(n))),
    ]


def _caught(n: int) -> Rows:
    return [_trap(number, label="b", name="ann") for number in range(2)] + [
        _trap(number, label="b", name=f"x{number}") for number in range(n)
    ]


def _traps(name: str, n: int, *, label: str) -> Rows:
    return [_trap(number, label=label, name=name) for number in range(n)]


def _timed(name: str, seconds: float) -> Rows:
    """Ten answers of somebody, each of so many seconds."""
    return [row | {"active_s": seconds} for row in _by(name, *((f"{name}{n}", "a") for n in range(10)))]


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
        "share of traps caught: 0.0%, 45.1% at most with 90% confidence (traps missed: 2 of 2), first `bob-t0`, "
        "`bob-t1`, but that must reach 60.0%; look at the answers named and ask their annotators again",
        ("bob-t0", "bob-t1"),
        {"reviewed_labels": [*answer_rows()[:2], *_traps("bob", 2, label="a")]},
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
    Broken(
        "annotators_agree",
        "agreement beyond chance: -0.80, but it must reach 0.40; say in review.definitions what each class means, and "
        "decide what is disputed on the review page",
        (),
        {"reviewed_labels": [*answer_rows(), *_opposed(5)]},
        n_offending=1,
    ),
    Broken(
        "every_annotator_catches_traps",
        "annotators who miss traps: 1 of 1, but each must catch 60.0%; until then their answers weigh less; "
        "talk to the annotators named; the screen People of the review page says who they are",
        (BOB,),
        {"reviewed_labels": [*answer_rows(), *(_trap(n, label="a") for n in range(3)), *_caught(10)]},
    ),
    Broken(
        "nobody_does_worse_than_before",
        f"{ANN} catches 0% of 8 traps, earlier 100% of 12, first `{ANN}`, but nobody should do worse than chance "
        "explains; talk to the annotators named, and look at their latest answers; the screen People of the review "
        "page "
        "says who they are",
        (ANN,),
        {"reviewed_labels": [*_traps("ann", 8, label="a"), *_traps("bob", 20, label="b")]},
        {"earlier": table("reviewed_labels", _traps("ann", 12, label="b"))},
    ),
    Broken(
        "nobody_answers_in_a_hurry",
        f"{BOB} takes 0.5 s, others 4.0 s, first `{BOB}`, but an answer should take a quarter of the others' "
        "seconds at least; look at some answers of the annotators named; the screen People of the review page "
        "says who they are",
        (BOB,),
        {"reviewed_labels": [*_timed("ada", 4.0), *_timed("bob", 0.5), *_timed("eve", 4.0)]},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["reviewed_labels"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("reviewed_labels", case) == case.outcome


def test_of_four_shared_samples_agreement_is_not_judged() -> None:
    rows = {"reviewed_labels": [*answer_rows(), *_opposed(4)]}
    assert failed("reviewed_labels", rows) == set()
    said = details("reviewed_labels", rows)["annotators_agree"]
    assert said.startswith("samples with two answers: 4; agreement is judged from 5 on")


def test_without_traps_nothing_is_said_about_catching_them() -> None:
    rows = {"reviewed_labels": answer_rows()[:2]}
    assert failed("reviewed_labels", rows) == set()
    detail = details("reviewed_labels", rows)["trap_catch_rate_is_high_enough"]
    assert detail == "no trap was answered, so nothing can be said"


@pytest.mark.parametrize(
    ("n_missed", "n_caught", "is_held"), [(1, 0, False), (1, 1, False), (2, 0, True), (9, 9, False), (60, 60, True)]
)
def test_missed_traps_hold_a_batch_back_where_chance_does_not_explain_them(
    n_missed: int, n_caught: int, is_held: bool
) -> None:
    traps = [*_traps("bob", n_missed, label="a"), *_traps("ann", n_caught, label="b")]
    failing = failed("reviewed_labels", {"reviewed_labels": [*answer_rows()[:2], *traps]})
    assert ("trap_catch_rate_is_high_enough" in failing) == is_held
