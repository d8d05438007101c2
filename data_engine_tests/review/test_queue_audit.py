import random
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_engine.errors import DataEngineError, StorageError
from data_engine.review import NewTask, ReviewQueue
from data_engine.review.queue_audit import QueueContent, queue_file, read_queue

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A queue with an answered batch, of whose answers one was corrected, and an open one."""
    path = tmp_path / "review.db"
    with ReviewQueue(f"sqlite:///{path}") as queue:
        for batch, n in (("one", 3), ("two", 2)):
            tasks = [NewTask(f"{batch}-{i}", "query", "manual", {"text": f"text {i}"}) for i in range(n)]
            queue.open_batch(
                batch, corpus="c", question="which?", classes=("a", "b"), cause="test", tasks=tasks, now=NOON
            )
        while lease := queue.next("ada", now=NOON, batch="one"):
            given = queue.submit(lease.lease_id, lease.lease_id, label="a", now=NOON)
        queue.reopen(given.annotation_id, label="b", now=NOON, annotator="ada")
    return path


def content(path: Path) -> QueueContent:
    return read_queue(f"sqlite:///{path}", "c")


def test_a_whole_queue_is_read_and_nothing_is_written(path: Path) -> None:
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    found = content(path)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before
    assert found.problems == []
    assert [row["review_batch"] for row in found.batches] == ["one", "two"]
    assert [row["label"] for row in found.answers["one"].to_pylist()].count("b") == 1
    assert found.answers["two"].num_rows == 0
    assert len(found.payloads) == 5
    assert read_queue(f"sqlite:///{path}", "other").batches == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE review_batch SET revision = 5 WHERE batch_id = 'one'", "its revision is 5 but 1 answers were"),
        ("UPDATE review_batch SET n_tasks = 9 WHERE batch_id = 'one'", "n_tasks is 9 but 3 tasks are such"),
        ("UPDATE review_batch SET answered_at = NULL WHERE batch_id = 'one'", "it is marked as answered although"),
        ("UPDATE review_task SET sample_id = 'x' WHERE batch_id = 'two' AND position = 0", "is not that of its sample"),
        ("UPDATE review_task SET purpose = 'q' WHERE batch_id = 'two'", "has the purpose 'q'"),
        ("UPDATE review_task SET is_open = 1 WHERE batch_id = 'one'", "is open although it has its answers"),
        ("UPDATE review_task SET n_wanted = 2 WHERE batch_id = 'two'", "wants 2 answers, its batch another number"),
        ("DELETE FROM review_annotation", "counts 1 answers"),
        ("UPDATE review_annotation SET label = 'b' WHERE label = 'a'", "with the label 'b'"),
    ],
)
def test_rows_that_contradict_each_other_are_named(path: Path, statement: str, said: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
    assert any(said in what for what, _ in content(path).problems)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE review_annotation SET answer = 'x'",
        "UPDATE review_task SET opened_at = 'long ago'",
        "UPDATE review_schema SET version = 99",
        "DROP TABLE review_lease",
        "DELETE FROM review_annotator",
    ],
)
def test_a_queue_that_cannot_be_understood_is_an_error(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute(statement)
    connection.close()
    if "DROP" in statement:
        assert content(path).problems == []
    else:
        with pytest.raises(DataEngineError):
            content(path)


@pytest.mark.parametrize("damage", [b"", b"garbage" * 1000])
def test_a_file_that_is_no_queue_is_an_error(path: Path, damage: bytes) -> None:
    path.write_bytes(damage)
    with pytest.raises(StorageError):
        content(path)


@pytest.mark.parametrize("seed", range(25))
def test_one_bit_of_the_file_is_found_or_changes_nothing_that_is_read(path: Path, seed: int) -> None:
    before = content(path)
    damaged = bytearray(path.read_bytes())
    bit = random.Random(seed).randrange(len(damaged) * 8)
    damaged[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(damaged))
    try:
        found = content(path)
    except DataEngineError:
        return
    times = ("opened_at", "answered_at", "submitted_at", "cause", "question")
    same = [
        {name: value for name, value in row.items() if name not in times} for row in (*found.batches, *found.tasks)
    ] == [{name: value for name, value in row.items() if name not in times} for row in (*before.batches, *before.tasks)]
    assert found.problems or (same and found.answers == before.answers) or found.payloads != before.payloads


def test_the_file_of_a_queue_is_known_where_it_has_one() -> None:
    assert queue_file("sqlite:////data/review.db") == Path("/data/review.db")
    assert queue_file("postgresql://host/db") is None


def test_a_missing_driver_is_named_with_what_to_install() -> None:
    with pytest.raises(
        StorageError, match=r"a database driver that is not installed .* e\.g\. pg8000 or psycopg2-binary"
    ):
        read_queue("postgresql+nosuchdriver://me:secret@host/db", "notes")
