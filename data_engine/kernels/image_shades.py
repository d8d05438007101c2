"""Shades of grey and sums of colours of an image, from which both its measures and its sketch are computed.

Gain and reference: as for `image_scan.py`, whose first pass over the pixels this is.
"""

import numpy as np

from data_engine.kernels.loading import compiled

#: Weights of red, green and blue in a shade of grey (ITU-R BT.601), and their sum. Shades stay whole numbers, so that a
#: sum over pixels is the same in any order.
RED, GREEN, BLUE = 299, 587, 114
PER_SHADE = RED + GREEN + BLUE
#: Vectorised loops take as many pixels at once and the rest one by one, so rows of shades are padded to a multiple.
AT_ONCE = 64
_BYTE, _GREEN_AT, _BLUE_AT = np.int32(255), np.int32(8), np.int32(16)
_RED, _GREEN, _BLUE = np.int32(RED), np.int32(GREEN), np.int32(BLUE)
#: A thousandth in float32 is a little more than one, so that whole shades never come out below themselves.
_HALF, _SHADES, _ONE = np.int32(PER_SHADE // 2), np.float32(1 / PER_SHADE), np.uint32(1)
#: Squares of colours of as many pixels add up to less than 2^31.
_SQUARES_AT_ONCE = 8192


@compiled
def shade(words, grey, columns, squares, counts):
    """Look at every pixel of an image once.

    Args:
        words: (h, w) uint32: red in the lowest byte, then green and blue; the highest byte has no meaning.
        grey: (h, padded) int32, filled in with the shades of grey in thousandths, and zeros behind the ends of rows.
        columns: (n_fields, 3, padded) int32, filled in with the sums of the columns of red, green and blue, of each of
            the `n_fields` equal parts of the height.
        squares: (2,) int64, filled in with the sums of the squares of red less green, and of red and green less twice
            the blue.
        counts: (4, 256) uint32, filled in with the numbers of pixels of each rounded shade, which add up over the four:
            neighbours are counted apart, since they often have one shade, and a value just written is slow to read.

    Returns: the widest range of the channels of a pixel.
    """
    line, height, n_fields, field, widest = np.zeros(grey.shape[1], np.int32), len(words), len(columns), 0, 0
    shades = np.empty(grey.shape[1], np.uint8)
    columns[:] = 0
    squares[:] = 0
    counts[:] = 0
    for y in range(height):
        while y >= (field + 1) * height // n_fields:
            field += 1
        row = words[y]
        for x in range(len(row)):
            line[x] = row[x]
        for start in range(0, len(line), _SQUARES_AT_ONCE):
            stop = start + _SQUARES_AT_ONCE
            widest = max(widest, _shade_some(line[start:stop], grey[y, start:stop], shades[start:stop], squares))
        _count(shades[: len(row)], counts[0], counts[1], counts[2], counts[3])
        _add_up(line, columns[field, 0], columns[field, 1], columns[field, 2])
    return widest


@compiled
def _shade_some(line, grey, shades, squares):
    green_2 = blue_2 = widest = np.int32(0)
    for x in range(len(grey)):
        word = line[x]
        r = np.int32(word & _BYTE)
        g = np.int32((word >> _GREEN_AT) & _BYTE)
        b = np.int32((word >> _BLUE_AT) & _BYTE)
        widest = max(widest, np.int32(max(r, g, b) - min(r, g, b)))
        against_green, against_blue = np.int32(r - g), np.int32(r + g - b - b)
        shade_of_grey = np.int32(_RED * r + _GREEN * g + _BLUE * b)
        grey[x] = shade_of_grey
        shades[x] = np.uint8(np.int32(np.float32(np.int32(shade_of_grey + _HALF)) * _SHADES))
        green_2 = np.int32(green_2 + against_green * against_green)
        blue_2 = np.int32(blue_2 + against_blue * against_blue)
    squares[0] += green_2
    squares[1] += blue_2
    return widest


@compiled
def _add_up(line, red, green, blue):
    for x in range(len(line)):
        word = line[x]
        red[x] += word & _BYTE
        green[x] += (word >> _GREEN_AT) & _BYTE
        blue[x] += (word >> _BLUE_AT) & _BYTE


@compiled
def _count(shades, first, second, third, fourth):
    n = len(shades) // 4 * 4
    for x in range(0, n, 4):
        first[shades[x]] += _ONE
        second[shades[x + 1]] += _ONE
        third[shades[x + 2]] += _ONE
        fourth[shades[x + 3]] += _ONE
    for x in range(n, len(shades)):
        first[shades[x]] += _ONE
