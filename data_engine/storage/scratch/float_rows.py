"""Vectors that lie on disk while a step works, put and read back by the number of their row.

Texts are in `text_rows.py`; vectors as one matrix are in `storage/embedding_rows.py`.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_engine.storage.scratch.scratch_file import ScratchFile, runs_of


class ScratchFloats:
    """(n, dim) float32 rows in any order; none of them is in memory. A row that was never put has no meaning."""

    def __init__(self, folder: Path, dim: int) -> None:
        """No row yet.

        Raises: StorageError when the disk fails, as putting and reading rows does.
        """
        self.dim = dim
        self._file = ScratchFile(folder)

    def put(self, rows: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        """Keep (m, dim) values as these rows."""
        content = np.ascontiguousarray(values, np.float32)
        for start, stop in runs_of(rows):
            self._file.put(int(rows[start]) * 4 * self.dim, content[start:stop].data)

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m, dim) the values of these rows, which were put."""
        found = np.empty((len(rows), self.dim), np.float32)
        for start, stop in runs_of(rows):
            content = self._file.read(int(rows[start]) * 4 * self.dim, (stop - start) * 4 * self.dim)
            found[start:stop] = np.frombuffer(content, np.float32).reshape(-1, self.dim)
        return found
