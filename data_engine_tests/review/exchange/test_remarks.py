"""Decisions, skips and drafts on their way through a file."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from exchanged_batches import LATER, PAYLOADS, place
from review_people import CLASSES, NOON, at

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.review import NewTask
from data_engine.review.exchange.exchanged import ExchangedRemark
from data_engine.review.exchange.registry import EXCHANGE_FORMATS, read_file, write_file
from data_engine.review.exchange.remarks import remark_of

FORMATS = sorted(EXCHANGE_FORMATS)


def _remarks(exchange):
    return {
        (task.batch_id, task.sample_id, remark.what, remark.annotator): remark.content
        for task in exchange.tasks
        for remark in task.remarks
    }


EXPECTED = {
    ("b1", "s2", "decision", "eve"): {"label": "apache-2.0"},
    ("b2", "s0", "draft", "bob"): {"comment": "which one?", "label": "mit"},
    ("b2", "s0", "skip", "bob"): {"reason": "it is unclear"},
}


@pytest.mark.parametrize("name", FORMATS)
def test_decisions_skips_and_drafts_arrive_in_an_empty_queue_once(exported, empty, name, tmp_path):
    path = tmp_path / f"file{EXCHANGE_FORMATS[name].suffix}"
    write_file(exported, name, path)
    assert _remarks(read_file(name, path)) == EXPECTED
    found = empty.take_in(read_file(name, path), place(), of=path.name, now=LATER)
    assert found.n_remarks == 3
    came = empty.exported("licences")
    assert _remarks(came) == EXPECTED
    times = {remark.what: remark.said_at for task in came.tasks for remark in task.remarks}
    assert times == {"decision": at(3003), "draft": at(3002), "skip": at(3002)}
    (decided,) = [row for row in empty.answers("b1").to_pylist() if row["provenance"] == "adjudicated"]
    assert (decided["sample_id"], decided["label"], decided["annotator"]) == ("s2", "apache-2.0", "eve")
    again = empty.take_in(read_file(name, path), place(), of=path.name, now=LATER)
    assert (again.n_remarks, again.has_changed) == (0, False)


@pytest.mark.parametrize("name", FORMATS)
def test_an_answer_out_of_scope_comes_back_as_that_class(full_queue, exported, name, tmp_path):
    path = tmp_path / "file"
    write_file(exported, name, path)
    said = {
        (task.batch_id, task.sample_id, answer.annotator): answer.answer
        for task in read_file(name, path).tasks
        for answer in task.answers
    }
    # gpl-2.0 is what the corpus calls out of scope; such an answer is a class like the others.
    assert said["b2", "s4", "ada"] == '{"label":"gpl-2.0"}'


def test_what_was_decided_skipped_or_begun_here_stays(exported, empty):
    asked = {"corpus": "licences", "question": "?", "classes": CLASSES, "cause": "a test"}
    tasks = [NewTask("s4", "query", "manual", PAYLOADS["s4"]), NewTask("s0", "control", "manual", PAYLOADS["s0"])]
    empty.open_batch("b2", tasks=tasks, now=NOON, **asked)
    (b2,) = [task for task in exported.tasks if (task.batch_id, task.sample_id) == ("b2", "s0")]
    other = tuple(replace(each, content={**each.content, "comment": "mine"}) for each in b2.remarks)
    first = replace(exported, tasks=(replace(b2, is_withdrawn=False, remarks=other),))
    assert empty.take_in(first, place(), of="first", now=LATER).n_remarks == 2
    assert empty.take_in(replace(exported, tasks=(b2,)), place(), of="second", now=LATER).n_remarks == 0
    assert {
        each.content["comment"] for each in empty.exported("licences").tasks[1].remarks if each.what == "draft"
    } == {"mine"}


def test_a_decision_for_an_unknown_class_and_a_remark_of_no_batch_are_refused_with_nothing_changed(exported, empty):
    (decided,) = [task for task in exported.tasks if task.remarks and task.batch_id == "b1"]
    wrong = replace(decided.remarks[0], content={"label": "zlib"}, where="line 3")
    with pytest.raises(UnknownLabel, match=r"does not know 1 class of the file: zlib \(line 3\)"):
        empty.take_in(replace(exported, tasks=(replace(decided, remarks=(wrong,)),)), place(), of="file", now=LATER)
    homeless = replace(decided, batch_id=None, remarks=(replace(decided.remarks[0], where="line 4"),))
    with pytest.raises(InvalidInput, match=r"line 4: a decision is of a review batch; name it"):
        empty.take_in(replace(exported, tasks=(homeless,)), place(), of="file", now=LATER)
    assert empty.batches("licences") == []


def test_an_old_name_of_a_class_is_read_in_a_decision(exported, empty):
    (decided,) = [task for task in exported.tasks if task.remarks and task.batch_id == "b1"]
    old = replace(decided.remarks[0], content={"label": "expat"})
    empty.take_in(replace(exported, tasks=(replace(decided, remarks=(old,)),)), place(), of="file", now=LATER)
    assert empty.decisions("b1")["label"].to_pylist() == ["mit"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"remark": "vote"}, "row 1: remark is 'vote'; it must be one of decision, skip, draft"),
        ({"content": {}}, "label is missing"),
        ({"content": 7}, "row 1: content is 7"),
        ({"said_at": None}, "row 1: said_at is missing; say when the decision was made"),
        ({"annotator": None}, "annotator is missing"),
    ],
)
def test_a_remark_that_breaks_a_rule_is_named(changes, error):
    record = {"remark": "decision", "annotator": "eve", "content": {"label": "mit"}, "said_at": "2026-05-01T12:00:00Z"}
    time = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert remark_of(record, "row 1") == ExchangedRemark("decision", "eve", {"label": "mit"}, time)
    with pytest.raises(InvalidInput, match=error):
        remark_of(record | changes, "row 1")


def test_nobody_decides_under_the_name_of_a_simulated_annotator(exported, empty):
    (decided,) = [task for task in exported.tasks if task.remarks and task.batch_id == "b1"]
    forged = replace(decided.remarks[0], annotator="simulated:sim")
    with pytest.raises(InvalidInput, match="simulated"):
        empty.take_in(replace(exported, tasks=(replace(decided, remarks=(forged,)),)), place(), of="f", now=LATER)
