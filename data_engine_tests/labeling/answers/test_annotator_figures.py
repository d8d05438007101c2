import pytest

from data_engine.labeling.answers.annotator_figures import agreement, hurried, shared_answers
from data_engine.labeling.answers.class_answers import ClassAnswers


def test_agreement_is_over_samples_that_several_answered_and_leaves_traps_aside(answer_table):
    table = answer_table(
        {"sample_id": "s1", "label": "a"},
        {"sample_id": "s1", "label": "a", "annotator": "bob"},
        {"sample_id": "s2", "label": "a"},
        {"sample_id": "s2", "label": "b", "annotator": "bob"},
        {"sample_id": "s3", "label": "b"},
        {"sample_id": "s4", "label": "b", "purpose": "trap", "arm": "trap"},
        {"sample_id": "s4", "label": "b", "purpose": "trap", "arm": "trap", "annotator": "bob"},
    ).to_pylist()
    assert [sorted(given) for given in shared_answers(table)] == [["ann", "bob"], ["ann", "bob"]]
    # Of four answers three are a: 1 of 2 pairs differs, by chance 2 x 3 / (4 x 3) = 1/2 would.
    assert agreement(table, ClassAnswers()) == pytest.approx(0.0)
    assert agreement(table[:1], ClassAnswers()) is None


def test_who_takes_less_than_a_quarter_of_the_others_seconds_is_in_a_hurry(answer_table):
    def timed(name, seconds, n=10, **changes):
        row = {"label": "a", "annotator": name, "active_s": seconds}
        return [row | {"sample_id": f"{name}{number}"} | changes for number in range(n)]

    rows = answer_table(*timed("ann", 4.0), *timed("eve", 4.0), *timed("bob", 0.9), *timed("zoe", 0.1, n=9)).to_pylist()
    assert hurried(rows) == {"bob": (0.9, 4.0)}
    assert hurried(answer_table(*timed("bob", 0.1)).to_pylist()) == {}
