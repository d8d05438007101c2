"""Segments of many batches in one, so that a new batch looks at a few of them and not at one of every batch before it.

Segments of single batches are in `accepted_index.py`; there may be a few beside merged ones. As there are more, they
are merged with the merged ones of about their size, up to a size that a merge holds in memory. Like a segment, a merged
one says nothing that the tables do not.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from data_engine.places.place import local_copy
from data_engine.storage.accepted_index import MERGED, Places, Segment, SketchIndex, delete_segment, mapped_arrays
from data_engine.storage.atomic_files import replace_file
from data_engine.storage.checksums import seal, verify
from data_engine.storage.storage_errors import storage_errors

logger = getLogger(__name__)

#: So many segments of single batches are read side by side before they are merged.
FEW_SEGMENTS = 16
#: A merged segment has no more samples than this, so that a merge takes less than a gigabyte.
_MOST_SAMPLES = 1_000_000


@dataclass(frozen=True, eq=False)
class AcceptedSegment:
    """A segment of one batch or of several, of which some are asked for."""

    segment: Segment
    batches: tuple[str, ...]
    versions: tuple[str, ...]
    """Of each batch, what the index calls it in the version that the segment holds."""
    batch_of: NDArray[np.uint32]
    """(n,) the number of the batch of each sample."""
    is_wanted: NDArray[np.bool_]
    """Of each batch, whether it is asked for in this version; rows of others are none of the answer."""
    path: Path | None = None

    @classmethod
    def of_batch(cls, segment: Segment, batch: str, version: str) -> "AcceptedSegment":
        """The segment of one batch, which is asked for."""
        return cls(segment, (batch,), (version,), np.zeros(len(segment), np.uint32), np.ones(1, bool))

    def by_batch(self, rows: Places) -> Iterator[tuple[str, Places]]:
        """Some rows by the batches that are asked for, in the order of the rows."""
        numbers = np.asarray(self.batch_of[rows])
        for number in np.unique(numbers).tolist():
            if self.is_wanted[number]:
                yield self.batches[number], rows[numbers == number]

    def masked(self, taken: set[str]) -> "AcceptedSegment":
        """The same without some batches."""
        is_wanted = self.is_wanted & np.array([batch not in taken for batch in self.batches], bool)
        return AcceptedSegment(self.segment, self.batches, self.versions, self.batch_of, is_wanted, self.path)

    def wanted_batches(self) -> set[str]:
        """The batches that are asked for."""
        return {batch for batch, is_wanted in zip(self.batches, self.is_wanted.tolist(), strict=True) if is_wanted}


def accepted_segments(
    index: SketchIndex, versions: Mapping[str, str], of_batch: Callable[[str], Segment]
) -> list[AcceptedSegment]:
    """Segments that together hold each of some batches once; where they are many, they are merged now.

    Args:
        index: The segments of the corpus.
        versions: What the index calls each batch in the version that is asked for.
        of_batch: Gives the segment of a single batch, written where it is missing.

    Raises: StorageError when the disk is full or fails.
    """
    merged, covered = [], set[str]()
    for each in _merged(index, versions):
        part = each.masked(covered)
        if part.is_wanted.any():
            merged.append(part)
            covered |= part.wanted_batches()
    singles = [
        AcceptedSegment.of_batch(of_batch(batch), batch, version)
        for batch, version in versions.items()
        if batch not in covered
    ]
    if len(singles) <= FEW_SEGMENTS:
        return merged + singles
    small = _of_their_size(merged, sum(len(each.segment) for each in singles))
    kept = [each for each in merged if each not in small]
    return kept + [_write(index, part) for part in _in_parts(small + singles)]


def read_merged(path: Path) -> AcceptedSegment | None:
    """A merged segment, all of whose batches are asked for; None for a damaged one, which is logged."""
    try:
        copy = local_copy(path)
        verify(copy)
        said, batch_of, *arrays = mapped_arrays(copy, 6)
        members = json.loads(bytes(said))
    except (OSError, ValueError) as error:
        logger.warning("%s, accepted samples of many batches, is damaged and is made anew (%s)", path, error)
        return None
    batches, versions = (tuple(member[place] for member in members) for place in (0, 1))
    return AcceptedSegment(Segment(*arrays), batches, versions, batch_of, np.ones(len(batches), bool), path)


def _merged(index: SketchIndex, versions: Mapping[str, str]) -> Iterator[AcceptedSegment]:
    """The merged segments, the largest first; one that is damaged, or all of whose batches are replaced, goes."""
    found = []
    for path in index.folder.glob(f"*{MERGED}"):
        each = read_merged(path)
        if each is None:
            delete_segment(path)
            continue
        pairs = list(zip(each.batches, each.versions, strict=True))
        is_wanted = np.array([versions.get(batch) == version for batch, version in pairs], bool)
        if all(versions.get(batch, version) != version for batch, version in pairs):
            delete_segment(path)
            continue
        found.append(AcceptedSegment(each.segment, each.batches, each.versions, each.batch_of, is_wanted, path))
    yield from sorted(found, key=lambda each: (-len(each.segment), each.path))


def _of_their_size(merged: Sequence[AcceptedSegment], n_samples: int) -> list[AcceptedSegment]:
    """Merged segments to merge again with so many samples: small ones, and those that hold little of use."""
    chosen = []
    for each in sorted(merged, key=lambda each: len(each.segment)):
        n = len(each.segment)
        if (n <= 2 * n_samples and n + n_samples <= _MOST_SAMPLES) or 2 * int(each.is_wanted.sum()) < len(each.batches):
            chosen.append(each)
            n_samples += n
    return chosen


def _in_parts(segments: Sequence[AcceptedSegment]) -> Iterator[list[AcceptedSegment]]:
    """The segments in groups that are small enough to be merged."""
    part: list[AcceptedSegment] = []
    for each in segments:
        if part and sum(len(other.segment) for other in part) + len(each.segment) > _MOST_SAMPLES:
            yield part
            part = []
        part.append(each)
    if part:
        yield part


def _write(index: SketchIndex, parts: Sequence[AcceptedSegment]) -> AcceptedSegment:
    """Merge segments on disk, and delete those that were merged."""
    members = [
        (batch, version)
        for part in parts
        for batch, version, is_wanted in zip(part.batches, part.versions, part.is_wanted.tolist(), strict=True)
        if is_wanted
    ]
    said = json.dumps(members).encode()
    path = index.folder / f"{xxhash.xxh3_128_hexdigest(said)}{MERGED}"
    segment, batch_of = _joined(parts)

    def fill(temporary: Path) -> None:
        with temporary.open("wb") as file:
            for array in (np.frombuffer(said, np.uint8), batch_of):
                np.save(file, array, allow_pickle=False)
            segment.write(file)
        seal(temporary, path.name)

    with storage_errors("merging the accepted samples of batches", path, intact="the index is as it was"):
        replace_file(path, fill)
        for part in parts:
            if part.path is not None and part.path != path:
                delete_segment(part.path)
        for batch, version in members:
            delete_segment(index.path(batch, version))
        found = read_merged(path)
        if found is None:
            raise OSError("it cannot be read after it was written")
    return found


def _joined(parts: Sequence[AcceptedSegment]) -> tuple[Segment, NDArray[np.uint32]]:
    """The samples of all batches that are asked for in one segment, and the number of the batch of each."""
    ids, sketches, batch_of, keys, rows = [], [], [], [], []
    n_rows = n_batches = 0
    for part in parts:
        new_number = np.cumsum(part.is_wanted) - 1 + n_batches
        is_kept = part.is_wanted[part.batch_of]
        place = np.cumsum(is_kept) - 1 + n_rows
        ids.append(part.segment.ids[is_kept])
        sketches.append(part.segment.sketches[is_kept])
        batch_of.append(new_number[part.batch_of[is_kept]])
        is_kept_key = is_kept[part.segment.rows]
        # Every sample with a sketch has a key in every band, so that bands stay of one length.
        shape = (len(part.segment.rows), -1)
        keys.append(part.segment.keys[is_kept_key].reshape(shape))
        rows.append(place[part.segment.rows[is_kept_key]].reshape(shape))
        n_rows, n_batches = n_rows + int(is_kept.sum()), n_batches + int(part.is_wanted.sum())
    every = np.concatenate(ids)
    order = np.lexsort((every[:, 1], every[:, 0]))
    place = np.empty(len(order), np.uint32)
    place[order] = np.arange(len(order), dtype=np.uint32)
    all_keys, all_rows = np.concatenate(keys, axis=1), place[np.concatenate(rows, axis=1)]
    for band in range(len(all_keys)):
        by_key = np.argsort(all_keys[band], kind="stable")
        all_keys[band], all_rows[band] = all_keys[band][by_key], all_rows[band][by_key]
    segment = Segment(every[order], np.concatenate(sketches)[order], all_keys, all_rows.astype(np.uint32))
    return segment, np.concatenate(batch_of)[order].astype(np.uint32)
