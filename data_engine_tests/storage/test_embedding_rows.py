import numpy as np
import pyarrow as pa
import pytest

from data_engine.errors import StorageError
from data_engine.schemas import EMBEDDINGS
from data_engine.storage import float_rows, read_embeddings, read_samples, read_some_embeddings


def embedded(batch: str, rows: dict[str, list[float]]) -> pa.Table:
    """Rows of embeddings; the fields that are not read have any value of their type."""
    known = {"batch": batch, "dim": 2}
    values = {name: [known.get(name, "x")] * len(rows) for name in EMBEDDINGS.names}
    values["sample_id"] = list(rows)
    values["embedding"] = [np.array(row, dtype="<f4").tobytes() for row in rows.values()]
    return pa.table(values, schema=EMBEDDINGS)


def at(store, *batches: str) -> dict[str, int]:
    """The versions that last wrote these batches."""
    last = {entry.partition.get("batch"): entry.version for entry in reversed(store.history("embeddings"))}
    return {batch: last[batch] for batch in batches}


@pytest.fixture
def filled(store):
    for batch, rows in {
        "b": {"s4": [4, 0], "s1": [1, 0]},
        "a": {"s3": [3, 0], "s1": [1, 0], "s2": [2, 0]},
        "c": {"s9": [9, 0]},
    }.items():
        store.write("embeddings", embedded(batch, rows), partition={"batch": batch}, run_id="r", code_version="1")
    return store


@pytest.mark.parametrize("in_memory_bytes", [0, 1000])
def test_every_content_is_read_once_sorted_by_batch_and_id(filled, in_memory_bytes):
    samples, x = read_embeddings(filled, at(filled, "b", "a"), in_memory_bytes=in_memory_bytes)
    assert samples.to_pydict() == {"sample_id": ["s1", "s2", "s3", "s4"], "batch": ["a", "a", "a", "b"]}
    assert x.tolist() == [[1, 0], [2, 0], [3, 0], [4, 0]]
    assert isinstance(x, np.memmap) == (in_memory_bytes == 0)


def test_the_scratch_file_has_no_name(filled):
    before = set(filled.folder.rglob("*"))
    _, x = read_embeddings(filled, at(filled, "a"), in_memory_bytes=0)
    assert set(filled.folder.rglob("*")) == before
    assert x.sum() == 6


def test_no_batch_gives_no_rows(filled):
    samples, x = read_embeddings(filled, {})
    assert (samples.num_rows, x.shape) == (0, (0, 0))
    assert samples.column_names == ["sample_id", "batch"]


def test_samples_without_their_embeddings_come_in_the_same_order(filled):
    samples = read_samples(filled, at(filled, "b", "a"))
    assert samples.select(["sample_id", "batch"]).equals(read_embeddings(filled, at(filled, "b", "a"))[0])
    assert samples["encoder_version"].to_pylist() == ["x"] * 4


def test_some_embeddings_come_in_the_order_asked_for(filled):
    wanted = pa.table({"sample_id": ["s4", "s2"], "batch": ["b", "a"]})
    assert read_some_embeddings(filled, wanted, at(filled, "a", "b")).tolist() == [[4, 0], [2, 0]]
    with pytest.raises(StorageError, match="1 samples lost their embeddings"):
        read_some_embeddings(filled, pa.table({"sample_id": ["s9", "s2"], "batch": ["b", "a"]}), at(filled, "a", "b"))


def test_embeddings_of_two_lengths_are_refused(filled):
    longer = embedded("d", {"s0": [1, 2, 3]})
    filled.write("embeddings", longer, partition={"batch": "d"}, run_id="r", code_version="1")
    with pytest.raises(StorageError, match="embeddings have 2 and 3 values; materialize embeddings anew"):
        read_embeddings(filled, at(filled, "c", "d"))


def test_parts_of_a_column_are_read_from_where_they_begin():
    column = pa.chunked_array([[np.array([i, -i], dtype="<f4").tobytes() for i in part] for part in ([0, 1, 2], [3])])
    assert float_rows(column.slice(1)).tolist() == [[1, -1], [2, -2], [3, -3]]
    assert float_rows(column.slice(4)).shape == (0, 0)
    uneven = pa.array([b"12345678", b"1234"])
    with pytest.raises(StorageError, match="embeddings have 1 and 2 values"):
        float_rows(uneven)


def test_a_batch_is_read_as_the_version_asked_for_left_it(filled):
    before = at(filled, "a", "b")
    filled.write("embeddings", embedded("a", {"s7": [7, 0]}), partition={"batch": "a"}, run_id="r", code_version="1")
    samples, x = read_embeddings(filled, before)
    assert samples["sample_id"].to_pylist() == ["s1", "s2", "s3", "s4"]
    assert x[2].tolist() == [3, 0]
    assert read_samples(filled, {**before, "a": at(filled, "a")["a"]})["sample_id"].to_pylist() == ["s7", "s1", "s4"]
