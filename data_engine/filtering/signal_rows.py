"""The scores of many contents as arrays: one number per rule and content, instead of a mapping for each.

What the scores are is in `rules/`; the verdicts that follow from them are in `verdicts.py`.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.filtering.rules.rule import Signals

RowNumbers = NDArray[np.int64]


class SignalRows:
    """Scores of n contents by rule, with which of them apply; 9 bytes a rule and content."""

    def __init__(self, n: int, names: Sequence[str]) -> None:
        """Nothing is measured yet.

        Args:
            n: number of contents.
            names: of the signals, in the order in which a content is measured.
        """
        self._names = pa.array(names, pa.string())
        self._place = {name: place for place, name in enumerate(names)}
        self._scores = np.zeros((n, len(names)), np.float64)
        self._applies = np.zeros((n, len(names)), bool)
        self.is_measured = np.zeros(n, bool)
        """(n,) false for a content that there was nothing to measure of."""

    def put(self, row: int, signals: Signals | None) -> None:
        """Keep the signals of one content; None where there was nothing to measure."""
        if signals is None:
            return
        self.is_measured[row] = True
        places = [self._place[name] for name in signals]
        self._scores[row, places] = list(signals.values())
        self._applies[row, places] = True

    def column(self, rows: RowNumbers) -> pa.Array:
        """Every score of these contents by its name; null where nothing was measured."""
        applies = self._applies[rows]
        ends = np.append(0, np.cumsum(applies.sum(axis=1))).astype(np.int32)
        places = np.nonzero(applies)[1]
        values = pa.array(self._scores[rows][applies])
        # A null offset makes its entry null.
        offsets = pa.array(ends, mask=np.append(~self.is_measured[rows], False))
        return pa.MapArray.from_arrays(offsets, self._names.take(pa.array(places)), values)

    def scores(self, name: str, rows: RowNumbers) -> pa.Array:
        """One score of these contents as float64; null where it does not apply."""
        place = self._place.get(name)
        if place is None:
            return pa.nulls(len(rows), pa.float64())
        return pa.array(self._scores[rows, place], mask=~self._applies[rows, place])

    def whole(self, name: str, rows: RowNumbers) -> pa.Array:
        """The same score as a whole number, cut off."""
        place = self._place.get(name)
        if place is None:
            return pa.nulls(len(rows), pa.int64())
        return pa.array(self._scores[rows, place].astype(np.int64), mask=~self._applies[rows, place])
