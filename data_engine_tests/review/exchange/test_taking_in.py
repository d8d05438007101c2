"""A file in the queue: all of it or nothing, and each answer once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from exchanged_batches import LATER, answers_of, fill, foreign, place, provenances
from review_people import CLASSES, NOON, at

from data_engine.errors import InvalidInput
from data_engine.review import NewTask
from data_engine.review.exchange.exchanged import Exchange
from data_engine.review.people.person_queue import PersonQueue
from data_engine.review.queue_audit import read_queue

URL = "sqlite:///{}/empty.db"


def _outcomes(found):
    return {name: len(names) for name, names in found.outcomes.items()}


def test_answers_without_a_batch_make_one_of_their_own_that_nobody_is_asked(empty, tmp_path):
    given = foreign(("s0", "ada", "mit"), ("s0", "bob", "mit"), ("s1", "ada", "gpl-2.0"))
    found = empty.take_in(given, place(), of="a.jsonl", now=LATER)
    assert (found.batches, found.n_tasks, _outcomes(found)) == (("licences-imported-001",), 2, {"new": 3})
    (batch,) = empty.batches()
    assert (batch.is_answered, batch.cause, empty.open_tasks()) == (True, "imported from a.jsonl", 0)
    rows = empty.answers("licences-imported-001").to_pylist()
    assert {(row["purpose"], row["arm"], row["provenance"], row["active_s"]) for row in rows} == {
        ("given", "manual", "imported", None)
    }
    assert read_queue(URL.format(tmp_path), "licences").problems == []


def test_more_answers_of_a_tool_are_added_and_corrected_and_the_same_ones_change_nothing(empty, tmp_path):
    first = foreign(("s0", "ada", "mit"), ("s1", "ada", "mit"), time=LATER)
    empty.take_in(first, place(), of="a", now=LATER)
    more = foreign(
        ("s0", "ada", "gpl-2.0"), ("s0", "bob", "mit"), ("s2", "ada", "mit"), time=LATER + timedelta(hours=1)
    )
    found = empty.take_in(more, place(), of="b", now=LATER + timedelta(hours=2))
    assert (found.batches, _outcomes(found)) == (("licences-imported-002",), {"corrected": 1, "new": 2})
    before = answers_of(empty)
    assert not empty.take_in(more, place(), of="b", now=LATER + timedelta(hours=3)).has_changed
    late = empty.take_in(first, place(), of="a", now=LATER + timedelta(hours=4))
    assert _outcomes(late) == {"older": 1, "repeated": 1}
    assert answers_of(empty) == before
    kinds = [(change.kind, change.batch_id[-3:]) for change in empty.changes()]
    assert kinds[-1] == ("answered", "002")
    assert ("reopened", "001") in kinds
    assert read_queue(URL.format(tmp_path), "licences").problems == []


def test_a_file_with_one_wrong_line_leaves_everything_as_it_was(empty):
    empty.take_in(foreign(("s0", "ada", "mit")), place(), of="a", now=LATER)
    before = empty.tables()
    wrong = foreign(("s1", "ada", "mit"), ("s9", "ada", "mit"), ("zz", "bob", "mit"))
    said = r"does not know 2 samples of the file: s9 \(line 2\), zz \(line 3\); take them out"
    with pytest.raises(InvalidInput, match=said):
        empty.take_in(wrong, place(), of="b", now=LATER)
    assert empty.tables() == before


def test_answers_can_be_given_to_the_tasks_of_an_open_batch_and_finish_it(empty):
    asked = {"corpus": "licences", "question": "?", "classes": CLASSES, "cause": "a test", "now": NOON}
    empty.open_batch("b1", tasks=[NewTask("s0", "hold_out", "manual"), NewTask("s1", "query", "manual")], **asked)
    held = empty.next("eve", now=LATER)
    found = empty.take_in(foreign(("s0", "ada", "mit"), ("s1", "ada", "mit")), place(), of="a", now=LATER, into="b1")
    assert (found.batches, _outcomes(found)) == ((), {"new": 2})
    assert [row["purpose"] for row in empty.answers("b1").to_pylist()].count("hold_out") == 1
    assert empty.progress("b1").is_answered
    assert empty.changes()[-1].kind == "answered"
    with pytest.raises(Exception, match="is lost"):
        empty.submit(held.lease_id, "eve-1", label="mit", now=LATER)


def test_an_imported_answer_is_not_asked_for_again(empty):
    asked = {"corpus": "licences", "question": "?", "classes": CLASSES, "cause": "a test", "now": NOON}
    empty.open_batch("b1", tasks=[NewTask("s0", "query", "manual")], answers_per_task=2, **asked)
    empty.take_in(foreign(("s0", "ada", "mit")), place(), of="a", now=LATER, into="b1")
    assert empty.next("ada", now=LATER) is None
    assert empty.next("bob", now=LATER) is not None


def test_what_somebody_answered_here_is_not_changed_by_a_file(tmp_path, empty):
    with PersonQueue(URL.format(tmp_path)) as queue:
        fill(queue)
        given = queue.exported("licences", ["b1"])
        before = queue.tables(), provenances(queue)
        tasks = [
            replace(
                task,
                answers=tuple(replace(a, answer='{"label":"apache-2.0"}', answered_at=LATER) for a in task.answers),
            )
            for task in given.tasks
        ]
        found = empty.take_in(replace(given, tasks=tuple(tasks)), place(), of="forged", now=LATER)
        assert _outcomes(found) == {"given_here": 6, "repeated": 2}
        assert (queue.tables(), provenances(queue)) == before


def test_a_task_that_is_finished_takes_no_more_answers(empty, tmp_path):
    with PersonQueue(URL.format(tmp_path)) as queue:
        fill(queue)
    found = empty.take_in(foreign(("s0", "eve", "mit")), place(), of="a", now=LATER, into="b2")
    assert _outcomes(found) == {"closed": 1}
    assert not found.has_changed


def test_a_batch_that_does_not_ask_about_a_sample_a_foreign_one_and_a_missing_one_are_refused(empty, tmp_path):
    with PersonQueue(URL.format(tmp_path)) as queue:
        fill(queue)
    (other,) = foreign(("s3", "ada", "mit"), batch="b2").tasks
    with pytest.raises(InvalidInput, match="line 1: review batch b2 has no task about sample s3 with any purpose"):
        empty.take_in(Exchange((other,)), place(), of="a", now=LATER)
    with pytest.raises(InvalidInput, match="review batch 'b2' is of corpus 'licences', not 'other'"):
        empty.take_in(Exchange((other,)), place(corpus="other"), of="a", now=LATER)
    with pytest.raises(InvalidInput, match="no review batch 'b9' in this queue"):
        empty.take_in(foreign(("s3", "ada", "mit")), place(), of="a", now=LATER, into="b9")


def test_a_change_leaves_a_line_and_no_change_leaves_none(empty, tmp_path):
    given = foreign(("s0", "ada", "mit"))
    empty.take_in(given, place(), of="a.jsonl", now=at(5))
    empty.take_in(given, place(), of="a.jsonl", now=at(6))
    with PersonQueue(URL.format(tmp_path)) as queue:
        (line,) = queue.actions()
    assert (line.kind, line.subject_id, line.annotator, line.detail) == (
        "imported", "licences", "", {"of": "a.jsonl", "new": 1},
    )  # fmt: skip
