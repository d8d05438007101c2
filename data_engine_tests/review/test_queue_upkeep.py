"""What concerns a queue as a whole: names that were given, tasks called off, a corpus that is deleted."""

import time
from contextlib import nullcontext as _nothing
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from data_engine.errors import StorageError
from data_engine.review import NewTask, ReviewQueue, queue_database
from data_engine.review.queue_tables import metadata

NOW = datetime(2024, 5, 1, 13, tzinfo=UTC)


def test_open_tasks_can_be_called_off_and_the_last_one_ends_the_batch(queue, open_batch):
    open_batch(n=2)
    lease = queue.next("ada", now=NOW)
    others = [row["task_id"] for row in queue.tables()["review_task"].to_pylist()]
    queue.submit(lease.lease_id, "one", label="mit", now=NOW)
    held = queue.next("ada", now=NOW)
    queue.call_off([*others, "nothing"], reason="not needed", now=NOW)
    progress = queue.progress("b1")
    assert (progress.n_done, progress.n_open, progress.n_undecided, progress.is_answered) == (1, 0, 1, True)
    assert queue.next("ada", now=NOW) is None
    assert queue.answers("b1")["label"].to_pylist() == ["mit"]
    assert held.task.task_id in others


def test_the_names_and_the_number_of_answers_are_counted_by_corpus(queue, open_batch):
    open_batch(n=2)
    open_batch("other", corpus="texts", tasks=[NewTask("s9", "query", "manual")])
    for number, label in enumerate(("mit", "gpl-2.0")):
        queue.submit(queue.next("ada", now=NOW, corpus="licences").lease_id, str(number), label=label, now=NOW)
    assert queue.labels_given("b1") == {"mit", "gpl-2.0"}
    assert queue.labels_given("other") == set()
    assert (queue.count_answers("licences"), queue.count_answers("texts")) == (2, 0)
    assert {name: set(rows["corpus"].to_pylist()) for name, rows in queue.tables("licences").items()} == {
        "review_batch": {"licences"},
        "review_task": {"licences"},
        "review_annotation": {"licences"},
    }


def test_deleting_a_corpus_leaves_the_others_whole(queue, open_batch):
    tasks = [NewTask("s0", "query", "proposed", proposed_label="mit", probability=0.5)]
    for name, corpus in (("b1", "licences"), ("other", "texts")):
        open_batch(name, corpus=corpus, tasks=tasks)
        queue.submit(queue.next("ada", now=NOW, corpus=corpus).lease_id, name, label="mit", now=NOW)
        queue.decide(name, "s0", "mit", by="eve", now=NOW)
    with queue._writing() as connection:
        before = {table.name: _count(connection, table) for table in metadata.sorted_tables}
    queue.delete_corpus("licences", now=NOW)
    assert [batch.batch_id for batch in queue.batches()] == ["other"]
    assert queue.count_answers("texts") == 1
    with queue._writing() as connection:
        after = {table.name: _count(connection, table) for table in metadata.sorted_tables}
    assert (before.pop("review_action"), after.pop("review_action")) == (0, 1)
    kept = {"review_schema", "review_queue", "review_annotator"}
    assert {name: n for name, n in after.items() if name not in kept} == {
        name: n // 2 for name, n in before.items() if name not in kept
    }
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def _count(connection, table):
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_an_answered_task_opens_again_for_one_annotator_more_and_its_batch_is_answered_twice(queue, open_batch, at):
    open_batch(n=1, answers_per_task=2)
    for second, name in enumerate(("ada", "bob")):
        lease = queue.next(name, now=at(second))
        queue.submit(lease.lease_id, name, label="mit", now=at(second))
    (before,) = queue.batches()
    assert before.is_answered
    assert queue.ask_one_more([lease.task.task_id], now=at(5)) == 1
    assert queue.ask_one_more([lease.task.task_id], now=at(6)) == 0
    assert [(b.is_answered, b.n_done, b.revision) for b in queue.batches()] == [(False, 0, before.revision + 1)]
    assert queue.next("ada", now=at(7)) is None
    third = queue.next("eve", now=at(7))
    queue.submit(third.lease_id, "eve", label="gpl-2.0", now=at(8))
    assert [(b.is_answered, b.n_done) for b in queue.batches()] == [(True, 1)]
    answered = [change.revision for change in queue.changes() if change.kind == "answered"]
    assert answered == [before.revision, before.revision + 1]


def test_the_clock_of_a_database_that_hosts_share_is_its_own(queue, url, monkeypatch):
    class WrongClock(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) - timedelta(days=400)

    before = datetime.now(UTC)
    monkeypatch.setattr(queue_database, "datetime", WrongClock)
    found = queue.clock()
    assert found.utcoffset() == timedelta(0)
    is_of_this_machine = found < before - timedelta(days=300)
    assert is_of_this_machine == url.startswith("sqlite")


def test_who_stalls_within_a_write_keeps_others_waiting_for_a_while_only(queue, url, open_batch, monkeypatch):
    open_batch()
    monkeypatch.setattr(queue_database, "_LOCK_TIMEOUT", "100ms")
    monkeypatch.setattr(queue_database, "_BUSY_TIMEOUT_S", 1)
    monkeypatch.setattr(queue_database, "_DOOR_TIMEOUT_S", 0.1)
    with ReviewQueue(url) as other:
        with queue_database.writing(queue._engine), pytest.raises(StorageError, match=r"lock.*; nothing was changed"):
            other.next("ada", now=NOW)
        assert other.next("ada", now=NOW) is not None


def test_a_write_that_stalls_for_too_long_is_given_up(queue, url, open_batch, monkeypatch):
    """On PostgreSQL; a process that stalls in SQLite keeps its lock, and others say so."""
    monkeypatch.setattr(queue_database, "_STALL_TIMEOUT", "50ms")
    with ReviewQueue(url) as stalled:
        is_postgres = url.startswith("postgresql")
        with pytest.raises(sa.exc.DBAPIError) if is_postgres else _nothing(), queue_database.writing(stalled._engine):
            time.sleep(0.2)
        assert open_batch()
        assert stalled.open_tasks() == 2
