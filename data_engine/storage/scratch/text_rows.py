"""Texts that lie on disk while a step works, read back by the number of their row.

Vectors are in `float_rows.py`.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.storage.scratch.scratch_file import ScratchFile, runs_of


class ScratchTexts:
    """Texts by row, in the order in which they were added; 8 bytes a row are in memory."""

    def __init__(self, folder: Path) -> None:
        """No text yet.

        Raises: StorageError when the disk fails, as adding and reading them does.
        """
        self._file = ScratchFile(folder)
        self._sizes: list[NDArray[np.int32]] = []
        self._ends = np.zeros(1, np.int64)

    def add(self, column: pa.Array) -> None:
        """Add a column of strings; a null is kept as the empty text."""
        filled = pc.fill_null(column, "")
        _, offsets_buffer, data = filled.buffers()
        if not len(filled):
            return
        offsets = np.frombuffer(offsets_buffer, np.int32)[filled.offset : filled.offset + len(filled) + 1]
        if data is not None and offsets[-1] > offsets[0]:
            self._file.add(memoryview(data)[offsets[0] : offsets[-1]])
        self._sizes.append(np.diff(offsets))

    def __len__(self) -> int:
        """Number of texts."""
        return len(self._bounds()) - 1

    @property
    def n_bytes(self) -> NDArray[np.int64]:
        """(n,) bytes of each text in UTF-8."""
        return np.diff(self._bounds())

    def read(self, rows: Sequence[int] | NDArray[np.int64]) -> list[str]:
        """The texts of these rows, in their order."""
        wanted, bounds = np.asarray(rows, np.int64), self._bounds()
        texts: list[str] = []
        for start, stop in runs_of(wanted):
            ends = bounds[wanted[start] : wanted[stop - 1] + 2]
            content = self._file.read(int(ends[0]), int(ends[-1] - ends[0]))
            places = (ends - ends[0]).tolist()
            texts += [content[a:b].decode() for a, b in itertools.pairwise(places)]
        return texts

    def _bounds(self) -> NDArray[np.int64]:
        """(n + 1,) where each text begins and the last one ends."""
        if self._sizes:
            sizes = np.concatenate(self._sizes).astype(np.int64)
            self._ends = np.concatenate([self._ends, self._ends[-1] + np.cumsum(sizes)])
            self._sizes = []
        return self._ends
