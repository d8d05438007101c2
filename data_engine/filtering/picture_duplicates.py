"""Near-duplicate pictures: a 64-bit difference hash finds candidates, a comparison of small pictures decides.

A sketch is 8 bytes of hash (Krawetz 2013: whether each of 8 x 8 cells is darker than the one to its right), then 1,024
bytes of 32 x 32 luma and 32 bytes of 4 x 4 colours (Cb and Cr). The hash alone takes different things of one outline
for the same; the small pictures do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_engine.errors import InvalidInput

#: Hashes that differ in at most this many of 64 bits are candidates.
MAX_DISTANCE = 7
_N_BANDS = 4
_SIDE = 32
_LUMA, _CHROMA = slice(8, 8 + _SIDE * _SIDE), slice(8 + _SIDE * _SIDE, 40 + _SIDE * _SIDE)
SKETCH_BYTES = _CHROMA.stop
#: Places of cells in a sketch. Most pictures differ in one of some cells, of every row and column of the picture.
_ALL_CELLS = np.arange(_LUMA.start, _LUMA.stop)
_SOME_CELLS = _ALL_CELLS[::15]
#: Bits of a 16-bit band that may differ: four bands that differ by at most 7 bits have one that differs by at most 1.
_PROBES = np.array([0, *(1 << bit for bit in range(16))], dtype=np.uint16)
_ROWS_AT_ONCE = 1024
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


def sketch_of(picture: Image.Image) -> bytes:
    """The sketch of an RGB picture: 1,064 bytes."""
    # Overlapping triangles, not boxes: a box's sum jumps with the size of the picture, where an edge runs through it.
    small = picture.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=3.0)
    luma, *chroma = small.convert("YCbCr").split()
    cells = np.asarray(luma.resize((9, 8), Image.Resampling.BILINEAR), dtype=np.int16)
    bits = np.packbits(cells[:, :-1] < cells[:, 1:])
    return bits.tobytes() + b"".join(part.tobytes() for part in (luma, *(plane.reduce(8) for plane in chroma)))


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
            lumas = sketches[rows, _LUMA].astype(np.float32)
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
        colours = self.sketches[others, _CHROMA].astype(np.int16) - self.sketches[row, _CHROMA].astype(np.int16)
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
    candidates = _candidates(rows[:, :8].copy().view(np.uint64)[:, 0], n_accepted)
    is_kept = np.ones(len(rows), dtype=bool)
    twins: list[PictureTwin | None] = []
    for number in range(n_accepted, len(rows)):
        found = candidates[number - n_accepted]
        found = found[is_kept[found]]
        pieces = (found[start : start + _ROWS_AT_ONCE] for start in range(0, len(found), _ROWS_AT_ONCE))
        alike = np.concatenate([np.empty(0), *(small.similarities(number, some, least=threshold) for some in pieces)])
        best = int(np.argmax(alike)) if len(alike) else 0
        if not len(alike) or alike[best] < threshold:
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
        pairs = np.concatenate(
            [_band_pairs(bands[:, band], orders[band], hashes, start, stop) for band in range(_N_BANDS)]
        )
        pairs = np.unique(pairs, axis=0)
        ends = np.searchsorted(pairs[:, 0], np.arange(start, stop + 1))
        found += [pairs[ends[n] : ends[n + 1], 1] for n in range(stop - start)]
    return found


def _band_pairs(
    band: NDArray[np.uint16], order: NDArray[np.int64], hashes: NDArray[np.uint64], start: int, stop: int
) -> NDArray[np.int64]:
    """(row, earlier row) within `MAX_DISTANCE` bits that agree in this band but for one bit, of some rows."""
    ordered = band[order]
    rows = np.repeat(np.arange(start, stop), len(_PROBES))
    probes = (band[start:stop, None] ^ _PROBES[None, :]).ravel()
    first, last = np.searchsorted(ordered, probes, "left"), np.searchsorted(ordered, probes, "right")
    pairs = []
    # Common bands, such as those of white margins, hold many rows; each probe is cut down as soon as it is looked up.
    for row, begin, end in zip(rows.tolist(), first.tolist(), last.tolist(), strict=True):
        others = order[begin:end]
        if begin == end:
            continue
        others = others[others < row]
        near = others[np.bitwise_count(hashes[others] ^ hashes[row]) <= MAX_DISTANCE]
        if len(near):
            pairs.append(np.stack([np.full(len(near), row), near], axis=1))
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)
