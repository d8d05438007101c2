"""Sketches of pictures: what is kept of each to find those that it nearly repeats.

A sketch is 8 bytes of hash (Krawetz 2013: whether each of 8 x 8 cells is darker than the one to its right), then 1,024
bytes of 32 x 32 luma and 32 bytes of 4 x 4 colours (Cb and Cr). `compiled_sketches` makes the same in a fraction of
the time.
"""

from functools import lru_cache
from itertools import pairwise
from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_engine.filtering.picture_measures import BLUE, GREEN, RED
from data_engine.pictures import Words

#: Cells on a side of the luma, of the colours, and of the hash: rows, and columns, which are compared with the next.
SIDE, COLOUR_SIDE, HASH_SHAPE = 32, 4, (8, 9)
HASH = slice(0, 8)
LUMA = slice(HASH.stop, HASH.stop + SIDE**2)
CHROMA = slice(LUMA.stop, LUMA.stop + 2 * COLOUR_SIDE**2)
SKETCH_BYTES = CHROMA.stop
#: Weights of red, green and blue in the two colours (ITU-R BT.601).
CHROMA_WEIGHTS = ((-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


class Triangles(NamedTuple):
    """Which pixels of a row or column make up each cell, and with what weight."""

    first: NDArray[np.int64]
    """(n_cells,) the first pixel of each."""
    weights: NDArray[np.float32]
    """(n_cells, n_weights) of the pixels from there on; they add up to 1, some at the ends may be 0."""


@lru_cache(maxsize=2048)
def triangles(n_pixels: int, n_cells: int) -> Triangles:
    """Overlapping triangles, each two cells wide, or two pixels where pixels are larger.

    A box's sum jumps with the size of the picture, where an edge runs through its side; a triangle's does not.
    """
    half = max(1.0, n_pixels / n_cells)
    centres = (np.arange(n_cells) + 0.5) * n_pixels / n_cells
    n_weights = min(n_pixels, floor(2 * half) + 2)
    first = np.clip(np.floor(centres - half), 0, n_pixels - n_weights).astype(np.int64)
    away = np.abs(first[:, None] + np.arange(n_weights) + 0.5 - centres[:, None])
    weights = np.maximum(0, 1 - away / half)
    return Triangles(first, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32))


def sketch_of(words: Words) -> bytes:
    """The sketch of a picture: 1,064 bytes."""
    red, green, blue = ((words >> np.uint32(8 * n) & np.uint32(255)).astype(np.float32) for n in range(3))
    down, across = (_dense(n_pixels, SIDE) for n_pixels in words.shape)
    luma = _rounded(down @ (RED * red + GREEN * green + BLUE * blue) @ across.T)
    rows, columns = HASH_SHAPE
    hashed = _rounded(_dense(SIDE, rows) @ luma.astype(np.float32) @ _dense(SIDE, columns).T)
    bits = np.packbits(hashed[:, :-1] < hashed[:, 1:])
    chroma = _colours(np.stack([red, green, blue]))
    return b"".join(part.astype(np.uint8).tobytes() for part in (bits, luma, chroma))


def _colours(channels: NDArray[np.float32]) -> NDArray[np.int64]:
    """(2, COLOUR_SIDE, COLOUR_SIDE) mean Cb and Cr of fields of whole pixels."""
    rows, columns = (fields(n_pixels) for n_pixels in channels.shape[1:])
    means = np.array(
        [
            [channels[:, top:bottom, left:right].mean(axis=(1, 2), dtype=np.float64) for left, right in columns]
            for top, bottom in rows
        ]
    )
    chroma = np.moveaxis(means @ np.array(CHROMA_WEIGHTS).T, 2, 0)
    rounded: NDArray[np.int64] = np.minimum(255, np.floor(chroma + 128.5)).astype(np.int64)
    return rounded


def fields(n_pixels: int) -> list[tuple[int, int]]:
    """Where each of `COLOUR_SIDE` equal parts of a row or column of pixels begins and ends; none is empty."""
    starts = [part * n_pixels // COLOUR_SIDE for part in range(COLOUR_SIDE + 1)]
    return [(start, max(start + 1, stop)) for start, stop in pairwise(starts)]


def _rounded(values: NDArray[np.float32]) -> NDArray[np.int64]:
    rounded: NDArray[np.int64] = np.floor(values + np.float32(0.5)).astype(np.int64)
    return rounded


def _dense(n_pixels: int, n_cells: int) -> NDArray[np.float32]:
    """(n_cells, n_pixels) the weights of all pixels."""
    first, weights = triangles(n_pixels, n_cells)
    matrix = np.zeros((n_cells, n_pixels), np.float32)
    np.put_along_axis(matrix, first[:, None] + np.arange(weights.shape[1]), weights, axis=1)
    return matrix
