"""Near-duplicate pictures: a 64-bit difference hash finds candidates, a comparison of small pictures decides.

The hash alone takes different things of one outline for the same; the small pictures do not. `picture_sketches` says
what is in a sketch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.filtering.picture_sketches import CHROMA, HASH, LUMA, SKETCH_BYTES

#: Hashes that differ in at most this many of 64 bits are candidates.
MAX_DISTANCE = 7
_N_BANDS = 4
#: Places of cells in a sketch. Most pictures differ in one of some cells, of every row and column of the picture.
_ALL_CELLS = np.arange(LUMA.start, LUMA.stop)
_SOME_CELLS = _ALL_CELLS[::15]
#: Bits of a 16-bit band that may differ: four bands that differ by at most 7 bits have one that differs by at most 1.
_PROBES = np.array([0, *(1 << bit for bit in range(16))], dtype=np.uint16)
_ROWS_AT_ONCE = 1024
_PAIRS_AT_ONCE = 1 << 20
#: Another brightness shifts colours by as much.
_COLOUR_SLACK = 16
#: Lumas whose standard deviations multiply to no more have nothing to correlate.
_LEAST_CONTRAST = 2.0


@dataclass(frozen=True)
class PictureTwin:
    """The kept picture that a picture repeats."""

    is_accepted: bool
    """Whether `row` counts the accepted pictures, or those of the batch."""
    row: int
    similarity: float


@dataclass(frozen=True)
class SmallPictures:
    """The small pictures of n sketches, to be compared with one another.

    Attributes:
        sketches: (n, 1064) uint8.
        means: (n,) of their lumas.
        norms: (n,) of their lumas less the mean.
    """

    sketches: NDArray[np.uint8]
    means: NDArray[np.float32]
    norms: NDArray[np.float32]

    @classmethod
    def of(cls, sketches: NDArray[np.uint8]) -> "SmallPictures":
        """Those of (n, 1064) bytes."""
        means, norms = np.empty((2, len(sketches)), dtype=np.float32)
        for start in range(0, len(sketches), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            lumas = sketches[rows, LUMA].astype(np.float32)
            means[rows] = lumas.mean(axis=1)
            norms[rows] = np.linalg.norm(lumas - means[rows, None], axis=1)
        return cls(sketches, means, norms)

    def similarities(self, row: int, others: NDArray[np.int64], *, least: float = 0.0) -> NDArray[np.float64]:
        """How alike pictures are: 1 is the same; a limit of 0.97 lets no cell differ by 8 of 255 shades.

        The smallest of three likenesses: the correlation of the lumas; 1 - the largest difference of a cell's luma /
        255, once the fainter picture has the brightness and contrast of the other; and 1 - the largest difference of
        a cell's colour / 128, where 16 count as none. No cell is free, wherever it lies: a print of other letters
        differs in a few cells only, as a mark or a date does. Where a picture has no contrast, the lumas are compared
        as they are.

        Args:
            row: The one picture.
            others: (m,) rows of those that it is compared with.
            least: Below this, any smaller likeness will do, and cells are looked at only as long as it is open.

        Returns: (m,).
        """
        colours = self.sketches[others, CHROMA].astype(np.int16) - self.sketches[row, CHROMA].astype(np.int16)
        alike: NDArray[np.float64] = 1 - np.maximum(np.abs(colours).max(axis=1) - _COLOUR_SLACK, 0) / 128
        for cells in (_SOME_CELLS, _ALL_CELLS):
            is_open = np.flatnonzero(alike >= least)
            alike[is_open] = np.minimum(alike[is_open], self._luma_likeness(row, others[is_open], cells))
        return alike

    def _luma_likeness(self, row: int, others: NDArray[np.int64], cells: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m,) the smaller of the likeness of the worst of some cells and, where these are all, the correlation."""
        norm, norms = self.norms[row], self.norms[others]
        has_contrast = norm * norms > _LEAST_CONTRAST * len(_ALL_CELLS)
        larger = np.where(has_contrast, np.maximum(norm, norms), 1)
        gain, gains = (larger / np.where(has_contrast, some, 1) for some in (norm, norms))
        one = self.sketches[row, cells] - np.where(has_contrast, self.means[row], 0)[:, None]
        many = self.sketches[others[:, None], cells] - np.where(has_contrast, self.means[others], 0)[:, None]
        left = one * gain[:, None] - many * gains[:, None]
        likeness: NDArray[np.float32] = 1 - np.abs(left).max(axis=1) / 255
        if len(cells) < len(_ALL_CELLS):
            return likeness
        # Of two rows of one norm the distance tells the correlation.
        correlation = 1 - np.einsum("ij,ij->i", left, left) / (2 * larger**2)
        return np.where(has_contrast, np.minimum(correlation, likeness), likeness)


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
    n_accepted, small = len(accepted), SmallPictures.of(rows)
    candidates = _candidates(rows[:, HASH].copy().view(np.uint64)[:, 0], n_accepted)
    is_kept = np.ones(len(rows), dtype=bool)
    twins: list[PictureTwin | None] = []
    for number in range(n_accepted, len(rows)):
        found = candidates[number - n_accepted]
        found = found[is_kept[found]]
        if not len(found):
            twins.append(None)
            continue
        pieces = (found[start : start + _ROWS_AT_ONCE] for start in range(0, len(found), _ROWS_AT_ONCE))
        alike = np.concatenate([small.similarities(number, some, least=threshold) for some in pieces])
        best = int(np.argmax(alike))
        if alike[best] < threshold:
            twins.append(None)
            continue
        is_kept[number] = False
        row, of_accepted = int(found[best]), bool(found[best] < n_accepted)
        twins.append(PictureTwin(of_accepted, row if of_accepted else row - n_accepted, float(alike[best])))
    return twins


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
    for start in range(n_accepted, len(hashes), _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, len(hashes))
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
