"""Accepted samples on disk, found by id or by any of their keys: a sorted, memory-mapped segment per batch.

What near-duplicates are, and which keys they share, is in `data_engine.duplicates`.

A segment says of one version of one batch which samples it accepts. It holds nothing that the tables do not: a missing
one is written anew, whole or not at all, so a killed run leaves nothing half, and what a batch accepted in another
version is in another segment. A look-up reads the pages it needs; only its answers are held in memory. Segments of many
batches are merged, in `merged_segments.py`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from logging import getLogger
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import xxhash
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.places.place import drop_copy, local_copy
from data_engine.storage.atomic_files import replace_file
from data_engine.storage.checksums import seal, verify
from data_engine.storage.storage_errors import storage_errors

logger = getLogger(__name__)

#: How the names of merged segments end.
MERGED = ".merged"

Keys = NDArray[np.uint64]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Segment:
    """The accepted samples of one batch, sorted by id; all arrays are maps of one file."""

    ids: Keys
    """(n, 2) the 128 bits of each sample id, ascending."""
    sketches: NDArray[np.uint8]
    """(n, width) bytes of each sketch; of a sample without one they have no meaning."""
    keys: Keys
    """(n_bands, n_entries) keys, ascending in each band."""
    rows: NDArray[np.uint32]
    """(n_bands, n_entries) the sample of each key."""

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.ids)

    @cached_property
    def _has_sketch(self) -> NDArray[np.bool_]:
        present = np.zeros(len(self), bool)
        if len(self.rows):
            present[self.rows[0]] = True
        return present

    def rows_of_ids(self, ids: Keys) -> Places:
        """Rows of the samples among these ids (m, 2), ascending."""
        return self.rows_of_sorted_ids(np.unique(ids, axis=0))

    def rows_of_sorted_ids(self, wanted: Keys) -> Places:
        """Rows of the samples among these ids (m, 2), which are ascending and different; ascending."""
        if len(self) == 0:
            return np.empty(0, np.int64)
        found, which = _equal(self.ids[:, 0], wanted[:, 0])
        rows: Places = found[self.ids[found, 1] == wanted[which, 1]]
        return rows

    def rows_of_keys(self, keys: Keys) -> Places:
        """Rows of the samples that have any of these keys in its band.

        Args:
            keys: (n_bands, m) keys, ascending in each band.

        Returns: row numbers, ascending, each once.

        Raises: InvalidInput for another number of bands.
        """
        if keys.shape[0] != len(self.keys):
            raise InvalidInput(
                f"keys are given for {keys.shape[0]} bands but the segment has {len(self.keys)}; "
                "open the segment of the same settings"
            )
        found = [np.empty(0, np.int64)]
        for here, rows, wanted in zip(self.keys, self.rows, keys, strict=True):
            found.append(np.unique(rows[_equal(here, wanted)[0]]).astype(np.int64))
        return np.unique(np.concatenate(found))

    def sample_ids(self, rows: Places) -> list[str]:
        """The ids of these rows, 32 hexadecimal digits each."""
        return [f"{high:016x}{low:016x}" for high, low in self.ids[rows].tolist()]

    def sketch_bytes(self, rows: Places) -> list[bytes | None]:
        """The sketches of these rows; None for samples without one."""
        present = self._has_sketch[rows].tolist()
        return [
            row.tobytes() if has_sketch else None for row, has_sketch in zip(self.sketches[rows], present, strict=True)
        ]

    def write(self, file: BinaryIO) -> None:
        """Write the arrays one after the other, as NumPy does."""
        for array in (self.ids, self.sketches, self.keys, self.rows):
            np.save(file, np.ascontiguousarray(array), allow_pickle=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Map the file of a segment into memory.

        Raises: ValueError when it is no segment; OSError as the disk gives it.
        """
        return cls(*mapped_arrays(path, 4))


def mapped_arrays(path: Path, n_arrays: int) -> list[NDArray[Any]]:
    """Map the first arrays of a file into memory, as NumPy wrote them one after the other.

    Raises: ValueError where they are not there; OSError as the disk gives it.
    """
    maps = []
    with path.open("rb") as file:
        for _ in range(n_arrays):
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            start, size = file.tell(), int(np.prod(shape)) * dtype.itemsize
            if start + size > path.stat().st_size:
                raise ValueError(f"{path} ends before its arrays do")
            empty = np.empty(shape, dtype)
            maps.append(np.memmap(path, dtype, "r", start, shape) if size else empty)
            file.seek(start + size)
    return maps


def _members(path: Path) -> list[tuple[str, str]]:
    """The batches of a merged segment and their versions; none of one that is damaged, which is never read."""
    try:
        return [(batch, version) for batch, version in json.loads(bytes(mapped_arrays(path, 1)[0]))]
    except (OSError, ValueError):
        return []


@dataclass(frozen=True)
class SketchIndex:
    """The segments of one corpus, at `folder`."""

    folder: Path

    def open(self, batch: str, version: str) -> Segment | None:
        """The segment of a batch in a version; None when it has to be written.

        A damaged one counts as missing, which is logged.
        """
        path = self.path(batch, version)
        if not path.exists():
            return None
        try:
            copy = local_copy(path)
            verify(copy)
            return Segment.read(copy)
        except (OSError, ValueError) as error:
            logger.warning("%s, the accepted samples of %r, is damaged and is computed anew (%s)", path, batch, error)
            return None

    def write(
        self,
        batch: str,
        version: str,
        *,
        sample_ids: Sequence[str],
        sketches: NDArray[np.uint8],
        keys: Keys,
        rows: Places,
    ) -> Segment:
        """Write the segment of a batch in a version, and delete those of its other versions.

        Args:
            batch: The batch.
            version: Whatever changes when the samples or the keys do.
            sample_ids: n ids of 32 hexadecimal digits, each once.
            sketches: (n, width) their sketches; any bytes for samples without one.
            keys: (n_bands, n_entries) the keys of the samples that have a sketch; sorted in place.
            rows: (n_entries,) which sample each entry is of.

        Raises: StorageError when the disk is full or fails.
        """
        ids = ids_as_numbers(sample_ids)
        order = np.lexsort((ids[:, 1], ids[:, 0]))
        place = np.empty(len(order), np.uint32)
        place[order] = np.arange(len(order), dtype=np.uint32)
        sample_of = np.empty(keys.shape, np.uint32)
        for band, here in enumerate(keys):
            by_key = np.argsort(here)
            keys[band], sample_of[band] = here[by_key], place[rows[by_key]]
        segment = Segment(ids[order], sketches[order], keys, sample_of)
        path = self.path(batch, version)

        def fill(temporary: Path) -> None:
            with temporary.open("wb") as file:
                segment.write(file)
            seal(temporary, path.name)

        with storage_errors(f"indexing the accepted samples of {batch!r}", path, intact="the index is as it was"):
            replace_file(path, fill)
            drop_copy(path)
            for other in self.folder.glob(f"{path.name.partition('-')[0]}-*.sketches"):
                if other != path:
                    delete_segment(other)
            return Segment.read(local_copy(path))

    def forget(self, batch: str) -> None:
        """Delete the segments of a batch that is no longer there, merged ones with it included."""
        for path in self.folder.glob(f"*{MERGED}"):
            if batch in dict(_members(path)):
                delete_segment(path)
        prefix = self.path(batch, "").name.partition("-")[0]
        for path in self.folder.glob(f"{prefix}-*.sketches"):
            delete_segment(path)

    def path(self, batch: str, version: str) -> Path:
        """The file of the segment of a batch in a version."""
        names = (xxhash.xxh3_64(text.encode()).hexdigest() for text in (batch, version))
        return self.folder / f"{'-'.join(names)}.sketches"


def delete_segment(path: Path) -> None:
    """Delete the file of a segment, and the copy on this host of one behind a URL."""
    path.unlink(missing_ok=True)
    drop_copy(path)


def ids_as_numbers(sample_ids: Sequence[str]) -> Keys:
    """(n, 2) the high and the low 64 bits of ids of 32 hexadecimal digits."""
    flat = np.frombuffer(bytes.fromhex("".join(sample_ids)), ">u8")
    return flat.reshape(-1, 2).astype(np.uint64)


def _equal(ascending: Keys, wanted: Keys) -> tuple[Places, Places]:
    """Places of the wanted values (ascending too) in an ascending array, and which wanted value is there."""
    first = np.searchsorted(ascending, wanted, side="left")
    # Most values are in there nowhere; the search for the end of a run is for the others.
    near = np.flatnonzero(ascending[np.minimum(first, len(ascending) - 1)] == wanted) if len(ascending) else first[:0]
    counts = np.searchsorted(ascending, wanted[near], side="right") - first[near]
    steps = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(first[near], counts) + steps, np.repeat(near, counts)
