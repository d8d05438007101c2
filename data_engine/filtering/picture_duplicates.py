"""Near-duplicate pictures: a 64-bit difference hash finds candidates, a comparison of small pictures decides.

A sketch is 8 bytes of hash (Krawetz 2013: whether each of 8 x 8 cells is darker than the one to its right), then 256
bytes of 16 x 16 luma and 32 bytes of 4 x 4 colours (Cb and Cr). The hash alone takes different things of one outline
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
_LUMA, _CHROMA = 256, 32
SKETCH_BYTES = 8 + _LUMA + _CHROMA
#: Bits of a 16-bit band that may differ: four bands that differ by at most 7 bits have one that differs by at most 1.
_PROBES = np.array([0, *(1 << bit for bit in range(16))], dtype=np.uint16)
_ROWS_AT_ONCE = 1024
#: Another brightness shifts colours by as much, and another size the luma of a cell on an edge.
_SLACK = 16
#: Of a lower correlation than this no cut of a border makes a likeness that counts.
_LEAST_TO_ALIGN = 0.8
#: Cells that may differ at will, such as those under a small mark.
_N_FREE_CELLS = 7


@dataclass(frozen=True)
class PictureTwin:
    """The kept picture that a picture repeats."""

    is_accepted: bool
    """Whether `row` counts the accepted pictures, or those of the batch."""
    row: int
    similarity: float


def sketch_of(picture: Image.Image) -> bytes:
    """The sketch of an RGB picture: 296 bytes."""
    small = picture.resize((72, 64), Image.Resampling.BOX, reducing_gap=1.5)
    cells = np.asarray(small.convert("L").resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
    bits = np.packbits(cells[:, :-1] < cells[:, 1:])
    luma, *chroma = small.convert("YCbCr").split()
    parts = [luma.resize((16, 16), Image.Resampling.BOX), *(c.resize((4, 4), Image.Resampling.BOX) for c in chroma)]
    return bits.tobytes() + b"".join(part.tobytes() for part in parts)


def similarities(sketch: NDArray[np.uint8], others: NDArray[np.uint8], *, least: float = 0.0) -> NDArray[np.float64]:
    """How alike small pictures are: 1 is the same, below 0.9 another picture.

    The smallest of three likenesses: the correlation of the lumas (whatever brightness and contrast); 1 - what is left
    of a cell's luma / 128, once the one picture has the brightness and contrast of the other, where 16 count as none
    and the seven worst cells do not count; and 1 - the largest difference of a cell's colour / 128, where 16 count as
    none. A large even background correlates whatever lies on it; what is left of the cells tells two prints on it
    apart. Lumas are compared as they are, and with 2 % and 4 % of each border of either one cut off; the best counts.
    Where a picture has no contrast, the mean difference of the lumas takes the place of all that.

    Args:
        sketch: (296,) bytes of one sketch.
        others: (n, 296) bytes of others.
        least: Below this, any smaller likeness will do; cells and borders are then looked at only where colours and
            correlation leave it open.
    """
    luma, lumas = sketch[8 : 8 + _LUMA].astype(np.float32), others[:, 8 : 8 + _LUMA].astype(np.float32)
    centred, all_centred = luma - luma.mean(), lumas - lumas.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred) * np.linalg.norm(all_centred, axis=1)
    has_contrast = norms > 2.0 * _LUMA
    correlation = np.where(has_contrast, all_centred @ centred / np.where(has_contrast, norms, 1.0), 0.0)
    likeness = np.where(has_contrast, correlation, 1 - np.abs(lumas - luma).mean(axis=1) / 128)
    colour = np.abs(others[:, 8 + _LUMA :].astype(np.int16) - sketch[8 + _LUMA :].astype(np.int16)).max(axis=1)
    colour_likeness = 1 - np.maximum(colour - _SLACK, 0) / 128
    is_open = has_contrast & (colour_likeness >= least) & (correlation >= min(least, _LEAST_TO_ALIGN))
    likeness[is_open] = _aligned_likeness(luma, lumas[is_open])
    alike: NDArray[np.float64] = np.minimum(likeness, colour_likeness)
    return alike


def _aligned_likeness(luma: NDArray[np.float32], lumas: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) the best likeness of one luma with others, over the borders that may have been cut off."""
    if not len(lumas):
        return np.empty(0, dtype=np.float32)
    best = _luma_likeness(luma[None], lumas)
    for cut in _CUTS:
        best = np.maximum(best, _luma_likeness(_without_border(luma[None], cut), lumas))
        best = np.maximum(best, _luma_likeness(luma[None], _without_border(lumas, cut)))
    return best


def _cut(share: float) -> NDArray[np.float32]:
    """(16, 16) matrix that takes a line of cells to those of the picture without this share of each end."""
    places = ((np.arange(16) + 0.5) / 16 * (1 - 2 * share) + share) * 16 - 0.5
    before = np.clip(np.floor(places).astype(np.int64), 0, 14)
    weight = np.clip(places - before, 0, 1)
    along = np.zeros((16, 16))
    along[np.arange(16), before], along[np.arange(16), before + 1] = 1 - weight, weight
    return along.astype(np.float32)


def _without_border(lumas: NDArray[np.float32], cut: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 256) to (n, 256) lumas, by rows and columns of the 16 x 16 cells in turn."""
    across = np.matmul(lumas.reshape(-1, 16, 16), cut.T)
    without: NDArray[np.float32] = np.matmul(cut, across, dtype=np.float32).reshape(-1, _LUMA)
    return without


_CUTS = (_cut(0.02), _cut(0.04))


def _luma_likeness(lumas: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) the smaller of the correlation and the likeness of the cells, of n pairs, or of one luma and n others."""
    centred, all_centred = (some - some.mean(axis=1, keepdims=True) for some in (lumas, others))
    norms, all_norms = (np.maximum(np.linalg.norm(some, axis=1), 1e-6) for some in (centred, all_centred))
    correlation = (centred * all_centred).sum(axis=1) / (norms * all_norms)
    left = np.abs(centred * (all_norms / norms)[:, None] - all_centred)
    worst = np.partition(left, -_N_FREE_CELLS - 1, axis=1)[:, -_N_FREE_CELLS - 1]
    alike: NDArray[np.float32] = np.minimum(correlation, 1 - np.maximum(worst - _SLACK, 0) / 128)
    return alike


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
    candidates = _candidates(rows[:, :8].copy().view(np.uint64)[:, 0], n_accepted)
    is_kept = np.ones(len(rows), dtype=bool)
    twins: list[PictureTwin | None] = []
    for number in range(n_accepted, len(rows)):
        found = candidates[number - n_accepted]
        found = found[is_kept[found]]
        alike = similarities(rows[number], rows[found], least=threshold) if len(found) else np.empty(0)
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
