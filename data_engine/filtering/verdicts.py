"""The verdicts on n rows while rules are tried, as arrays: reason, score, threshold and twin of each.

The table that they become is in `judged_rows.py`.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

RowNumbers = NDArray[np.int64]
_NOBODY = -1


class Verdicts:
    """What was decided on each row: kept, until it is rejected once."""

    def __init__(self, n: int) -> None:
        """All n rows are kept."""
        self._reasons = ["kept"]
        self._reason = np.zeros(n, np.int16)
        self._score, self._threshold = np.zeros(n), np.zeros(n)
        self._twin_row, self._twin_elsewhere = np.full(n, _NOBODY), np.full(n, _NOBODY)
        self._elsewhere = pa.array([], pa.string())

    @property
    def is_open(self) -> NDArray[np.bool_]:
        """(n,) whether no rule has rejected it so far."""
        return np.asarray(self._reason == 0)

    def is_rejected_for(self, reason: str) -> NDArray[np.bool_]:
        """(n,) whether this is why a row was rejected."""
        code = self._reasons.index(reason) if reason in self._reasons else _NOBODY
        return np.asarray(self._reason == code)

    def reject(
        self,
        rows: RowNumbers,
        reason: str,
        score: ArrayLike,
        threshold: ArrayLike,
        *,
        twin_rows: ArrayLike = _NOBODY,
        twins_elsewhere: ArrayLike = _NOBODY,
    ) -> None:
        """Reject rows.

        Args:
            rows: m rows.
            reason: name of the rule.
            score: what it measured, one number or m.
            threshold: what that was held against, one number or m.
            twin_rows: the rows that they repeat; -1: none of them.
            twins_elsewhere: the places of their twins among those of other batches; -1: none of them.
        """
        if reason not in self._reasons:
            self._reasons.append(reason)
        self._reason[rows] = self._reasons.index(reason)
        self._score[rows], self._threshold[rows] = score, threshold
        self._twin_row[rows], self._twin_elsewhere[rows] = twin_rows, twins_elsewhere

    def name_elsewhere(self, sample_ids: pa.Array | pa.ChunkedArray) -> None:
        """Tell the ids of what `twins_elsewhere` counts."""
        self._elsewhere = sample_ids.combine_chunks() if isinstance(sample_ids, pa.ChunkedArray) else sample_ids

    def copy(self, rows: RowNumbers, like: RowNumbers) -> None:
        """Decide on rows as on others."""
        for column in (self._reason, self._score, self._threshold, self._twin_row, self._twin_elsewhere):
            column[rows] = column[like]

    def counts(self) -> dict[str, int]:
        """How many rows have each reason, in the order in which reasons come first."""
        codes, first, counts = np.unique(self._reason, return_index=True, return_counts=True)
        return {self._reasons[codes[place]]: int(counts[place]) for place in np.argsort(first)}

    def columns(self, rows: slice, sample_ids: pa.ChunkedArray) -> dict[str, pa.Array]:
        """The columns that say what was decided on some rows.

        Args:
            rows: which.
            sample_ids: of all n rows.
        """
        reason = self._reason[rows]
        is_kept = reason == 0
        own = sample_ids.take(_places(self._twin_row[rows])).combine_chunks()
        elsewhere = self._elsewhere.take(_places(self._twin_elsewhere[rows]))
        return {
            "verdict": pa.array(np.array(["rejected", "kept"])[is_kept.astype(np.int8)], pa.string()),
            "reason": pa.array(self._reasons, pa.string()).take(pa.array(reason)),
            "score": pa.array(self._score[rows], mask=is_kept),
            "threshold": pa.array(self._threshold[rows], mask=is_kept),
            "duplicate_of": pc.coalesce(own, elsewhere.cast(pa.string())),
        }


def _places(found: RowNumbers) -> pa.Array:
    return pa.array(found, mask=found == _NOBODY)
