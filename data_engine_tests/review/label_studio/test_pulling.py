"""What changed in Label Studio, as tasks of the queue."""

from datetime import timedelta

from data_engine.review.label_studio.pulling import OVERLAP, changed_tasks


def test_only_what_changed_since_the_last_time_is_read_and_a_little_before(project, studio, pushed, queue):
    pushed()
    studio.clock += timedelta(hours=1)
    studio.answer(2, "mit")
    since = studio.clock
    assert [each.number for each in changed_tasks(project, queue.queue_id, None)] == [1, 3, 4, 5, 2]
    assert [each.number for each in changed_tasks(project, queue.queue_id, since)] == [2]
    assert len(list(changed_tasks(project, queue.queue_id, since - timedelta(hours=1, seconds=9) + OVERLAP))) == 5


def test_tasks_of_others_have_no_task_and_broken_ones_say_why(project, studio, queue):
    studio.add([{"data": {"text": "x"}}, {"data": {}, "meta": {"data_engine": {"queue_id": queue.queue_id}}}])
    studio.add([{"data": 7, "meta": 7}])
    foreign, broken, odd = changed_tasks(project, queue.queue_id, None)
    assert (foreign.task, foreign.unread, odd.task) == (None, (), None)
    assert broken.unread == ("task 2: sample_id and review_batch are missing",)


def test_an_account_goes_by_its_address_or_its_number(project, studio, pushed, queue):
    pushed()
    studio.answer(1, "mit", by=3)
    studio.answer(1, "gpl-2.0", by=4)
    *_, last = changed_tasks(project, queue.queue_id, None)
    assert [answer.annotator for answer in last.task.answers] == ["ada@example.org", "label-studio:4"]
