"""Measures of pictures, compiled: those that `picture_measures` gives, up to rounding, in a fraction of the time."""

from math import ceil, floor, hypot, log2, nan, sqrt

import numpy as np
from numba import njit

from data_engine.filtering.compiled_shades import REASSOCIATE, shades_of
from data_engine.filtering.picture_measures import (
    BAR_NOISE,
    BAR_SHADE,
    BRIGHTEST,
    DARKEST,
    FLAT_SHADES,
    Measures,
)

_BYTE, _GREEN_AT, _BLUE_AT = np.uint32(255), np.uint32(8), np.uint32(16)
_HALF, _FOUR = np.float32(0.5), np.float32(4)


def measures_of(words) -> Measures:
    """As `picture_measures.measures_of`."""
    return Measures(*measured(words, *shades_of(words)))


@njit(nogil=True, cache=True)
def measured(words, padded, sums, widest):
    """The values of `Measures`, of a picture and what `shades_of` gives of it."""
    n, width = words.size, words.shape[1]
    brightness, green, green_2, blue, blue_2 = sums / n
    spread = sqrt(max(0.0, green_2 - green * green) + max(0.0, blue_2 - blue * blue))
    entropy, dark, bright = _of_shades(padded, width)
    return (
        brightness,
        entropy,
        dark,
        bright,
        _solid_share(words),
        _sharpness(padded, width),
        max(_bars_share(padded[:, :width]), _bars_share(padded[:, :width].T)),
        spread + 0.3 * hypot(green, blue),
        1.0 if widest <= FLAT_SHADES else 0.0,
    )


@njit(nogil=True, cache=True)
def _of_shades(padded, width):
    """Entropy, and the shares of the clipped pixels."""
    # Four tables, since neighbours are often of one shade, and a place just written is slow to read.
    counts, shades = np.zeros((4, 256), np.uint32), np.empty(padded.shape[1], np.uint8)
    for row in padded:
        for x in range(len(row)):
            shades[x] = np.uint8(np.int32(row[x] + _HALF))
        for x in range(width):
            counts[x & 3, shades[x]] += np.uint32(1)
    entropy, n_dark, n_bright, n = 0.0, 0, 0, len(padded) * width
    for shade in range(256):
        n_here = counts[0, shade] + counts[1, shade] + counts[2, shade] + counts[3, shade]
        n_dark += n_here if shade <= DARKEST else 0
        n_bright += n_here if shade >= BRIGHTEST else 0
        if n_here:
            entropy -= n_here / n * log2(n_here / n)
    return max(0.0, entropy), n_dark / n, n_bright / n


@njit(nogil=True, cache=True)
def _solid_share(words):
    counts, step = np.zeros((4, 3, 256), np.uint32), max(1, len(words) // 64)
    for y in range(0, len(words), step):
        row = words[y]
        for x in range(len(row)):
            table, word = counts[x & 3], row[x]
            table[0, word & _BYTE] += np.uint32(1)
            table[1, (word >> _GREEN_AT) & _BYTE] += np.uint32(1)
            table[2, (word >> _BLUE_AT) & _BYTE] += np.uint32(1)
    low, high = np.empty(3, np.int32), np.empty(3, np.int32)
    of_all, n = counts.sum(axis=0), -(-len(words) // step) * words.shape[1]
    for channel in range(3):
        median = (_ranked(of_all[channel], (n - 1) // 2) + _ranked(of_all[channel], n // 2)) / 2
        low[channel], high[channel] = ceil(median - FLAT_SHADES), floor(median + FLAT_SHADES)
    return _n_within(words.reshape(-1), low, high) / words.size


@njit(nogil=True, cache=True)
def _ranked(counts, rank):
    """The shade that has this place in ascending order, counted from 0."""
    shade, n_up_to = 0, counts[0]
    while n_up_to <= rank:
        shade += 1
        n_up_to += counts[shade]
    return shade


@njit(nogil=True, cache=True)
def _n_within(words, low, high):
    """How many of (n,) pixels have all channels in these ranges."""
    n = np.int32(0)
    red, green, blue = low
    red_end, green_end, blue_end = high
    for place in range(len(words)):
        word = np.int32(words[place])
        r = np.int32(word & np.int32(255))
        g = np.int32((word >> np.int32(8)) & np.int32(255))
        b = np.int32((word >> np.int32(16)) & np.int32(255))
        is_near = (r >= red) & (r <= red_end) & (g >= green) & (g <= green_end) & (b >= blue) & (b <= blue_end)
        n += np.int32(is_near)
    return n


@njit(nogil=True, cache=True, fastmath=REASSOCIATE)
def _sharpness(padded, width):
    if min(len(padded), width) < 3:
        return nan
    total = total_2 = 0.0
    for y in range(1, len(padded) - 1):
        above, below = padded[y - 1, 1 : width - 1], padded[y + 1, 1 : width - 1]
        left, row, right = padded[y, : width - 2], padded[y, 1 : width - 1], padded[y, 2:width]
        row_total = row_total_2 = np.float32(0)
        for x in range(len(row)):
            edge = above[x] + below[x] + left[x] + right[x] - _FOUR * row[x]
            row_total += edge
            row_total_2 += edge * edge
        total, total_2 = total + row_total, total_2 + row_total_2
    n = (len(padded) - 2) * (width - 2)
    return max(0.0, total_2 / n - (total / n) ** 2)


@njit(nogil=True, cache=True)
def _bars_share(grey):
    n_first = n_last = 0
    while n_first < len(grey) and _is_bar(grey[n_first]):
        n_first += 1
    if n_first in (0, len(grey)):
        return 0.0
    while _is_bar(grey[len(grey) - 1 - n_last]):
        n_last += 1
    return (n_first + n_last) / len(grey) if n_last else 0.0


@njit(nogil=True, cache=True)
def _is_bar(row):
    mean = 0.0
    for shade in row:
        mean += shade
    mean /= len(row)
    variance = 0.0
    for shade in row:
        variance += (shade - mean) ** 2
    return mean < BAR_SHADE and variance < BAR_NOISE**2 * len(row)
