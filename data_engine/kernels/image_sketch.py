"""Sketches of images, compiled: the very bytes that `image_sketches` gives, in one call."""

import numpy as np
from numba import njit

from data_engine.duplicates.images.sketch import (
    CHROMA,
    CHROMA_WEIGHTS,
    COLOUR_SIDE,
    HASH_SHAPE,
    LUMA,
    SIDE,
    SKETCH_BYTES,
    WHOLE_CELL,
    WHOLE_COLOUR,
    triangles,
)
from data_engine.images.grey import PER_SHADE

_LUMA_AT, _CHROMA_AT = LUMA.start, CHROMA.start
_DOWN, _ACROSS = (triangles(SIDE, n) for n in HASH_SHAPE)
#: What a shade adds up to in a cell.
_SHADE = WHOLE_CELL**2
_LUMA = _SHADE * PER_SHADE


@njit(nogil=True, cache=True)
def sketched(grey, columns, top, down, left, across, shape):
    """(SKETCH_BYTES,) uint8 of what `compiled_shades.shade` fills in for an image, its triangles and its shape."""
    sketch, luma = np.zeros(SKETCH_BYTES, np.uint8), np.empty((SIDE, SIDE), np.int32)
    totals, hashed = np.empty((SIDE, SIDE), np.int64), np.empty(HASH_SHAPE, np.int64)
    _shrink(grey, top, down, left, across, totals)
    for y in range(SIDE):
        for x in range(SIDE):
            luma[y, x] = sketch[_LUMA_AT + SIDE * y + x] = (totals[y, x] + _LUMA // 2) // _LUMA
    _shrink(luma, _DOWN[0], _DOWN[1], _ACROSS[0], _ACROSS[1], hashed)
    for y in range(HASH_SHAPE[0]):
        for x in range(1, HASH_SHAPE[1]):
            if (hashed[y, x - 1] + _SHADE // 2) // _SHADE < (hashed[y, x] + _SHADE // 2) // _SHADE:
                sketch[y] |= np.uint8(128 >> (x - 1))
    _colour(columns, shape, sketch[_CHROMA_AT:])
    return sketch


@njit(nogil=True, cache=True)
def _shrink(grey, top, down, left, across, out):
    """Fill in the totals of cells, whose weights add up to `WHOLE_CELL` down and across."""
    row = np.empty(grey.shape[1], np.int32)
    for y in range(len(out)):
        row[:] = 0
        for step in range(0, down.shape[1] - 1, 2):
            weight, other_weight = down[y, step], down[y, step + 1]
            some, other = grey[top[y] + step], grey[top[y] + step + 1]
            for x in range(len(row)):
                row[x] += weight * some[x] + other_weight * other[x]
        if down.shape[1] % 2:
            weight, some = down[y, -1], grey[top[y] + down.shape[1] - 1]
            for x in range(len(row)):
                row[x] += weight * some[x]
        for x in range(out.shape[1]):
            total, weights = 0, across[x]
            pixels = row[left[x] : left[x] + len(weights)]
            for step in range(len(weights)):
                total += weights[step] * pixels[step]
            out[y, x] = total


@njit(nogil=True, cache=True)
def _colour(columns, shape, out):
    """Fill in the mean Cb and Cr of each of 4 x 4 fields of whole pixels."""
    height, width = shape
    for y in range(COLOUR_SIDE):
        top, bottom = y * height // COLOUR_SIDE, (y + 1) * height // COLOUR_SIDE
        # An empty field is the first row of the next one that has any.
        field = (COLOUR_SIDE * (top + 1) - 1) // height if top == bottom else y
        for x in range(COLOUR_SIDE):
            left = x * width // COLOUR_SIDE
            right = max(left + 1, (x + 1) * width // COLOUR_SIDE)
            n = max(1, bottom - top) * (right - left)
            red = columns[field, 0, left:right].sum()
            green = columns[field, 1, left:right].sum()
            blue = columns[field, 2, left:right].sum()
            unit = 2 * n * WHOLE_COLOUR
            for colour in range(2):
                weights = CHROMA_WEIGHTS[colour]
                total = weights[0] * red + weights[1] * green + weights[2] * blue
                out[(colour * COLOUR_SIDE + y) * COLOUR_SIDE + x] = min(255, (2 * total + 257 * (unit // 2)) // unit)
