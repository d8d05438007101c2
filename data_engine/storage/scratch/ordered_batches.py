"""Record batches that are added in one order and read in another; beyond a size they lie on disk meanwhile.

The caller says which order it is to be; texts and vectors by row are in the modules beside this one.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.storage.scratch.scratch_file import ScratchFile

#: More than this is written to disk.
IN_MEMORY_BYTES = 64 << 20
#: Rows that are put in order at once, in bytes; a batch is read once for each such window that has rows of it.
WINDOW_BYTES = 128 << 20
_ROWS_PER_BATCH = 8192


class OrderedBatches:
    """Rows of one schema; 16 bytes a row are in memory."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        """No row yet.

        Args:
            folder: where a file without a name is opened once there are more bytes than `IN_MEMORY_BYTES`.
            schema: of every batch that is added.
        """
        self.schema = schema
        self._folder = folder
        self._held: list[pa.RecordBatch] = []
        self._held_bytes = 0
        self._file: ScratchFile | None = None
        self._places: list[tuple[int, int]] = []
        self._sizes: list[NDArray[np.int64]] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows. Raises: StorageError when the disk fails."""
        self._sizes.append(_bytes_of_rows(batch))
        if self._file is None and self._held_bytes + batch.nbytes <= IN_MEMORY_BYTES:
            self._held.append(batch)
            self._held_bytes += batch.nbytes
            return
        if self._file is None:
            self._file = ScratchFile(self._folder)
            for earlier in self._held:
                self._write(earlier)
            self._held = []
        self._write(batch)

    def __len__(self) -> int:
        """Number of rows."""
        return sum(map(len, self._sizes))

    def in_order(self, order: NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
        """All rows in the order of these numbers, counted as they were added, in batches of bounded size."""
        if not len(order):
            return
        starts = np.cumsum([0, *map(len, self._sizes)])
        batch_of = np.searchsorted(starts, order, side="right") - 1
        window = np.cumsum(np.concatenate(self._sizes)[order]) // WINDOW_BYTES
        bounds = [0, *(np.flatnonzero(np.diff(window)) + 1).tolist(), len(order)]
        for start, stop in itertools.pairwise(bounds):
            rows = self._rows(batch_of[start:stop], order[start:stop] - starts[batch_of[start:stop]])
            for first in range(0, len(rows), _ROWS_PER_BATCH):
                yield rows.slice(first, _ROWS_PER_BATCH)

    def _rows(self, batch_of: NDArray[np.int64], row: NDArray[np.int64]) -> pa.RecordBatch:
        """The rows of one window, each by its batch and its row there."""
        by_batch = np.argsort(batch_of, kind="stable")
        parts = []
        for number in np.unique(batch_of).tolist():
            parts.append(self._batch(number).take(pa.array(row[by_batch][batch_of[by_batch] == number])))
        together = parts[0] if len(parts) == 1 else pa.concat_batches(parts)
        del parts
        place = np.empty(len(by_batch), np.int64)
        place[by_batch] = np.arange(len(by_batch))
        return together if (np.diff(place) == 1).all() else together.take(pa.array(place))

    def _batch(self, number: int) -> pa.RecordBatch:
        if self._file is None:
            return self._held[number]
        return pa.ipc.read_record_batch(pa.py_buffer(self._file.read(*self._places[number])), self.schema)

    def _write(self, batch: pa.RecordBatch) -> None:
        if self._file is not None:
            content = batch.serialize()
            self._places.append((self._file.add(memoryview(content)), content.size))


def _bytes_of_rows(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """(n,) bytes of strings and bytes in each row, and some for the rest of it."""
    sizes = np.full(len(batch), 8 * batch.num_columns, np.int64)
    for column in batch.columns:
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            sizes += np.asarray(pc.fill_null(pc.binary_length(column), 0))
    return sizes
