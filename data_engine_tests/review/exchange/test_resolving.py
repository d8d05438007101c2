"""Files in terms of a corpus."""

from dataclasses import replace
from datetime import timedelta

import pytest
from exchanged_batches import LATER, foreign, place

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.review.exchange.exchanged import Exchange, ExchangedTask
from data_engine.review.exchange.resolving import one_for_each, resolved


def test_a_renamed_class_takes_its_name_of_now():
    (task,) = resolved(foreign(("s0", "ada", "expat")), place(), None)
    assert task.answers[0].answer == '{"label":"mit"}'


def test_all_unknown_classes_are_told_with_their_lines_and_the_remedy():
    given = foreign(("s0", "ada", "bsd"), ("s1", "ada", "mit"), ("s2", "ada", "isc"))
    said = r"does not know 2 classes of the file: bsd \(line 1\), isc \(line 3\); add them to labels.classes"
    with pytest.raises(UnknownLabel, match=said):
        resolved(given, place(), None)


def test_a_uri_finds_its_sample_and_an_unknown_one_is_told():
    known = replace(foreign(("s0", "ada", "mit")).tasks[0], sample_id=None, uri="docs/1.txt")
    assert resolved(Exchange((known,)), place(), None)[0].sample_id == "s1"
    with pytest.raises(InvalidInput, match=r"does not know 1 uri of the file: no.txt \(line 1\); give sample_id"):
        resolved(Exchange((replace(known, uri="no.txt"),)), place(), None)


def test_another_corpus_or_kind_is_refused(exported):
    with pytest.raises(InvalidInput, match="the file is of corpus 'licences', not 'other'"):
        resolved(exported, place(corpus="other"), None)
    other = {"b1": replace(exported.batches["b1"], kind="mask")}
    with pytest.raises(InvalidInput, match=r"review batches \['b1'\] are of another kind than 'class'"):
        resolved(replace(exported, batches=other), place(), None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"provenance": "simulated"}, "line 1: provenance is simulated and annotator 'ada'"),
        ({"provenance": "model_auto"}, "line 1: provenance is model_auto; what nobody answered is no answer"),
        ({"answer": '{"label":"mit","bbox":[1]}'}, "line 1: answer is .* an answer of the kind class is"),
        ({"annotator": "simulated:"}, "line 1: annotator is 'simulated:'"),
        ({"annotator": ""}, "line 1: annotator is missing"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_with_its_line(changes, said):
    (task,) = foreign(("s0", "ada", "mit")).tasks
    given = Exchange((replace(task, answers=(replace(task.answers[0], **changes),)),))
    with pytest.raises(InvalidInput, match=said):
        resolved(given, place(), None)


def test_a_proposal_of_no_class_is_refused():
    given = Exchange((ExchangedTask("s0", proposed_answer='{"label":"bsd"}', where="line 1"),))
    with pytest.raises(UnknownLabel, match="line 1, what is proposed: label 'bsd' is not one of"):
        resolved(given, place(), None)


def test_of_two_answers_of_one_annotator_the_later_counts_and_without_times_they_contradict():
    (first,) = foreign(("s0", "ada", "mit")).tasks[0].answers
    second = replace(first, answer='{"label":"gpl-2.0"}', where="line 2")
    with pytest.raises(InvalidInput, match="ada answers s0 in two ways, in line 1 and line 2"):
        one_for_each([first, second], "s0")
    assert one_for_each([first, first], "s0") == (first,)
    late = replace(second, answered_at=LATER)
    early = replace(first, answered_at=LATER - timedelta(hours=1))
    assert one_for_each([late, early], "s0") == one_for_each([early, late], "s0") == (late,)
