"""A dataset in memory that notes what is read of it."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads


class Watched:
    """A dataset that notes which columns were read of how many rows, at once or a piece at a time."""

    def __init__(self, rows: pa.Table, *, piece_rows: int = 1024) -> None:
        """Takes its rows, and how many of them a piece holds at most."""
        self._dataset, self._piece_rows = pads.dataset(rows), piece_rows
        self.schema, self.count_rows = self._dataset.schema, self._dataset.count_rows
        self.read: list[tuple[list[str], int]] = []
        self.pieces: list[tuple[list[str], int]] = []

    def to_table(self, *, columns: list[str], **how: Any) -> pa.Table:
        """The rows at once."""
        found = self._dataset.to_table(columns=columns, **how)
        self.read.append((columns, found.num_rows))
        return found

    def to_batches(self, *, columns: list[str], **how: Any) -> Iterator[pa.RecordBatch]:
        """The rows a piece at a time."""
        for piece in self._dataset.to_batches(columns=columns, batch_size=self._piece_rows, **how):
            self.pieces.append((columns, piece.num_rows))
            yield piece
