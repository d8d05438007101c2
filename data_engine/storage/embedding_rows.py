"""Embeddings of the tables as one matrix, read piece by piece, so that a corpus may be larger than the memory.

Vectors by content, shared by all corpora, are in `embedding_cache.py`.
"""

import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.errors import StorageError
from data_engine.places.place import scratch
from data_engine.schemas.long_columns import one_array, rows_taken

if TYPE_CHECKING:
    from data_engine.storage.table_store import TableStore

#: Larger matrices go to a scratch file.
IN_MEMORY_BYTES = 256 << 20
_PIECE_ROWS = 8192


def float_rows(column: pa.ChunkedArray | pa.Array) -> NDArray[np.float32]:
    """A column of float32 bytes as an (n, dim) array; (0, 0) where it is empty.

    Raises: StorageError when the rows differ in length.
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    pieces = [_floats(chunk) for chunk in chunks if len(chunk)]
    if len({piece.shape[1] for piece in pieces}) > 1:
        raise StorageError(_unequal(sorted({piece.shape[1] for piece in pieces})))
    return np.concatenate(pieces) if pieces else np.empty((0, 0), dtype=np.float32)


def read_embeddings(
    store: "TableStore", at: Mapping[str, int], *, in_memory_bytes: int = IN_MEMORY_BYTES
) -> tuple[pa.Table, NDArray[np.float32]]:
    """The embeddings of some batches: every content once, also when two batches took it in at the same moment.

    A matrix above `in_memory_bytes` lies in a scratch file beside the tables. It has no name, so the system frees it
    with the array, also when the process is killed.

    Args:
        store: The tables.
        at: The batches, each with the version of the table that wrote the rows to read.
        in_memory_bytes: Size of the largest matrix that is held in memory.

    Returns: samples sorted by batch and id (sample_id, batch), and (n, dim) float32 in their order.
    Raises: StorageError when the rows differ in length, or the table changes meanwhile.
    """
    dataset = store.dataset("embeddings", at=at)
    samples = dataset.to_table(columns=["sample_id", "batch"])
    order = _once_each(samples)
    row = np.full(len(samples), -1, dtype=np.int64)
    row[order] = np.arange(len(order))
    x, start = np.empty((0, 0), dtype=np.float32), 0
    for piece in _pieces(dataset):
        values, here = float_rows(piece["embedding"]), row[start : start + len(piece)]
        if start == 0:
            x = _matrix(store, (len(order), values.shape[1]), in_memory_bytes)
        if values.shape[1] != x.shape[1]:
            raise StorageError(_unequal([x.shape[1], values.shape[1]]))
        if not piece["sample_id"].equals(samples["sample_id"].slice(start, len(piece)).combine_chunks()):
            raise StorageError("the files of embeddings changed while they were read; run the step again")
        x[here[here >= 0]] = values[here >= 0]
        start += len(piece)
    return rows_taken(samples, order), x


def read_samples(store: "TableStore", at: Mapping[str, int]) -> pa.Table:
    """The samples of some batches as `read_embeddings` gives them, with their encoder's version, without embeddings.

    Returns: sample_id, batch and encoder_version, sorted by batch and id, every content once.
    """
    columns = ["sample_id", "batch", "encoder_version"]
    samples = store.dataset("embeddings", at=at).to_table(columns=columns)
    return rows_taken(samples, _once_each(samples))


def read_some_embeddings(store: "TableStore", samples: pa.Table, at: Mapping[str, int]) -> NDArray[np.float32]:
    """(n, dim) float32 embeddings of some samples (sample_id, batch), in their order; only their batches are read.

    Args:
        store: The tables.
        samples: The samples wanted.
        at: The batches that there are, each with the version of the table that wrote the rows to read.

    Raises: StorageError when one of them has none, or the rows differ in length.
    """
    ids = one_array(samples["sample_id"])
    some = {batch: at[batch] for batch in pc.unique(samples["batch"]).to_pylist() if batch in at}
    found = store.read("embeddings", columns=["sample_id", "embedding"], at=some, among={"sample_id": ids})
    place = pc.index_in(ids, value_set=one_array(found["sample_id"]))
    if place.null_count:
        raise StorageError(f"{place.null_count} samples lost their embeddings while the step ran; run it again")
    return float_rows(found["embedding"])[place.to_numpy()] if len(ids) else np.empty((0, 0), dtype=np.float32)


def _once_each(samples: pa.Table) -> NDArray[np.int64]:
    """Row numbers that sort the samples by batch and id; of those with one id, only the one of the first batch."""
    by_id = pc.sort_indices(samples, [("sample_id", "ascending"), ("batch", "ascending")])
    ids = one_array(samples["sample_id"]).take(by_id)
    again = np.zeros(len(ids), dtype=np.bool_)
    again[1:] = pc.equal(ids.slice(1), ids.slice(0, max(0, len(ids) - 1))).to_numpy(zero_copy_only=False)
    is_first = np.ones(len(ids), dtype=np.bool_)
    is_first[by_id.to_numpy()[again]] = False
    order = pc.sort_indices(samples, [("batch", "ascending"), ("sample_id", "ascending")]).to_numpy()
    return np.asarray(order[is_first[order]], dtype=np.int64)


def _pieces(dataset: Any) -> Any:
    """Small record batches in the order of the files; without the limits, Arrow reads gigabytes ahead."""
    found = dataset.to_batches(
        columns=["sample_id", "embedding"],
        batch_size=_PIECE_ROWS,
        batch_readahead=2,
        fragment_readahead=1,
    )
    return (piece for piece in found if len(piece))


def _matrix(store: "TableStore", shape: tuple[int, int], in_memory_bytes: int) -> NDArray[np.float32]:
    if shape[0] * shape[1] * 4 <= in_memory_bytes:
        return np.empty(shape, dtype=np.float32)
    folder = scratch(store.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)


def _floats(column: pa.Array) -> NDArray[np.float32]:
    """(n, dim) view of the bytes of n >= 1 rows."""
    _, ends, values = column.buffers()
    offsets = np.frombuffer(ends, dtype=np.int32, count=len(column) + 1, offset=4 * column.offset)
    lengths = np.unique(np.diff(offsets))
    if len(lengths) > 1:
        raise StorageError(_unequal((lengths // 4).tolist()))
    n_values = len(column) * int(lengths[0]) // 4
    flat = np.frombuffer(values, dtype=np.float32, count=n_values, offset=int(offsets[0]))
    return flat.reshape(len(column), -1)


def _unequal(dims: list[int]) -> str:
    return f"embeddings have {' and '.join(map(str, dims))} values; materialize embeddings anew with one encoder"
