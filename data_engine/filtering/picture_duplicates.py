"""Near-duplicate pictures: a 64-bit difference hash finds candidates, a comparison of small pictures decides.

The hash alone takes different things of one outline for the same; the small pictures do not. `picture_sketches` says
what is in a sketch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.filtering.picture_sketches import HASH, SKETCH_BYTES
from data_engine.filtering.small_pictures import ROWS_AT_ONCE, SmallPictures

#: Hashes that differ in at most this many of 64 bits are candidates.
MAX_DISTANCE = 7
_N_BANDS = 4
#: Bits of a 16-bit band that may differ: four bands that differ by at most 7 bits have one that differs by at most 1.
_PROBES = np.array([0, *(1 << bit for bit in range(16))], dtype=np.uint16)
_PAIRS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class PictureTwin:
    """The kept picture that a picture repeats."""

    is_accepted: bool
    """Whether `row` counts the accepted pictures, or those of the batch."""
    row: int
    similarity: float


def find_picture_twins(
    sketches: Sequence[bytes], *, threshold: float, accepted: Sequence[bytes] = ()
) -> list[PictureTwin | None]:
    """The kept picture that each picture nearly repeats, or None for those to keep.

    Pictures are judged in their order, against the accepted ones and those of the batch that are kept, so that an
    accepted picture is never dropped for a newcomer and no chain of likenesses is merged. The most similar one is
    named; of equally similar ones an accepted one, then the first.

    Args:
        sketches: n sketches of the batch, in order of precedence.
        threshold: Similarity at and above which a picture is a near-duplicate.
        accepted: Sketches of the pictures that were kept before.

    Raises: InvalidInput when a sketch has another length than this code writes.
    """
    rows = _stacked([*accepted, *sketches])
    n_accepted = len(accepted)
    candidates = _candidates(rows[:, HASH].copy().view(np.uint64)[:, 0], n_accepted)
    small, place = _compared(rows, n_accepted, candidates)
    is_kept = np.ones(len(rows), dtype=bool)
    twins: list[PictureTwin | None] = []
    for number in range(n_accepted, len(rows)):
        found = candidates[number - n_accepted]
        found = found[is_kept[found]]
        if not len(found):
            twins.append(None)
            continue
        pieces = (found[start : start + ROWS_AT_ONCE] for start in range(0, len(found), ROWS_AT_ONCE))
        alike = np.concatenate([small.similarities(place[number], place[some], least=threshold) for some in pieces])
        best = int(np.argmax(alike))
        if alike[best] < threshold:
            twins.append(None)
            continue
        is_kept[number] = False
        row, of_accepted = int(found[best]), bool(found[best] < n_accepted)
        twins.append(PictureTwin(of_accepted, row if of_accepted else row - n_accepted, float(alike[best])))
    return twins


def _compared(
    rows: NDArray[np.uint8], n_accepted: int, candidates: Sequence[NDArray[np.int64]]
) -> tuple[SmallPictures, NDArray[np.int64]]:
    """The small pictures of those rows that are compared at all, and the place of each row among them."""
    is_compared = np.zeros(len(rows), dtype=bool)
    for number, found in enumerate(candidates, start=n_accepted):
        if len(found):
            is_compared[number] = True
            is_compared[found] = True
    return SmallPictures.of(rows[is_compared]), np.cumsum(is_compared) - 1


def _stacked(sketches: Sequence[bytes]) -> NDArray[np.uint8]:
    wrong = next((len(sketch) for sketch in sketches if len(sketch) != SKETCH_BYTES), None)
    if wrong is not None:
        raise InvalidInput(
            f"a sketch of a picture has {wrong} bytes, {SKETCH_BYTES} are written by this version; run first_pass again"
        )
    return np.frombuffer(b"".join(sketches), dtype=np.uint8).reshape(-1, SKETCH_BYTES)


def _candidates(hashes: NDArray[np.uint64], n_accepted: int) -> list[NDArray[np.int64]]:
    """For every hash after the accepted ones, the rows before it within `MAX_DISTANCE` bits, ascending; all of them.

    Source: Norouzi, Punjani and Fleet 2012, Fast Search in Hamming Space with Multi-Index Hashing.
    """
    bands = hashes.view(np.uint16).reshape(-1, _N_BANDS)
    orders = [np.argsort(bands[:, band], kind="stable") for band in range(_N_BANDS)]
    found: list[NDArray[np.int64]] = []
    for start in range(n_accepted, len(hashes), ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, len(hashes))
        of_bands = [_band_pairs(bands[:, band], orders[band], hashes, start, stop) for band in range(_N_BANDS)]
        # A pair is one number, which sorts as the pair does.
        rows, others = np.divmod(np.unique(np.concatenate(of_bands)), len(hashes))
        ends = np.searchsorted(rows, np.arange(start, stop + 1))
        found += [others[ends[n] : ends[n + 1]] for n in range(stop - start)]
    return found


def _band_pairs(
    band: NDArray[np.uint16], order: NDArray[np.int64], hashes: NDArray[np.uint64], start: int, stop: int
) -> NDArray[np.int64]:
    """row * n_hashes + earlier row, of pairs within `MAX_DISTANCE` bits that agree in this band but for one bit."""
    ordered = band[order]
    rows = np.repeat(np.arange(start, stop), len(_PROBES))
    probes = (band[start:stop, None] ^ _PROBES[None, :]).ravel()
    first, last = np.searchsorted(ordered, probes, "left"), np.searchsorted(ordered, probes, "right")
    pairs = [np.empty(0, np.int64)]
    # Common bands, such as those of white margins, hold many rows: only some probes are looked up at once.
    for some in _pieces(last - first, _PAIRS_AT_ONCE):
        counts = last[some] - first[some]
        ends = np.cumsum(counts)
        others = order[np.arange(counts.sum()) + np.repeat(first[some] - ends + counts, counts)]
        mine = np.repeat(rows[some], counts)
        is_near = (others < mine) & (np.bitwise_count(hashes[others] ^ hashes[mine]) <= MAX_DISTANCE)
        pairs.append(mine[is_near] * len(hashes) + others[is_near])
    return np.concatenate(pairs)


def _pieces(counts: NDArray[np.int64], most: int) -> Iterator[slice]:
    """Slices of the counts that add up to at most so many each, or hold a single count."""
    ends, start = np.cumsum(counts), 0
    while start < len(counts):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + most, "right")))
        yield slice(start, stop)
        start = stop
