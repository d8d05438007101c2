"""Sketches of pictures, compiled: the bytes that `picture_sketches` gives, up to rounding, in one call."""

import numpy as np
from numba import njit

from data_engine.filtering.compiled_shades import REASSOCIATE, shades_of
from data_engine.filtering.picture_sketches import (
    CHROMA,
    CHROMA_WEIGHTS,
    COLOUR_SIDE,
    HASH_SHAPE,
    LUMA,
    SIDE,
    SKETCH_BYTES,
    triangles,
)

_HALF = np.float32(0.5)
_RED_AND_BLUE, _BYTE, _LOW = np.uint32(0xFF00FF), np.uint32(0xFF), np.uint32(0xFFFF)
_GREEN_AT, _BLUE_AT = np.uint32(8), np.uint32(16)
_ROWS_AT_ONCE = 256
_LUMA_AT, _CHROMA_AT = LUMA.start, CHROMA.start
_DOWN, _ACROSS = (triangles(SIDE, n) for n in HASH_SHAPE)


def sketch_of(words) -> bytes:
    """As `picture_sketches.sketch_of`."""
    return sketch_of_shades(words, shades_of(words)[0])


def sketch_of_shades(words, padded) -> bytes:
    """The sketch of a picture and the shades that `shades_of` gives of it."""
    height, width = words.shape
    return _sketched(words, padded, *triangles(height, SIDE), *triangles(width, SIDE)).tobytes()


@njit(nogil=True, cache=True)
def _sketched(words, padded, top, down, left, across):
    """(SKETCH_BYTES,) uint8."""
    sketch, luma = np.zeros(SKETCH_BYTES, np.uint8), np.empty((SIDE, SIDE), np.float32)
    _shrink(padded, top, down, left, across, luma)
    for y in range(SIDE):
        for x in range(SIDE):
            luma[y, x] = sketch[_LUMA_AT + SIDE * y + x] = np.uint8(luma[y, x])
    hashed = np.empty(HASH_SHAPE, np.float32)
    _shrink(luma, _DOWN[0], _DOWN[1], _ACROSS[0], _ACROSS[1], hashed)
    for y in range(HASH_SHAPE[0]):
        for x in range(1, HASH_SHAPE[1]):
            if int(hashed[y, x - 1]) < int(hashed[y, x]):
                sketch[y] |= np.uint8(128 >> (x - 1))
    _colours(words, sketch[_CHROMA_AT:])
    return sketch


@njit(nogil=True, cache=True, fastmath=REASSOCIATE)
def _shrink(grey, top, down, left, across, out):
    """Fill in the means of cells, and a half, so that they are rounded where their fractions are cut off."""
    row = np.empty(grey.shape[1], np.float32)
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
            total, weights = _HALF, across[x]
            pixels = row[left[x] : left[x] + len(weights)]
            for step in range(len(weights)):
                total += weights[step] * pixels[step]
            out[y, x] = total


@njit(nogil=True, cache=True)
def _colours(words, out):
    """Fill in the mean Cb and Cr of each of 4 x 4 fields of whole pixels."""
    height, width = words.shape
    red_and_blue, green = np.empty(width, np.uint32), np.empty(width, np.uint32)
    for y in range(COLOUR_SIDE):
        top = y * height // COLOUR_SIDE
        bottom = max(top + 1, (y + 1) * height // COLOUR_SIDE)
        sums = np.zeros((COLOUR_SIDE, 3))
        for first in range(top, bottom, _ROWS_AT_ONCE):
            _add_up(words[first : min(bottom, first + _ROWS_AT_ONCE)], red_and_blue, green)
            for x in range(COLOUR_SIDE):
                start = x * width // COLOUR_SIDE
                for column in range(start, max(start + 1, (x + 1) * width // COLOUR_SIDE)):
                    sums[x, 0] += red_and_blue[column] & _LOW
                    sums[x, 1] += green[column]
                    sums[x, 2] += red_and_blue[column] >> _BLUE_AT
        for x in range(COLOUR_SIDE):
            start = x * width // COLOUR_SIDE
            n = (bottom - top) * (max(start + 1, (x + 1) * width // COLOUR_SIDE) - start)
            for colour in range(2):
                weights = CHROMA_WEIGHTS[colour]
                mean = (weights[0] * sums[x, 0] + weights[1] * sums[x, 1] + weights[2] * sums[x, 2]) / n
                out[(colour * COLOUR_SIDE + y) * COLOUR_SIDE + x] = min(255, int(mean + 128.5))


@njit(nogil=True, cache=True)
def _add_up(words, red_and_blue, green):
    """Fill in the sums of the columns of at most 257 rows: red and blue in one number, 16 bits each, and green."""
    red_and_blue[:] = 0
    green[:] = 0
    for row in words:
        for x in range(len(row)):
            red_and_blue[x] += row[x] & _RED_AND_BLUE
            green[x] += (row[x] >> _GREEN_AT) & _BYTE
