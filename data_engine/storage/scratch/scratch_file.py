"""A file without a name: bytes are added at its end or put at a place, and read back from any place.

What lies in it is known to the modules beside this one. It is read and written, never mapped: pages of a map count as
memory of the process.
"""

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import StorageError
from data_engine.storage.storage_errors import storage_errors

_DOING, _INTACT = "keeping rows on disk while a step works", "nothing was changed"
#: The system writes at most 2 GiB at once.
_MOST_BYTES = 1 << 30


class ScratchFile:
    """Bytes on the disk that a folder is on; the system frees them with this object."""

    def __init__(self, folder: Path) -> None:
        """Open a file in the folder, which is made where there is none.

        Raises: StorageError when that fails, as also the writing and reading of it.
        """
        self._folder = folder
        self.n_bytes = 0
        with storage_errors(_DOING, folder, intact=_INTACT):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
                self._file = os.dup(file.fileno())
        finalize(self, os.close, self._file)

    def add(self, content: "bytes | memoryview") -> int:
        """Put bytes at the end; gives the place where they begin."""
        place = self.n_bytes
        self.put(place, content)
        self.n_bytes += len(memoryview(content).cast("B"))
        return place

    def put(self, place: int, content: "bytes | memoryview") -> None:
        """Put bytes at a place."""
        rest = memoryview(content).cast("B")
        with storage_errors(_DOING, self._folder, intact=_INTACT):
            while len(rest):
                n_written = os.pwrite(self._file, rest[:_MOST_BYTES], place)
                place, rest = place + n_written, rest[n_written:]

    def read(self, place: int, n_bytes: int) -> bytes:
        """The bytes from a place on.

        Raises: StorageError when the file ends before.
        """
        parts = []
        with storage_errors(_DOING, self._folder, intact=_INTACT):
            while n_bytes and (part := os.pread(self._file, min(n_bytes, _MOST_BYTES), place)):
                parts.append(part)
                place, n_bytes = place + len(part), n_bytes - len(part)
        if n_bytes:
            raise StorageError(f"a file in {self._folder} ends {n_bytes:,} bytes too early; run the step again")
        return parts[0] if len(parts) == 1 else b"".join(parts)


def runs_of(rows: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Places in `rows`, from and to, between which the row numbers follow one another."""
    cuts = np.flatnonzero(np.diff(rows) != 1) + 1
    bounds = [0, *cuts.tolist(), len(rows)]
    return ((start, stop) for start, stop in itertools.pairwise(bounds) if start < stop)
