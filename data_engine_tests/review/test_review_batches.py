import pytest

from data_engine.errors import InvalidInput, LeaseLost, UnknownLabel
from data_engine.review import Change, NewTask
from data_engine.review.queue_records import QueueLoad, identifier


def test_opening_twice_changes_nothing_the_second_time(queue, open_batch, at):
    assert open_batch(n=2) is True
    before = queue.tables()
    assert open_batch(n=5, question="Another question?", now=at(60)) is False
    assert queue.tables() == before
    assert queue.changes() == [Change(1, "b1", "opened", 1, "licences")]


def test_the_id_of_a_task_is_a_function_of_batch_sample_and_purpose(queue, open_batch):
    open_batch(n=1)
    assert queue.tables()["review_task"]["task_id"].to_pylist() == [identifier("b1", "s0", "query")]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"tasks": []}, InvalidInput, "has no tasks and could never be answered"),
        ({"classes": ["mit"]}, InvalidInput, "give at least 2 different answers"),
        ({"classes": ["mit", "mit"]}, InvalidInput, r"\['mit'\] more than once"),
        ({"answers_per_task": 0}, InvalidInput, "answers_per_task is 0"),
        ({"question": " ", "cause": ""}, InvalidInput, "question and cause of a review batch must not be empty"),
        ({"tasks": [NewTask("s", "query", "manual")] * 2}, InvalidInput, r"asks twice about .*\('s', 'query'\)"),
        ({"tasks": [NewTask("s", "query", "trap", {}, "mti")]}, UnknownLabel, "did you mean 'mit'"),
        (
            {"tasks": [NewTask("s", "query", "manual", {"x": {1}})]},
            InvalidInput,
            "payload of sample s cannot be written",
        ),
        ({"tasks": [NewTask("s", "query", "manual", {"x": float("nan")})]}, InvalidInput, "payload of sample s"),
    ],
)
def test_a_batch_that_breaks_a_rule_leaves_nothing_behind(queue, open_batch, changes, error, message):
    with pytest.raises(error, match=message):
        open_batch(**changes)
    assert queue.batches() == []
    assert queue.tables()["review_task"].num_rows == 0


def test_a_sample_may_be_asked_about_for_two_purposes(queue, open_batch):
    open_batch(tasks=[NewTask("s", "query", "manual"), NewTask("s", "audit", "blind")])
    assert queue.open_tasks("licences") == 2


def test_a_batch_id_belongs_to_one_corpus(open_batch):
    open_batch()
    with pytest.raises(
        InvalidInput, match="batch 'b1' belongs to corpus 'licences', not 'digits'; choose another batch_id"
    ):
        open_batch(corpus="digits")


def test_batches_are_listed_by_age_and_corpus(queue, open_batch, at):
    open_batch("late", now=at(60))
    open_batch("early", n=1, now=at(0))
    open_batch("other", corpus="digits", now=at(0))
    assert [info.batch_id for info in queue.batches("licences")] == ["early", "late"]
    assert [info.batch_id for info in queue.batches()] == ["early", "other", "late"]
    early = queue.batches("licences")[0]
    assert (early.corpus, early.cause, early.opened_at) == ("licences", "a test", at(0))
    assert (early.n_tasks, early.n_done, early.is_answered, early.revision) == (1, 0, False, 1)
    assert (queue.open_tasks("licences"), queue.open_tasks("digits"), queue.open_tasks()) == (3, 2, 5)
    assert queue.open_tasks("nothing") == 0


def test_changes_are_read_on_from_a_cursor(queue, open_batch, at):
    open_batch("b1", n=1)
    first = queue.changes(0)
    open_batch("b2", n=1, corpus="digits")
    lease = queue.next("ada", now=at(1), batch="b1")
    queue.submit(lease.lease_id, "1", label="mit", now=at(2))
    assert [(change.batch_id, change.kind) for change in first] == [("b1", "opened")]
    later = queue.changes(first[-1].cursor)
    assert [(change.batch_id, change.kind, change.corpus) for change in later] == [
        ("b2", "opened", "digits"),
        ("b1", "answered", "licences"),
    ]
    assert queue.changes(later[-1].cursor) == []


def test_an_unknown_batch_is_an_error_that_names_known_ones(queue, open_batch):
    open_batch()
    for ask in (queue.progress, queue.answers, queue.decisions):
        with pytest.raises(InvalidInput, match=r"no review batch 'b9' in this queue; the latest are \['b1'\]"):
            ask("b9")


def test_ending_a_batch_withdraws_what_is_open_and_publishes_it_once(queue, open_batch, at):
    open_batch(n=3)
    done, held = queue.next("ada", now=at(0)), queue.next("bob", now=at(0))
    queue.submit(done.lease_id, "1", label="mit", now=at(1))
    assert queue.end_batch("b1", reason="nobody reads Klingon", now=at(2)) is True
    assert queue.end_batch("b1", reason="again", now=at(3)) is False
    progress = queue.progress("b1")
    assert (progress.n_done, progress.n_open, progress.n_leased, progress.n_undecided) == (1, 0, 0, 2)
    assert progress.is_answered
    assert queue.open_tasks() == 0
    assert [change.kind for change in queue.changes()] == ["opened", "answered"]
    assert queue.next("ada", now=at(4)) is None
    with pytest.raises(LeaseLost, match="finished by others or withdrawn"):
        queue.submit(held.lease_id, "2", label="mit", now=at(5))
    assert queue.answers("b1").num_rows == 1


def test_tasks_of_a_batch_that_waits_for_too_long_are_asked_before_all_others_and_it_expires_once(
    queue, open_batch, at
):
    open_batch("b1", n=2)
    open_batch("b2", n=1, now=at(100))
    open_batch("b3", n=1, corpus="letters")
    queue.submit(queue.next("ada", now=at(200)).lease_id, "1", label="mit", now=at(200))
    open_batch("b4", n=1, tasks=[NewTask("s9", "hold_out", "manual", priority=3)], now=at(300))
    assert queue.next("ada", now=at(301)).task.batch_id == "b4"
    assert queue.expire_batches("licences", opened_before=at(50), now=at(400)) == ["b1"]
    assert queue.expire_batches("licences", opened_before=at(50), now=at(401)) == []
    assert queue.next("bob", now=at(402)).task.batch_id == "b1"
    assert [(b.batch_id, b.is_answered, b.has_expired, b.is_ready) for b in queue.batches("licences")] == [
        ("b1", False, True, True),
        ("b2", False, False, False),
        ("b4", False, False, False),
    ]
    assert queue.progress("b1").has_expired
    assert queue.changes()[-1].kind == "expired"


def test_the_load_of_a_queue_is_what_waits_since_when_and_who_is_at_work(queue, open_batch, at):
    assert queue.load("licences", now=at(0)) == QueueLoad(0, 0, 0, None, 0)
    open_batch("b1", n=2)
    open_batch("b2", n=1, now=at(100))
    done = queue.next("ada", now=at(200))
    queue.submit(done.lease_id, "1", label="mit", now=at(200))
    assert queue.next("bob", now=at(201)) is not None
    assert queue.next("simulated:x", now=at(201), is_simulated=True) is not None
    assert queue.load("licences", now=at(300)) == QueueLoad(2, 2, 2, at(0), 2)
    assert queue.load("licences", now=at(1000)) == QueueLoad(2, 2, 0, at(0), 1)
    assert queue.load("licences", now=at(200 + 3601)).n_people == 0


def test_ending_a_batch_needs_a_reason(queue, open_batch, at):
    open_batch()
    with pytest.raises(InvalidInput, match="say why batch 'b1' ends"):
        queue.end_batch("b1", reason=" ", now=at(0))
