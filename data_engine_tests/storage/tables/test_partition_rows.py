import errno

import numpy as np
import pyarrow as pa
import pytest

from data_engine.errors import InvalidInput, SchemaMismatch, StorageError
from data_engine.storage import data_version
from data_engine.storage.tables import parquet_files

WRITE = {"run_id": "run-1", "code_version": "code-1"}


def _ids(table):
    return table["sample_id"].to_pylist()


def _in_chunks(rows, *sizes):
    ends = np.cumsum(sizes)
    return pa.concat_tables([rows.slice(end - size, size) for end, size in zip(ends, sizes, strict=True)])


@pytest.mark.parametrize("sizes", [(60, 20, 8), (2000, 1500), (1,) * 40])
def test_rows_of_several_chunks_are_read_in_the_order_that_the_fingerprint_names(store, verdicts, sizes):
    rows = _in_chunks(verdicts("p", [f"{i:05d}" for i in np.random.default_rng(1).permutation(sum(sizes))]), *sizes)
    for _ in range(3):
        written = store.write("first_pass", rows, partition={"batch": "p"}, **WRITE)
        read = store.read("first_pass")
        assert _ids(read) == _ids(rows)
        assert data_version(read) == written.data_version


def test_rows_of_several_partitions_have_the_fingerprint_of_how_they_are_read(store, verdicts):
    rows = pa.concat_tables([verdicts(batch, ids) for batch, ids in (("b", "xy"), ("a", "z"), ("b", "w"))])
    written = store.write("first_pass", rows, **WRITE)
    read = store.read("first_pass")
    assert _ids(read) == ["z", "x", "y", "w"]
    assert data_version(read) == written.data_version


def test_a_stream_of_record_batches_is_written_as_the_table_of_its_rows_would_be(store, verdicts):
    rows = verdicts("p", [f"{i:05d}" for i in range(1000)])
    whole = store.write("first_pass", rows, partition={"batch": "p"}, **WRITE)
    for stream in (
        rows.to_reader(max_chunksize=7),
        iter(rows.to_batches(max_chunksize=400)),
        [batch.select(batch.schema.names[::-1]) for batch in rows.to_batches()],
    ):
        written = store.write("first_pass", stream, partition={"batch": "p"}, **WRITE)
        assert (written.n_rows, written.data_version) == (1000, whole.data_version)
        assert store.read("first_pass").equals(rows)
    empty = store.write("first_pass", iter(()), partition={"batch": "p"}, **WRITE)
    assert (empty.n_rows, empty.data_version) == (0, data_version(rows.slice(0, 0)))
    assert store.read("first_pass").num_rows == 0


def test_of_a_stream_only_a_row_group_is_held_in_memory(store, verdicts, monkeypatch):
    monkeypatch.setattr(parquet_files, "_ROW_GROUP_BYTES", 1 << 20)
    before, peak = pa.total_allocated_bytes(), 0

    def stream():
        nonlocal peak
        for number in range(100):
            some = verdicts("p", [f"{number}-{i}" for i in range(50)])
            yield from some.set_column(7, "duplicate_of", pa.array([f"{number:05d}" * 2_000] * 50)).to_batches()
            peak = max(peak, pa.total_allocated_bytes() - before)

    written = store.write("first_pass", stream(), partition={"batch": "p"}, **WRITE)
    assert written.n_rows == 5000
    assert 1 << 20 < peak < 8 << 20


def test_a_stream_that_breaks_the_schema_or_breaks_off_changes_nothing(store, verdicts):
    store.write("first_pass", verdicts("p", ["a"]), partition={"batch": "p"}, **WRITE)

    def broken_off():
        yield from verdicts("p", ["b"]).to_batches()
        raise OSError(errno.EIO, "the source is gone")

    other = [*verdicts("p", ["b"]).to_batches(), *verdicts("q", ["c"]).to_batches()]
    with pytest.raises(SchemaMismatch, match=r"column 'batch' of first_pass is 'q' in 1 of 1 rows"):
        store.write("first_pass", iter(other), partition={"batch": "p"}, **WRITE)
    with pytest.raises(StorageError, match="the source is gone"):
        store.write("first_pass", broken_off(), partition={"batch": "p"}, **WRITE)
    with pytest.raises(InvalidInput, match="a stream of rows of first_pass may hold several values of 'batch'"):
        store.write("first_pass", iter(other), **WRITE)
    assert (_ids(store.read("first_pass")), store.version("first_pass")) == (["a"], 1)
    assert len([path for path in store.path("first_pass").glob("batch=*/*") if path.is_file()]) == 1
