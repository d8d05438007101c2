"""Sketches of images: what is kept of each to find those that it nearly repeats.

A sketch is 8 bytes of hash (Krawetz 2013: whether each of 8 x 8 cells is darker than the one to its right), then 1,024
bytes of 32 x 32 luma and 32 bytes of 4 x 4 colours (Cb and Cr). `compiled_sketches` makes the same bytes in a fraction
of the time: all weights are whole numbers, whose sums are the same in any order.
"""

from functools import lru_cache
from itertools import pairwise
from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_engine.images import Words
from data_engine.images.grey import PER_SHADE, grey_of

#: Cells on a side of the luma, of the colours, and of the hash: rows, and columns, which are compared with the next.
SIDE, COLOUR_SIDE, HASH_SHAPE = 32, 4, (8, 9)
HASH = slice(0, 8)
LUMA = slice(HASH.stop, HASH.stop + SIDE**2)
CHROMA = slice(LUMA.stop, LUMA.stop + 2 * COLOUR_SIDE**2)
SKETCH_BYTES = CHROMA.stop
#: What the weights of a cell's rows add up to, and those of its columns: 255,000 times as much is below 2^31.
WHOLE_CELL = 2**13
#: Weights of red, green and blue in the two colours (ITU-R BT.601), and how many of them are 1.
CHROMA_WEIGHTS = ((-168_736, -331_264, 500_000), (500_000, -418_688, -81_312))
WHOLE_COLOUR = 1_000_000


class Triangles(NamedTuple):
    """Which pixels of a row or column make up each cell, and with what weight."""

    first: NDArray[np.int64]
    """(n_cells,) the first pixel of each."""
    weights: NDArray[np.int32]
    """(n_cells, n_weights) of the pixels from there on; they add up to `WHOLE_CELL`, some at the ends may be 0."""


@lru_cache(maxsize=2048)
def triangles(n_pixels: int, n_cells: int) -> Triangles:
    """Overlapping triangles, each two cells wide, or two pixels where pixels are larger.

    A box's sum jumps with the size of the image, where an edge runs through its side; a triangle's does not.
    """
    half = max(1.0, n_pixels / n_cells)
    centres = (np.arange(n_cells) + 0.5) * n_pixels / n_cells
    n_weights = min(n_pixels, floor(2 * half) + 2)
    first = np.clip(np.floor(centres - half), 0, n_pixels - n_weights).astype(np.int64)
    away = np.abs(first[:, None] + np.arange(n_weights) + 0.5 - centres[:, None])
    weights = np.maximum(0, 1 - away / half)
    return Triangles(first, _whole(WHOLE_CELL * weights / weights.sum(axis=1, keepdims=True)))


def _whole(weights: NDArray[np.float64]) -> NDArray[np.int32]:
    """Whole weights that add up to `WHOLE_CELL`, as these do: those with the largest fractions are rounded up."""
    whole = np.floor(weights).astype(np.int32)
    rank = np.argsort(np.argsort(whole - weights, axis=1, kind="stable"), axis=1)
    whole += rank < WHOLE_CELL - whole.sum(axis=1, keepdims=True)
    return whole


def sketch_of(words: Words) -> bytes:
    """The sketch of an image: 1,064 bytes."""
    channels = np.stack([(words >> np.uint32(8 * channel)).astype(np.uint8) for channel in range(3)])
    luma = _shrunk(grey_of(channels), (SIDE, SIDE), PER_SHADE)
    hashed = _shrunk(luma, HASH_SHAPE, 1)
    bits = np.packbits(hashed[:, :-1] < hashed[:, 1:])
    return b"".join(part.astype(np.uint8).tobytes() for part in (bits, luma, _colours(channels)))


def _shrunk(shades: NDArray[np.int64], shape: tuple[int, int], per_shade: int) -> NDArray[np.int64]:
    """(rows, columns) the means of cells, rounded to whole shades."""
    down, across = (_dense(n, n_cells) for n, n_cells in zip(shades.shape, shape, strict=True))
    # Whole numbers below 2^53, which float64 holds and adds up exactly.
    totals = (down @ shades @ across.T).astype(np.int64)
    unit = WHOLE_CELL**2 * per_shade
    return (totals + unit // 2) // unit


def _colours(channels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(2, COLOUR_SIDE, COLOUR_SIDE) mean Cb and Cr of fields of whole pixels."""
    rows, columns = (fields(n_pixels) for n_pixels in channels.shape[1:])
    parts = [[channels[:, top:bottom, left:right] for left, right in columns] for top, bottom in rows]
    sums = np.array([[part.sum(axis=(1, 2), dtype=np.int64) for part in row] for row in parts])
    n = np.array([[WHOLE_COLOUR * part[0].size for part in row] for row in parts])
    totals = np.moveaxis(sums @ np.array(CHROMA_WEIGHTS).T, 2, 0)
    rounded: NDArray[np.int64] = np.minimum(255, (2 * totals + 257 * n) // (2 * n))
    return rounded


def fields(n_pixels: int) -> list[tuple[int, int]]:
    """Where each of `COLOUR_SIDE` equal parts of a row or column of pixels begins and ends; none is empty."""
    starts = [part * n_pixels // COLOUR_SIDE for part in range(COLOUR_SIDE + 1)]
    return [(start, max(start + 1, stop)) for start, stop in pairwise(starts)]


def _dense(n_pixels: int, n_cells: int) -> NDArray[np.float64]:
    """(n_cells, n_pixels) the weights of all pixels."""
    first, weights = triangles(n_pixels, n_cells)
    matrix = np.zeros((n_cells, n_pixels))
    np.put_along_axis(matrix, first[:, None] + np.arange(weights.shape[1]), weights, axis=1)
    return matrix
