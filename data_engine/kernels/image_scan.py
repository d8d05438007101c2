"""Looks at images, compiled: measures and sketches as NumPy gives them, bit for bit, in a fraction of the time."""

from threading import local

import numpy as np
from numba import njit

from data_engine.duplicates.images.sketch import COLOUR_SIDE, SIDE, triangles
from data_engine.filtering.rules.image_measures import Measures
from data_engine.images import Words
from data_engine.kernels.image_measures import measured
from data_engine.kernels.image_shades import AT_ONCE, shade
from data_engine.kernels.image_sketch import sketched

_KEPT = local()


def measures_of(words: Words) -> Measures:
    """As `image_measures.measures_of`."""
    return Measures(*_measures(words, *_room(words.shape)))


def sketch_of(words: Words) -> bytes:
    """As `image_sketches.sketch_of`."""
    height, width = words.shape
    sketch = _sketch(words, *_room(words.shape), *triangles(height, SIDE), *triangles(width, SIDE))
    return bytes(sketch)


def both_of(words: Words) -> tuple[Measures, bytes]:
    """The measures and the sketch, by looking at the pixels once."""
    height, width = words.shape
    values, sketch = _both(words, *_room(words.shape), *triangles(height, SIDE), *triangles(width, SIDE))
    return Measures(*values), bytes(sketch)


def _room(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Arrays to be filled in, the same ones for each image of a thread that is no larger than one before.

    New memory of this size is cleared by the system each time, which takes longer than to fill it.
    """
    n_padded = -(-shape[1] // AT_ONCE) * AT_ONCE
    sizes = shape[0] * n_padded, COLOUR_SIDE * 3 * n_padded
    shades, columns = getattr(_KEPT, "room", (np.empty(0, np.int32), np.empty(0, np.int32)))
    if sizes[0] > len(shades) or sizes[1] > len(columns):
        shades, columns = np.empty(sizes[0], np.int32), np.empty(sizes[1], np.int32)
        _KEPT.room = shades, columns
    return shades[: sizes[0]].reshape(shape[0], n_padded), columns[: sizes[1]].reshape(COLOUR_SIDE, 3, n_padded)


@njit(nogil=True, cache=True)
def _measures(words, grey, columns):
    squares, counts = np.empty(2, np.int64), np.empty((4, 256), np.uint32)
    widest = shade(words, grey, columns, squares, counts)
    return measured(words, grey, columns, squares, counts, widest)


@njit(nogil=True, cache=True)
def _sketch(words, grey, columns, top, down, left, across):
    shade(words, grey, columns, np.empty(2, np.int64), np.empty((4, 256), np.uint32))
    return sketched(grey, columns, top, down, left, across, words.shape)


@njit(nogil=True, cache=True)
def _both(words, grey, columns, top, down, left, across):
    squares, counts = np.empty(2, np.int64), np.empty((4, 256), np.uint32)
    widest = shade(words, grey, columns, squares, counts)
    sketch = sketched(grey, columns, top, down, left, across, words.shape)
    return measured(words, grey, columns, squares, counts, widest), sketch
