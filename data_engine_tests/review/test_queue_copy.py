"""A queue moved to another database is the same queue: every row, every id, and it goes on where it was."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from earlier_queues import write_earlier_queue

from data_engine.errors import InvalidInput, StorageError
from data_engine.review import ReviewQueue, queue_copy
from data_engine.review.queue_copy import copy_queue

NOW = datetime(2026, 4, 1, tzinfo=UTC)
_COUNTS = {
    "review_schema": 2,
    "review_queue": 1,
    "review_batch": 2,
    "review_task": 4,
    "review_proposal": 2,
    "review_annotator": 2,
    "review_lease": 4,
    "review_annotation": 3,
    "review_decision": 1,
    "review_audit": 5,
    "review_comment": 0,
    "review_token": 0,
    "review_action": 0,
    "review_notice": 0,
    "review_notice_cursor": 0,
    "review_bridge_cursor": 0,
    "review_draft": 0,
}


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A queue with answers, a correction, a draft and a decision."""
    return f"sqlite:///{write_earlier_queue(2, tmp_path / 'review.db')}"


def _rows(url: str) -> dict[str, list[tuple]]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        names = [name for (name,) in database.execute("select name from sqlite_master where name like 'review_%'")]
        tables = [name for name in names if name in _COUNTS]
        return {name: sorted(database.execute(f"select * from {name}").fetchall()) for name in tables}


def test_every_row_and_every_id_is_in_the_copy(source, tmp_path):
    target = f"sqlite:///{tmp_path / 'there' / 'review.db'}"
    assert copy_queue(source, target) == _COUNTS
    assert _rows(target) == _rows(source)
    with ReviewQueue(source) as old, ReviewQueue(target) as new:
        assert new.queue_id == old.queue_id
        assert new.changes() == old.changes()
        assert new.answers("notes-round-000").equals(old.answers("notes-round-000"))


def test_the_copy_goes_on_with_new_numbers(source, tmp_path):
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    copy_queue(source, target)
    with ReviewQueue(target) as queue:
        last = queue.changes()[-1].cursor
        lease = queue.next("cleo", now=NOW, batch="notes-round-001")
        queue.submit(lease.lease_id, "cleo-0", label="baking", now=NOW, active_s=1.0)
        assert [change.kind for change in queue.changes(last)] == ["answered"]
        assert queue.submit(lease.lease_id, "cleo-0", label="baking", now=NOW, active_s=1.0).is_repeat


def test_an_empty_queue_is_filled_and_one_with_a_batch_is_refused(source, tmp_path):
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    ReviewQueue(target).close()
    assert copy_queue(source, target) == _COUNTS
    before = _rows(target)
    with pytest.raises(StorageError, match=r"the target holds a queue already: review_[a-z]+ has rows; give a new"):
        copy_queue(source, target)
    assert _rows(target) == before


def test_there_has_to_be_a_source_and_it_is_not_the_target(source, tmp_path):
    with pytest.raises(StorageError, match=r"there is no review queue at sqlite:///.*nowhere\.db; check the path"):
        copy_queue(f"sqlite:///{tmp_path / 'nowhere.db'}", f"sqlite:///{tmp_path / 'copy.db'}")
    assert not (tmp_path / "nowhere.db").exists()
    assert not (tmp_path / "copy.db").exists()
    with pytest.raises(InvalidInput, match="are the same database; give another target"):
        copy_queue(source, source)


def test_rows_that_arrive_otherwise_are_seen_and_nothing_is_copied(source, tmp_path, monkeypatch):
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    chunks = queue_copy._chunks

    def without_probabilities(connection, table):
        for rows in chunks(connection, table):
            is_sent = str(connection.engine.url) == source and table.name == "review_proposal"
            yield [row | {"probability": 0.5} for row in rows] if is_sent and not seen.append(1) else rows

    seen: list[int] = []
    monkeypatch.setattr(queue_copy, "_chunks", lambda c, t: without_probabilities(c, t) if not seen else chunks(c, t))
    with pytest.raises(
        StorageError, match="review_proposal has 2 rows and 2 arrived, or others arrived than were sent"
    ):
        copy_queue(source, target)
    with ReviewQueue(target) as queue:
        assert queue.batches() == []
