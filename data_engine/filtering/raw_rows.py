"""The raw index of a batch as the first pass reads it: a few columns of all rows, texts a piece at a time.

What becomes of the rows is decided in `first_pass.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

RowNumbers = NDArray[np.int64]

_PIECE_ROWS = 8192
#: Bytes of texts that are looked at together.
PIECE_BYTES = 16 << 20
#: The uri of a row is that of its file and its number: `notes.jsonl#12`.
_ROW_OF_A_FILE = "#(?P<row>[0-9]{1,18})$"


class Texts(Protocol):
    """Texts by the number of their row: added in the order of the rows, read in any."""

    @property
    def n_bytes(self) -> RowNumbers:
        """(n,) the size of each text."""

    def add(self, column: pa.Array) -> None:
        """Add strings; a null is kept as the empty text."""

    def read(self, rows: Sequence[int] | RowNumbers) -> list[str]:
        """The texts of these rows, in their order."""


@dataclass(frozen=True, eq=False)
class RawRows:
    """The rows of a batch, sorted by uri."""

    index: pa.Table
    """Columns `sample_id`, `uri` and `is_readable`; of images also what finds them."""
    pieces: Callable[[], Iterable[pa.Table]]
    """Gives the rows in the same order, some at a time, with columns `sample_id` and `text`; asked for once."""
    texts: Texts
    """Where the texts are kept for reading them again."""

    @classmethod
    def of(cls, raw: pa.Table) -> "RawRows":
        """RowNumbers that are in memory, in any order."""
        raw = raw.take(pc.sort_indices(raw["uri"]))
        starts = range(0, raw.num_rows, _PIECE_ROWS)
        return cls(raw, lambda: (raw.slice(start, _PIECE_ROWS) for start in starts), HeldTexts())

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.index.num_rows)


class HeldTexts:
    """Texts in memory."""

    def __init__(self) -> None:
        self._columns: list[pa.Array] = []

    def _all(self) -> pa.ChunkedArray:
        return pa.chunked_array(self._columns, pa.string())

    @property
    def n_bytes(self) -> RowNumbers:
        """(n,) the size of each text."""
        return np.asarray(pc.binary_length(self._all()), np.int64)

    def add(self, column: pa.Array) -> None:
        """Add strings; a null is kept as the empty text."""
        self._columns.append(pc.fill_null(column, ""))

    def read(self, rows: Sequence[int] | RowNumbers) -> list[str]:
        """The texts of these rows, in their order."""
        found: list[str] = self._all().take(pa.array(rows, pa.int64())).to_pylist()
        return found


def texts_in_pieces(texts: Texts, rows: RowNumbers) -> Iterator[tuple[RowNumbers, list[str]]]:
    """The texts of some rows in the order in which they lie, some at a time: places in `rows`, and the texts there."""
    if not len(rows):
        return
    order = np.argsort(rows, kind="stable")
    piece = np.cumsum(texts.n_bytes[rows[order]]) // PIECE_BYTES
    for places in np.split(order, np.flatnonzero(np.diff(piece)) + 1):
        yield places, texts.read(rows[places])


def by_precedence(index: pa.Table, kept_before: Iterable[str]) -> RowNumbers:
    """The rows in the order in which they are judged: of two that repeat each other the first one stays.

    Those that the batch kept before come first, then others by their uri, rows of a file in the order of their numbers.
    """
    ids, uris = index["sample_id"], index["uri"]
    is_new = pc.invert(pc.is_in(ids, value_set=pa.array(kept_before, ids.type)))
    row = pc.struct_field(pc.extract_regex(uris, _ROW_OF_A_FILE), "row")
    file = pc.replace_substring_regex(uris, _ROW_OF_A_FILE, "")
    order = {"is_new": is_new, "file": file, "row": pc.cast(row, pa.int64())}
    found = pc.sort_indices(pa.table(order), [(name, "ascending") for name in order])
    return np.asarray(found, np.int64)
