import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from verdict_batch import N_ROWS, verdict_batch

from data_engine.errors import ConcurrentWrite
from data_engine.storage import EmbeddingCache, TableStore, pin, pins

WRITE = {"run_id": "run-1", "code_version": "code-1"}


def _write_three_times(root, batch, start, versions):
    store = TableStore(Path(root), "shop")
    start.wait()
    for mark in ("first", "second", "third"):
        written = store.write(
            "first_pass",
            verdict_batch(batch, mark),
            partition={"batch": batch},
            run_id=f"run {batch}",
            code_version="1",
        )
        versions.put(written.version)


def _in_processes(target, arguments):
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(len(arguments)), context.Queue()
    workers = [context.Process(target=target, args=(*each, start, results)) for each in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [0] * len(workers)
    return [results.get(timeout=5) for _ in range(3 * len(workers))]


def test_processes_that_create_a_table_at_once_and_write_their_own_batches_all_succeed(tmp_path):
    batches = [f"part-{i:02d}" for i in range(4)]

    versions = _in_processes(_write_three_times, [(str(tmp_path), batch) for batch in batches])

    store = TableStore(tmp_path, "shop")
    assert sorted(versions) == list(range(1, 13))
    assert store.version("first_pass") == 12
    for batch in batches:
        found = store.read("first_pass", partition={"batch": batch}, columns=["reason"])["reason"]
        assert found.to_pylist() == ["third"] * N_ROWS


def _pin_three(root, release, start, done):
    start.wait()
    for i in range(3):
        pin(Path(root), "shop", f"{release}-{i}", {"labels": i})
        done.put(i)


def test_processes_that_pin_at_once_lose_no_pin(tmp_path):
    _in_processes(_pin_three, [(str(tmp_path), release) for release in ("a", "b")])

    assert sorted(pins(tmp_path, "shop")) == ["a-0", "a-1", "a-2", "b-0", "b-1", "b-2"]


def _put_three(root, name, start, done):
    cache = EmbeddingCache(Path(root), "encoder", 4)
    start.wait()
    for i in range(3):
        cache.put([f"{name}{i}{j}" for j in range(50)], np.full((50, 4), i, dtype=np.float32))
        done.put(i)


def test_processes_that_fill_the_embedding_cache_at_once_lose_nothing(tmp_path):
    _in_processes(_put_three, [(str(tmp_path), name) for name in ("a", "b")])

    ids = [f"{name}{i}{j}" for name in "ab" for i in range(3) for j in range(50)]
    known, vectors = EmbeddingCache(tmp_path, "encoder", 4).get(ids)
    assert known.all()
    assert vectors[:, 0].tolist() == [float(i) for _ in "ab" for i in range(3) for _ in range(50)]


WRITER = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from data_engine.storage import TableStore
from verdict_batch import N_ROWS, verdict_batch
store = TableStore(Path({root!r}), "shop")
n = 0
while True:
    n += 1
    rows = verdict_batch("part-00", f"{mark}-{{n}}")
    store.write("first_pass", rows, partition={{"batch": "part-00"}}, run_id="w", code_version="1")
    print(n, flush=True)
"""


@pytest.fixture
def killed_writer(tmp_path):
    """Start a process that writes one batch again and again, and kill it some milliseconds after its first write."""

    def run(mark, milliseconds):
        code = WRITER.format(path=sys.path, root=str(tmp_path), mark=mark)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "1\n"
        time.sleep(milliseconds / 1000)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL

    return run


def test_a_writer_killed_at_any_moment_leaves_a_whole_batch_and_the_next_write_succeeds(tmp_path, killed_writer):
    store = TableStore(tmp_path, "shop")
    for attempt, milliseconds in enumerate([1, 7, 13, 22, 31]):
        killed_writer(f"attempt{attempt}", milliseconds)

        found = store.read("first_pass", partition={"batch": "part-00"})
        (mark,) = set(found["reason"].to_pylist())
        assert mark.startswith(f"attempt{attempt}-")
        assert found.to_pylist() == verdict_batch("part-00", mark).to_pylist()
        store.write(
            "first_pass",
            verdict_batch("part-00", "after"),
            partition={"batch": "part-00"},
            run_id="r",
            code_version="1",
        )
        assert set(store.read("first_pass")["reason"].to_pylist()) == {"after"}


def test_a_table_that_the_earlier_writer_wrote_is_read_and_written_on(store, verdicts):
    store.write("first_pass", verdicts("p", ["a"]), partition={"batch": "p"}, **WRITE)
    rows = verdicts("q", ["b", "c"])
    plain = pa.table(rows.columns, schema=pa.schema([field.remove_metadata() for field in rows.schema]))
    write_deltalake(str(store.path("first_pass")), plain, mode="append")

    assert store.read("first_pass")["sample_id"].to_pylist() == ["a", "b", "c"]
    store.write("first_pass", verdicts("q", ["d"]), partition={"batch": "q"}, **WRITE)
    assert store.read("first_pass")["sample_id"].to_pylist() == ["a", "d"]


def test_of_two_writers_that_fill_a_partition_without_rows_one_is_told(store, verdicts):
    opened = store.open("first_pass")
    store.write("first_pass", verdicts("a", ["a"]), partition={"batch": "a"}, run_id="1", code_version="1")
    store.write("first_pass", verdicts("b", ["b"]), partition={"batch": "b"}, run_id="1", code_version="1")
    with pytest.raises(ConcurrentWrite, match="run 1 committed version 2 of batch 'b' of first_pass"):
        store.write(
            "first_pass",
            verdicts("b", ["c"]),
            partition={"batch": "b"},
            run_id="2",
            code_version="1",
            opened=opened,
        )
    assert store.read("first_pass")["sample_id"].to_pylist() == ["a", "b"]
    assert len(list(store.path("first_pass").rglob("*.parquet"))) == 2
