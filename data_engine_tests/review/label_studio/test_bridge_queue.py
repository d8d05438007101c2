"""Answers from Label Studio in the queue: each once, corrections too, and what cannot be read holds up nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from exchanged_batches import place

from data_engine.review.label_studio.client import LabelStudioError

PLACE = place(payloads={}, sample_of={})


@pytest.fixture
def pull(project, studio, queue, pushed):
    pushed()
    return lambda: queue.pull(project, PLACE, now=studio.clock + timedelta(minutes=1))


def _labels(queue):
    return {
        row["sample_id"]: (row["annotator"], row["label"], row["provenance"]) for row in queue.answers("b1").to_pylist()
    }


def test_answers_come_over_once_as_imported_ones(pull, studio, queue):
    assert (pull().n_changed, queue.count_answers("licences")) == (5, 0)
    studio.answer(1, "mit")
    studio.answer(5, "gpl-2.0", by=4)
    first = pull()
    assert dict(first.outcomes) == {"new": 2}
    assert _labels(queue) == {
        "s4": ("ada@example.org", "mit", "imported"),
        "s0": ("label-studio:4", "gpl-2.0", "imported"),
    }
    before = queue.tables()
    assert dict(pull().outcomes) == {"repeated": 2}
    assert queue.tables() == before


def test_a_correction_is_picked_up_and_the_batch_is_answered_by_the_last(pull, studio, queue):
    given = [studio.answer(number, "mit") for number in range(1, 6)]
    assert dict(pull().outcomes) == {"new": 5}
    assert queue.changes()[-1].kind == "answered"
    given[4]["result"][0]["value"]["choices"] = ["gpl-2.0"]
    studio.touch(5, given[4])
    assert dict(pull().outcomes) == {"repeated": 4, "corrected": 1}
    assert _labels(queue)["s0"] == ("ada@example.org", "gpl-2.0", "imported")
    assert queue.changes()[-1].kind == "reopened"


def test_skipped_and_answers_beyond_those_wanted_change_nothing(pull, studio, queue):
    studio.answer(1, "mit")["was_cancelled"] = True
    studio.answer(2, "mit")
    studio.answer(2, "mit", by=4)
    assert dict(pull().outcomes) == {"new": 1, "closed": 1}


def test_what_cannot_be_read_is_told_and_read_by_the_next_pull(pull, studio, queue):
    bad = studio.answer(1, "bsd")
    studio.clock += timedelta(hours=1)
    broken = studio.answer(2, "mit")
    broken["result"] = []
    studio.clock += timedelta(hours=1)
    studio.answer(3, "mit")
    found = pull()
    assert dict(found.outcomes) == {"new": 1}
    unknown, unreadable = found.unread
    assert "corpus licences does not know 1 class of the file: bsd (task 1, annotation 1)" in unknown
    assert unreadable == "task 2, annotation 1: result has 0 entries; an answer is one choice"
    bad["result"][0]["value"]["choices"] = ["mit"]
    again = pull()
    assert (dict(again.outcomes), len(again.unread)) == ({"new": 1, "repeated": 1}, 1)


def test_a_pull_that_breaks_off_goes_on_where_it_was(pull, studio, queue):
    studio.answer(1, "mit")
    studio.todo = [("/api/tasks/", 500)] * 4
    with pytest.raises(LabelStudioError, match="answered 500"):
        pull()
    assert dict(pull().outcomes) == {"new": 1}


def test_a_task_of_a_review_batch_that_is_gone_is_told(pull, studio, queue):
    studio.answer(1, "mit")
    queue.delete_corpus("licences", now=datetime.now(UTC))
    found = pull()
    assert found.unread == ["task 1: licences has no review batch b1"]
