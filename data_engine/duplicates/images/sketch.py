"""Sketches of images: 1,064 bytes each, by which near-duplicates are found without the image.

A sketch is 8 bytes of hash (Krawetz 2013: whether each of 8 x 8 cells is darker than the one to its right), then 1,024
bytes of 32 x 32 luma and 32 bytes of 4 x 4 colours (Cb and Cr). Its layout and the weights of its cells are here; the
pixels are read by `kernels.image_scan`. All weights are whole numbers, whose sums are the same in any order.
"""

from functools import lru_cache
from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_engine.images import PackedPixels

#: Cells on a side of the luma, of the colours, and of the hash: rows, and columns, which are compared with the next.
SIDE, COLOUR_SIDE, HASH_SHAPE = 32, 4, (8, 9)
HASH = slice(0, 8)
LUMA = slice(HASH.stop, HASH.stop + SIDE**2)
CHROMA = slice(LUMA.stop, LUMA.stop + 2 * COLOUR_SIDE**2)
SKETCH_BYTES = CHROMA.stop
#: Sum of the weights of a cell's rows, and of those of its columns; 255,000 times as much is below 2^31.
WHOLE_CELL = 2**13

Cells = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]


class Triangles(NamedTuple):
    """The pixels of a row or column that make up each cell, and their weights."""

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


def sketch_of(words: PackedPixels) -> bytes:
    """The sketch of an image: 1,064 bytes."""
    from data_engine.kernels import image_scan

    return image_scan.sketch(words, *cells_of(words.shape), COLOUR_SIDE)


def cells_of(shape: tuple[int, ...]) -> tuple[Cells, Cells]:
    """The cells of the luma over the pixels of an image of (height, width), and those of the hash over these cells."""
    height, width = shape
    hash_rows, hash_columns = HASH_SHAPE
    luma = (*triangles(height, SIDE), *triangles(width, SIDE))
    return luma, (*triangles(SIDE, hash_rows), *triangles(SIDE, hash_columns))
