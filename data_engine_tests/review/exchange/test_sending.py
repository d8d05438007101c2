"""Reading batches out of the queue."""

import pytest

from data_engine.errors import InvalidInput


def test_batches_come_with_all_that_was_asked_and_answered(exported, full_queue):
    assert (exported.corpus, exported.queue_id) == ("licences", full_queue.queue_id)
    assert [(name, batch.answers_per_task) for name, batch in exported.batches.items()] == [("b1", 2), ("b2", 1)]
    shown = [(task.sample_id, task.purpose, task.arm, len(task.answers), task.is_withdrawn) for task in exported.tasks]
    assert shown == [
        ("s0", "query", "manual", 2, False),
        ("s1", "hold_out", "proposed", 2, False),
        ("s2", "audit", "blind", 2, False),
        ("s3", "trap", "trap", 2, False),
        ("s4", "query", "manual", 1, False),
        ("s0", "control", "manual", 0, True),
    ]
    ada, bob = exported.tasks[3].answers
    assert (ada.comment, exported.tasks[2].answers[0].comment) == (None, "unsure, \x85 see line 2")
    assert (bob.annotator, bob.revision, bob.answer) == ("bob", 2, '{"label":"gpl-2.0"}')


def test_one_batch_can_be_chosen_and_an_unknown_one_is_told(full_queue):
    assert {task.batch_id for task in full_queue.exported("licences", ["b2"]).tasks} == {"b2"}
    with pytest.raises(InvalidInput, match="no review batch 'b9' in this queue"):
        full_queue.exported("licences", ["b9"])
    assert full_queue.exported("other").tasks == ()
