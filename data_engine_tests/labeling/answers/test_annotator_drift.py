import pytest

from data_engine.labeling.answers.annotator_drift import AnnotatorDrift, drifted_annotators
from data_engine.labeling.answers.class_answers import ClassAnswers
from data_engine.schemas import answer_text

KIND = ClassAnswers()


def traps(name, n_caught, n_missed):
    """Somebody's answers to traps that propose b."""
    shared = {"annotator": name, "purpose": "trap", "arm": "trap", "proposed_answer": answer_text({"label": "b"})}
    labels = ["a"] * n_caught + ["b"] * n_missed
    return [shared | {"sample_id": f"t{number}", "label": label} for number, label in enumerate(labels)]


def beside_two_others(name, n_agreeing, n_other):
    """Samples that two others call a, and somebody a or b."""
    labels = ["a"] * n_agreeing + ["b"] * n_other
    return [
        {"sample_id": f"s{number}", "annotator": who, "label": label if who == name else "a"}
        for number, label in enumerate(labels)
        for who in (name, "eve", "mia")
    ]


def rows(answer_table, *given):
    return answer_table(*given).to_pylist()


def test_who_misses_traps_that_they_caught_before_is_named_with_both_shares(answer_table):
    before = rows(answer_table, *traps("bob", 10, 0), *traps("ann", 10, 0))
    now = rows(answer_table, *traps("bob", 1, 5), *traps("ann", 6, 0))
    (found,) = drifted_annotators(now, before, KIND)
    # 11 of 16 were caught; that at most 1 of 6 chosen at random is among them: C(11,1) C(5,5) / C(16,6) = 11 / 8008.
    assert found == AnnotatorDrift("bob", "traps", 6, 1 / 6, 10, 1.0, pytest.approx(11 / 8008))


def test_who_agrees_less_with_the_others_than_before_is_named_and_the_others_are_not(answer_table):
    before = rows(answer_table, *beside_two_others("bob", 20, 1))
    now = rows(answer_table, *beside_two_others("bob", 2, 8))
    found = drifted_annotators(now, before, KIND)
    assert [(drift.annotator, drift.what, drift.n, drift.share) for drift in found] == [("bob", "agreement", 10, 0.2)]


def test_a_little_worse_an_improvement_or_a_first_batch_is_no_drift(answer_table):
    good, bad = rows(answer_table, *traps("bob", 10, 0)), rows(answer_table, *traps("bob", 0, 10))
    little = rows(answer_table, *traps("bob", 4, 1))
    assert drifted_annotators(little, good, KIND) == []
    assert drifted_annotators(good, bad, KIND) == []
    assert drifted_annotators(bad, [], KIND) == []


def test_where_the_others_are_split_nobody_disagrees_with_them(answer_table):
    split = [
        {"sample_id": f"s{number}", "annotator": who, "label": label}
        for number in range(12)
        for who, label in (("bob", "c"), ("eve", "a"), ("mia", "b"))
    ]
    before = rows(answer_table, *beside_two_others("bob", 20, 0))
    assert drifted_annotators(rows(answer_table, *split), before, KIND) == []
