"""The rows of the first pass' table, made of the verdicts a batch at a time.

Which verdict a row gets is decided in `first_pass.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine import schemas
from data_engine.filtering.signal_rows import SignalRows
from data_engine.filtering.verdicts import Verdicts

_ROWS_PER_BATCH = 8192


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """One verdict for every row of a raw index, in its order; each iteration makes the rows anew."""

    batch: str
    index: pa.Table
    """Columns `sample_id` and `uri`."""
    verdicts: Verdicts
    content: NDArray[np.int64]
    """(n,) the content of each row."""
    signals: SignalRows
    """Of the contents."""
    languages: Mapping[int, str]
    """The most probable language by content, where a rule has asked for it."""
    junk_scores: NDArray[np.float64]
    """(n,) NaN where none was asked for."""
    minhash_of: Callable[[int], bytes | None]
    """The sketch of the text of a row that is kept."""
    sketches: Mapping[int, bytes]
    """Of the images of rows that are kept."""

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.index.num_rows)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Rows with the schema `schemas.FIRST_PASS`."""
        for start in range(0, len(self), _ROWS_PER_BATCH):
            yield self._batch(slice(start, min(start + _ROWS_PER_BATCH, len(self))))

    def table(self) -> pa.Table:
        """All rows."""
        return pa.Table.from_batches(self, schema=schemas.FIRST_PASS)

    def _batch(self, rows: slice) -> pa.RecordBatch:
        numbers: Sequence[int] = range(rows.start, rows.stop)
        content, scores = self.content[rows], self.junk_scores[rows]
        columns = {
            **{name: self.index[name].slice(rows.start, len(numbers)) for name in ("sample_id", "uri")},
            "batch": pa.array([self.batch] * len(numbers), pa.string()),
            **self.verdicts.columns(rows, self.index["sample_id"]),
            "n_chars": self.signals.whole("n_chars", content),
            "n_words": self.signals.whole("n_words", content),
            "letter_share": self.signals.scores("letter_share", content),
            "language": pa.array([self.languages.get(number) for number in content.tolist()], pa.string()),
            "junk_score": pa.array(scores, mask=np.isnan(scores)),
            "signals": self.signals.column(content),
            "minhash": pa.array([self.minhash_of(number) for number in numbers], pa.binary()),
            "sketch": pa.array([self.sketches.get(number) for number in numbers], pa.binary()),
        }
        (batch,) = (
            pa.table(columns).select(schemas.FIRST_PASS.names).cast(schemas.FIRST_PASS).combine_chunks().to_batches()
        )
        return batch
