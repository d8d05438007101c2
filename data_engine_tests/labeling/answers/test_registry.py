"""One contract for all kinds of answers: what agreement, consensus, the gate, traps and exports stand on."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from data_engine.errors import InvalidInput, NotEnoughData, UnknownLabel
from data_engine.labeling.answers.class_answers import ClassAnswers
from data_engine.labeling.answers.registry import ANSWER_KINDS, answer_kind, kind_of
from data_engine.schemas import answer_text


@dataclass(frozen=True)
class Example:
    """A question of a kind, three answers that differ, one of classes that it does not have, and what is no answer."""

    classes: tuple[str, ...]
    answers: tuple[dict, dict, dict]
    outside: dict
    no_answers: tuple[object, ...]


EXAMPLES = {
    "class": Example(
        ("mit", "gpl-2.0", "zlib"),
        ({"label": "mit"}, {"label": "gpl-2.0"}, {"label": "zlib"}),
        {"label": "beer"},
        ({}, {"label": 3}, {"label": "mit", "sure": True}, "mit", "[1]", None, 7),
    ),
    "objects": Example(
        ("coin", "ring", "cell"),
        (
            {"objects": [{"class": "coin", "polygons": [[[10, 10], [40, 10], [40, 40], [10, 40]]]}], "size": [80, 90]},
            {"objects": [{"class": "ring", "polygons": [[[50, 50], [80, 50], [60, 70]]]}], "size": [80, 90]},
            {"objects": [], "size": [80, 90]},
        ),
        {"objects": [{"class": "beer", "polygons": [[[1, 1], [9, 1], [9, 9]]]}], "size": [80, 90]},
        ({}, {"size": [8, 9]}, {"size": [8], "objects": []}, "mit", "[1]", None, 7),
    ),
}


@pytest.fixture(params=ANSWER_KINDS)
def kind(request):
    return answer_kind(request.param)


@pytest.fixture
def example(kind):
    return EXAMPLES[kind.name]


@pytest.fixture
def answers(kind, example):
    return [kind.validate(answer, example.classes, of="a test") for answer in example.answers]


def rows(*given):
    """Rows of answers: (sample, annotator, answer)."""
    names = ("sample_id", "annotator", "answer", "provenance", "purpose")
    return [dict(zip(names, (*row, "human", "query"), strict=True)) for row in given]


def test_every_kind_has_an_example():
    assert set(EXAMPLES) == set(ANSWER_KINDS)
    assert all(kind.name == name for name, kind in ANSWER_KINDS.items())


def test_an_answer_has_one_form_whatever_it_is_given_as(kind, example, answers):
    for answer, canonical in zip(example.answers, answers, strict=True):
        spaced = "  " + answer_text(answer).replace(":", " : ")
        forms = (answer, dict(reversed(answer.items())), spaced, canonical)
        assert {kind.validate(form, example.classes, of="a test") for form in forms} == {canonical}
        assert canonical == answer_text(answer)
    assert len(set(answers)) == 3


def test_what_is_no_answer_is_refused_with_value_and_remedy(kind, example):
    for wrong in example.no_answers:
        with pytest.raises(InvalidInput, match=f"an answer of the kind {kind.name} is .*: give"):
            kind.validate(wrong, example.classes, of="a test")
    with pytest.raises(UnknownLabel, match="classes of batch 'b7'; "):
        kind.validate(example.outside, example.classes, of="batch 'b7'")


def test_a_label_is_a_view_of_an_answer(kind, example, answers):
    for answer in answers:
        label = kind.label_of(answer)
        if label is not None:
            assert label in example.classes
            assert kind.from_label(label) == answer
        assert kind.shown(answer)


def test_an_answer_is_the_same_as_itself_and_not_as_another(kind, answers):
    for i, one in enumerate(answers):
        for k, other in enumerate(answers):
            assert kind.is_same(one, other) is (i == k)
            assert kind.is_right(one, other) is (i == k)


def test_agreement_is_full_or_by_chance_or_not_known(kind, answers):
    a, b, _ = answers
    assert kind.agreement([{"ann": a, "bob": a}, {"ann": b, "bob": b}]) == 1
    assert kind.agreement([{"ann": a, "bob": b}, {"ann": b, "bob": a}]) < 0
    with pytest.raises(NotEnoughData):
        kind.agreement([{"ann": a}])


def test_the_pooled_answer_is_one_that_was_given_most(kind, example, answers):
    a, b, _ = answers
    given = rows(("s2", "ann", b), ("s1", "ann", a), ("s1", "bob", a), ("s1", "eve", b))
    pooled = kind.pool(given, example.classes, embeddings_of={}, seed=0)
    assert (pooled.sample_ids, pooled.answers) == (("s1", "s2"), (a, b))
    assert [len(each) for each in pooled.given] == [3, 1]
    assert ((pooled.posteriors > 0) & (pooled.posteriors <= 1)).all()


def test_qualities_are_between_zero_and_one(kind, example, answers):
    x = np.eye(6, dtype=np.float32)
    qualities = kind.qualities(answers * 2, example.classes, x, seed=0)
    assert qualities.shape == (6,)
    assert ((qualities >= 0) & (qualities <= 1)).all()


@pytest.mark.parametrize("probabilities", [None, np.array([0.2, 0.5, 0.3], np.float32)])
def test_a_trap_proposes_a_wrong_answer_of_the_same_kind(kind, example, answers, probabilities):
    for answer in answers:
        for draw in range(5):
            wrong = kind.wrong_answer(answer, example.classes, probabilities=probabilities, draw=draw)
            assert kind.validate(wrong, example.classes, of="a test") == wrong
            assert not kind.is_same(wrong, answer)
            again = kind.wrong_answer(answer, example.classes, probabilities=probabilities, draw=draw)
            assert again == wrong


def test_a_release_shows_every_answer(kind, answers):
    exported = kind.exported(answers)
    assert exported
    assert all(isinstance(column, pa.Array) and len(column) == 3 for column in exported.values())


def test_an_unknown_kind_is_a_clear_error():
    with pytest.raises(InvalidInput, match=r"kind of answer is 'smell', which does not exist; use one of class"):
        answer_kind("smell")


def test_answers_of_one_corpus_are_of_one_kind():
    assert isinstance(kind_of([]), ClassAnswers)
    assert isinstance(kind_of(["class", "class"]), ClassAnswers)
    with pytest.raises(InvalidInput, match="answers are of the kinds class and smell, and a corpus has one question"):
        kind_of(["class", "smell", "class"])
