import fcntl
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from earlier_queues import write_earlier_queue

from data_engine.errors import InvalidInput, StorageError
from data_engine.review import SCHEMA_VERSION, ReviewQueue, queue_database
from data_engine.review.queue_database import open_engine, reading, writing


def path_of(url):
    return url.removeprefix("sqlite:///")


def test_opening_makes_the_folder_the_file_and_the_tables(url):
    ReviewQueue(url).close()
    with closing(sqlite3.connect(path_of(url))) as database:
        names = {row[0] for row in database.execute("select name from sqlite_master where type = 'table'")}
        assert database.execute("pragma journal_mode").fetchone() == ("wal",)
        assert database.execute("select version from review_schema").fetchall() == [(SCHEMA_VERSION,)]
    tables = ("batch", "task", "proposal", "annotator", "lease", "annotation", "decision", "audit", "queue")
    assert {f"review_{name}" for name in tables} <= names


def test_a_queue_of_a_newer_schema_is_refused(url):
    ReviewQueue(url).close()
    with closing(sqlite3.connect(path_of(url))) as database:
        database.execute("update review_schema set version = 99")
        database.commit()
    with pytest.raises(StorageError, match="has schema version 99 and this release reads up to 5; upgrade data-engine"):
        ReviewQueue(url)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "notes.db").write_text("these are my notes, not a database " * 100)
    with pytest.raises(StorageError, match="cannot be opened: file is not a database"):
        ReviewQueue(f"sqlite:///{tmp_path / 'notes.db'}")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(StorageError, match="cannot be opened"):
        ReviewQueue(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite://", "a database in memory; answers must outlive it"),
        ("sqlite:///:memory:", "a database in memory"),
        ("mysql://host/db", "url is for 'mysql'; the review queue runs on sqlite and postgresql"),
        ("review.db", "which is no database URL; write sqlite:////absolute/path.db"),
    ],
)
def test_a_url_of_another_kind_is_refused(url, message):
    with pytest.raises(InvalidInput, match=message):
        ReviewQueue(url)


def test_a_missing_driver_is_named_and_the_password_is_not():
    with pytest.raises(StorageError, match="needs a database driver that is not installed") as caught:
        ReviewQueue("postgresql+nosuchdriver://me:secret@host/db")
    assert "secret" not in str(caught.value)


def test_many_can_open_a_new_queue_at_once(url):
    def open_and_close(_):
        with ReviewQueue(url) as queue:
            return queue.open_tasks()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(open_and_close, range(16))) == [0] * 16


def test_a_closed_queue_says_so(url):
    queue = ReviewQueue(url)
    queue.close()
    with pytest.raises(StorageError, match="this review queue was closed"):
        queue.open_tasks()


def test_a_write_that_fails_leaves_nothing_and_a_reader_waits_for_no_writer(url):
    engine = open_engine(url)
    try:
        with writing(engine) as writer, reading(engine) as reader:
            writer.execute(sa.text("insert into review_annotator values ('ada', 0, '2024-05-01')"))
            assert reader.execute(sa.text("select count(*) from review_annotator")).scalar_one() == 0
            writer.rollback()
        with reading(engine) as reader:
            assert reader.execute(sa.text("select count(*) from review_annotator")).scalar_one() == 0
    finally:
        engine.dispose()


def test_a_database_that_stays_locked_is_an_error_that_says_so(queue, at):
    engine = queue._engine

    @sa.event.listens_for(engine, "connect")
    def _impatient(connection, _record):
        connection.execute("PRAGMA busy_timeout=50")

    engine.dispose()
    with writing(engine), pytest.raises(StorageError, match="database is locked; nothing was changed, try again"):
        queue.next("ada", now=at(0))


def test_who_has_waited_for_long_keeps_newcomers_at_the_door_until_it_is_their_turn(queue, at, url, monkeypatch):
    monkeypatch.setattr(queue_database, "_WAITS_QUIETLY_S", 0.01)
    with Path(f"{path_of(url)}-door").open("a") as door, ThreadPoolExecutor(1) as pool:

        def is_open():
            try:
                fcntl.flock(door, fcntl.LOCK_SH | fcntl.LOCK_NB)
                fcntl.flock(door, fcntl.LOCK_UN)
            except BlockingIOError:
                return False
            return True

        with writing(queue._engine):
            assert is_open()
            waiting = pool.submit(queue.next, "ada", now=at(0))
            while is_open():
                assert not waiting.done()
        assert waiting.result() is None
        assert is_open()


def test_a_door_that_stays_shut_keeps_nobody_out_for_ever(queue, at, url, monkeypatch):
    monkeypatch.setattr(queue_database, "_DOOR_TIMEOUT_S", 0.01)
    with Path(f"{path_of(url)}-door").open("a") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        assert queue.next("ada", now=at(0)) is None


def test_an_answer_is_on_the_disk_before_it_counts_and_a_lease_waits_for_no_disk(queue, open_batch, at):
    open_batch(n=1)
    said = []
    sa.event.listen(queue._engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    lease = queue.next("ada", now=at(0))
    queue.renew(lease.lease_id, now=at(1))
    queue.submit(lease.lease_id, "one", label="mit", now=at(2))
    levels = [statement.partition("=")[2] for statement in said if statement.startswith("PRAGMA synchronous=")]
    assert levels == ["NORMAL", "NORMAL", "FULL"]


def test_an_empty_file_becomes_a_new_queue_and_every_queue_has_its_own_id(tmp_path):
    (tmp_path / "empty.db").touch()
    with ReviewQueue(f"sqlite:///{tmp_path / 'empty.db'}") as one, ReviewQueue(f"sqlite:///{tmp_path / 'b.db'}") as two:
        assert one.batches() == []
        assert one.queue_id != two.queue_id
        assert one.queue_id == one.queue_id


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_a_file_that_was_cut_is_named_with_a_remedy(tmp_path, share, at):
    path = write_earlier_queue(2, tmp_path / "review.db")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    says = r"(malformed|not a database|is damaged|disk I/O).*restore it from a backup"
    with pytest.raises(StorageError, match=says), ReviewQueue(f"sqlite:///{path}") as queue:
        queue.tables()
        queue.changes()
        queue.next("ada", now=at(0))


def test_a_folder_is_said_to_be_one(tmp_path):
    with pytest.raises(StorageError, match="cannot be opened: that is a folder; give the path of a file"):
        ReviewQueue(f"sqlite:///{tmp_path}")


def test_a_file_that_may_not_be_written_can_be_read(url, open_batch, queue, at, monkeypatch):
    open_batch()
    queue.close()
    monkeypatch.setattr(queue_database, "_is_writable", lambda path: False)
    with ReviewQueue(url) as reader:
        assert [batch.batch_id for batch in reader.batches()] == ["b1"]
        assert reader.tables()["review_task"].num_rows == 2
        with pytest.raises(StorageError, match="readonly database; nothing was changed, make the file and its folder"):
            reader.next("ada", now=at(0))


def test_a_file_that_may_not_be_written_is_not_migrated(tmp_path, monkeypatch):
    path = write_earlier_queue(1, tmp_path / "review.db")
    monkeypatch.setattr(queue_database, "_is_writable", lambda path: False)
    with pytest.raises(StorageError, match="has schema version 1 and may not be written, so it cannot be brought to"):
        ReviewQueue(f"sqlite:///{path}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg2//user:s3cret@host/db",
        "postgresql:/user:s3cret@host/db?sslpassword=s3cret",
        "user:s3/cret@host",
    ],
)
def test_a_url_with_a_mistake_is_not_shown_with_its_password(url):
    with pytest.raises(InvalidInput, match="which is no database URL") as caught:
        ReviewQueue(url)
    assert "cret" not in str(caught.value)
    assert "host" in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "review_task_open"),
        ({"corpus": "licences"}, "review_task_open_of_corpus"),
        ({"batch": "b1"}, "review_task_open_of_batch"),
    ],
)
def test_the_next_task_is_found_by_walking_an_index_without_sorting(queue, open_batch, at, filters, index):
    open_batch(n=1)
    executed = []
    listener = (queue._engine, "before_cursor_execute", lambda *call: executed.append(call[2:4]))
    sa.event.listen(*listener)
    queue.next("ada", now=at(0), **filters)
    sa.event.remove(*listener)
    statement, values = next(call for call in executed if "AS n_earlier" in call[0])
    with reading(queue._engine) as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert any(step.startswith(f"SEARCH review_task USING INDEX {index} (") for step in plan)
    assert not any("TEMP B-TREE" in step or step.startswith("SCAN review") for step in plan)
