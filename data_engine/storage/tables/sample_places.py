"""In which row groups of a table a sample is told of, by the start of its id, so that no others are read.

Files never change and none is ever given the name of another, so what is known of one stays true. Sorted starts of ids
lie in artefacts (generations) with the places of their rows: as there are more, the small generations are merged into a
larger one, so that there are few. They hold nothing that the table does not: what is missing or damaged is made anew.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from data_engine.places.place import local_copy
from data_engine.storage.artefacts import Artefacts

logger = getLogger(__name__)

#: What is not in a generation is read whole, up to so many rows and files.
_FEW_ROWS, _FEW_FILES = 1 << 20, 64
#: Generations of more rows than this are merged no more; it bounds the memory of a merge to a gigabyte, about.
_MOST_MERGED = 1 << 25
#: Digits of an id that are kept: the first two say the bucket, the others are four bytes.
_DIGITS, _BUCKETS = 10, 256

#: A row group: the path of its file in the folder of the table, and its number there.
Place = tuple[str, int]


@dataclass(frozen=True, eq=False)
class _Generation:
    """Starts of ids, ascending in each bucket, and for each the number of its place."""

    name: str
    places: list[Place]
    ends: NDArray[np.int64]
    """(256,) where each bucket ends."""
    sums: list[int]
    """Of each bucket, its checksum."""
    starts: NDArray[np.uint32]
    numbers: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.starts)

    def bucket(self, bucket: int) -> slice:
        """Where a bucket is. Raises: ValueError where its bytes are not those that were written."""
        here = slice(int(self.ends[bucket - 1]) if bucket else 0, int(self.ends[bucket]))
        if _sum_of(self.starts[here], self.numbers[here]) != self.sums[bucket]:
            raise ValueError("it has another checksum than when it was written")
        return here

    def places_of(self, first: int, last: int) -> set[Place]:
        """The places of ids whose start is in a range, both ends included."""
        found: set[Place] = set()
        for bucket in range(first >> 32, (last >> 32) + 1):
            here = self.bucket(bucket)
            low, high = max(first, bucket << 32) & 0xFFFFFFFF, min(last, (bucket << 32) + 0xFFFFFFFF) & 0xFFFFFFFF
            starts = self.starts[here]
            begin, end = np.searchsorted(starts, low, "left"), np.searchsorted(starts, high, "right")
            found |= {self.places[number] for number in np.unique(self.numbers[here][begin:end]).tolist()}
        return found

    def keys(self) -> NDArray[np.uint64]:
        """(n,) the starts with their buckets, ascending."""
        counts = np.diff(self.ends, prepend=0)
        buckets = np.repeat(np.arange(_BUCKETS, dtype=np.uint64), counts)
        keys: NDArray[np.uint64] = (buckets << np.uint64(32)) | self.starts
        return keys


def rows_of_sample(
    dataset: Any, columns: Sequence[str], artefacts: Artefacts, name: str, id_start: str
) -> Iterator[pa.Table]:
    """The rows of a table about the samples whose id begins so, file by file in the order of the table.

    Args:
        dataset: All of the table as `table_scan.dataset_of` gives it.
        columns: Columns wanted, in this order.
        artefacts: Where the places of ids are kept.
        name: The table's, under which they are.
        id_start: The start of an id, of four digits or more.

    Raises: OSError, ArrowException as Arrow does for a file that is damaged.
    """
    if not hasattr(dataset, "filesystem"):
        return
    is_meant = pc.starts_with(pc.field("sample_id"), id_start)
    files = {fragment.path: fragment for fragment in dataset.get_fragments()}
    index = _Index(artefacts, name)
    unknown = [fragment for path, fragment in files.items() if path not in index.known]
    n_rows = sum(fragment.metadata.num_rows for fragment in unknown)
    if len(unknown) > _FEW_FILES or n_rows > _FEW_ROWS:
        index.add(unknown, files)
        unknown = []
    groups = index.places_of(id_start)
    whole = {fragment.path for fragment in unknown} | (set(files) - index.known)
    for path, fragment in files.items():
        wanted = fragment if path in whole else fragment.subset(row_group_ids=groups[path]) if path in groups else None
        if wanted is not None:
            yield wanted.to_table(schema=dataset.schema, columns=list(columns), filter=is_meant)


class _Index:
    """The generations of one table."""

    def __init__(self, artefacts: Artefacts, name: str) -> None:
        self._artefacts, self._prefix = artefacts, f"places-{name}"
        self._generations: list[_Generation] = []
        for path in artefacts.paths(f"{self._prefix}-*"):
            found = _read(path)
            if found is None:
                artefacts.delete(path.name)
            else:
                self._generations.append(found)
        self.known = {path for each in self._generations for path, _ in each.places}

    def places_of(self, id_start: str) -> dict[str, list[int]]:
        """The row groups that may tell of samples whose id begins so, by file; a damaged generation is let go."""
        digits = np.frombuffer(id_start.encode()[:_DIGITS], np.uint8)
        n_free = 4 * (_DIGITS - len(digits))
        first = int(_folded(digits[None, :])[0]) << n_free
        found: set[Place] = set()
        for each in list(self._generations):
            try:
                found |= each.places_of(first, first + (1 << n_free) - 1)
            except ValueError as error:
                logger.warning("%s is damaged and is made anew (%s)", each.name, error)
                self._let_go([each])
        by_file: dict[str, list[int]] = {}
        for path, group in sorted(found):
            by_file.setdefault(path, []).append(group)
        return by_file

    def add(self, fragments: Sequence[Any], present: Mapping[str, Any]) -> None:
        """Take files in, in one generation with those that are not larger than it."""
        places: list[Place] = []
        keys, numbers = [np.empty(0, np.uint64)], [np.empty(0, np.uint32)]
        for fragment in fragments:
            for group in fragment.row_groups:
                part = fragment.subset(row_group_ids=[group.id])
                found = [start_of(chunk) for chunk in part.to_table(columns=["sample_id"])["sample_id"].chunks]
                keys += found
                numbers.append(np.full(sum(map(len, found)), len(places), np.uint32))
                places.append((fragment.path, group.id))
                if sum(map(len, keys)) > _MOST_MERGED:
                    self._write(keys, numbers, places)
                    keys, numbers, places = [np.empty(0, np.uint64)], [np.empty(0, np.uint32)], []
        merged = self._smaller_than(2 * sum(map(len, keys)), present)
        for each in merged:
            keys.append(each.keys())
            numbers.append(np.asarray(each.numbers) + np.uint32(len(places)))
            places += each.places
        self._write(keys, numbers, places, present)
        self._let_go(merged)

    def _smaller_than(self, n_rows: int, present: Mapping[str, Any]) -> list[_Generation]:
        """The generations to merge with new rows: the small ones, and those whose files are gone for the most part."""
        chosen = []
        for each in sorted(self._generations, key=len):
            n_gone = sum(path not in present for path, _ in each.places)
            if len(each) <= min(n_rows, _MOST_MERGED) or 2 * n_gone > len(each.places):
                chosen.append(each)
                n_rows += len(each)
        return chosen

    def _write(
        self,
        keys: Sequence[NDArray[np.uint64]],
        numbers: Sequence[NDArray[np.uint32]],
        places: list[Place],
        present: Mapping[str, Any] | None = None,
    ) -> None:
        every, number_of = np.concatenate(keys), np.concatenate(numbers)
        if present is not None:
            is_there = np.array([path in present for path, _ in places], bool)
            renumbered = (np.cumsum(is_there) - 1).astype(np.uint32)
            here = is_there[number_of]
            every, number_of = every[here], renumbered[number_of[here]]
            places = [place for place in places if place[0] in present]
        order = np.argsort(every, kind="stable")
        every, number_of = every[order], number_of[order]
        starts = (every & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        ends = np.searchsorted(every, np.arange(1, _BUCKETS + 1, dtype=np.uint64) << np.uint64(32))
        cuts = [slice(begin, end) for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)]
        sums = [_sum_of(starts[cut], number_of[cut]) for cut in cuts]
        head = json.dumps({"places": places, "ends": ends.tolist(), "sums": sums}).encode()
        head += b" " * (-len(head) % 8)
        name = f"{self._prefix}-{xxhash.xxh3_64_hexdigest(head)}"
        content = b"".join([len(head).to_bytes(8, "little"), head, starts.tobytes(), number_of.tobytes()])
        self._artefacts.put(name, content)
        self._generations += [each for path in self._artefacts.paths(name) if (each := _read(path))]
        self.known |= {path for path, _ in places}

    def _let_go(self, generations: Sequence[_Generation]) -> None:
        for each in generations:
            self._artefacts.delete(each.name)
        self._generations = [each for each in self._generations if each not in generations]
        self.known = {path for each in self._generations for path, _ in each.places}


def _read(path: Path) -> _Generation | None:
    """A generation on disk, mapped into memory; None for what is none, which is logged."""
    try:
        copy = local_copy(path)
        with copy.open("rb") as file:
            n_head = int.from_bytes(file.read(8), "little")
            head = file.read(min(n_head, copy.stat().st_size))
        if not path.name.endswith(xxhash.xxh3_64_hexdigest(head)):
            raise ValueError("it has another checksum than when it was written")
        said = json.loads(head)
        ends = np.array(said["ends"], np.int64)
        n = int(ends[-1])
        both = np.memmap(copy, np.uint32, "r", 8 + n_head, (2, n)) if n else np.empty((2, 0), np.uint32)
    except (OSError, ValueError) as error:
        logger.warning("%s is damaged and is made anew (%s)", path, error)
        return None
    return _Generation(path.name, [(file, group) for file, group in said["places"]], ends, said["sums"], *both)


def start_of(sample_ids: pa.Array) -> NDArray[np.uint64]:
    """(n,) the first ten digits of ids as numbers of 40 bits; ids that share them share a number."""
    heads = pc.utf8_slice_codeunits(sample_ids, 0, _DIGITS)
    _, _, values = heads.buffers()
    if heads.offset or values is None or pc.sum(pc.binary_length(heads)).as_py() != _DIGITS * len(heads):
        texts = (text.encode()[:_DIGITS].ljust(_DIGITS, b"0") for text in sample_ids.to_pylist())
        values = b"".join(texts)
    return _folded(np.frombuffer(values, np.uint8, _DIGITS * len(heads)).reshape(-1, _DIGITS))


def _folded(digits: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(n, m) hexadecimal digits as n numbers, the first digit the highest; others count as one of them."""
    values = np.zeros(len(digits), np.uint64)
    for column in digits.T:
        digit = ((column & 15) + 9 * (column > ord("9"))) & 15
        values = (values << np.uint64(4)) | digit.astype(np.uint64)
    return values


def _sum_of(starts: NDArray[np.uint32], numbers: NDArray[np.uint32]) -> int:
    digest = xxhash.xxh3_64(starts.tobytes())
    digest.update(numbers.tobytes())
    return digest.intdigest()
