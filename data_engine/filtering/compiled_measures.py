"""Measures of pictures, compiled: those that `picture_measures` gives, up to rounding, in a fraction of the time."""

from math import ceil, floor, hypot, log2, nan, sqrt

import numpy as np
from numba import njit

from data_engine.filtering.compiled_shades import REASSOCIATE
from data_engine.filtering.picture_measures import (
    BAR_NOISE,
    BAR_SHADE,
    BLUE,
    BRIGHTEST,
    DARKEST,
    FLAT_SHADES,
    GREEN,
    RED,
)

_GREEN_AT, _BLUE_AT, _ONE = np.uint32(8), np.uint32(16), np.uint32(1)
_FOUR = np.float32(4)
_RED, _GREEN, _BLUE = float(RED), float(GREEN), float(BLUE)


@njit(nogil=True, cache=True)
def measured(words, grey, columns, squares, counts, widest):
    """The values of `picture_measures.Measures`, in their order, of a picture and what `shade` fills in for it."""
    n, width = words.size, words.shape[1]
    red, green, blue = columns[:, 0].sum() / n, columns[:, 1].sum() / n, columns[:, 2].sum() / n
    against_green, against_blue = red - green, (red + green) / 2 - blue
    spread = sqrt(max(0.0, squares[0] / n - against_green**2) + max(0.0, squares[1] / n - against_blue**2))
    entropy, dark, bright = _of_shades(counts, n)
    bars = max(_bars_share(grey[:, :width]), _bars_share(grey[:, :width].T))
    colourfulness = spread + 0.3 * hypot(against_green, against_blue)
    is_greyscale = 1.0 if widest <= FLAT_SHADES else 0.0
    return (
        _RED * red + _GREEN * green + _BLUE * blue,
        entropy,
        dark,
        bright,
        _solid_share(words),
        _sharpness(grey, width),
        bars,
        colourfulness,
        is_greyscale,
    )


@njit(nogil=True, cache=True)
def _of_shades(counts, n):
    """Entropy, and the shares of the clipped pixels, of n."""
    entropy, n_dark, n_bright = 0.0, 0, 0
    for shade in range(256):
        n_here = counts[:, shade].sum()
        n_dark += n_here if shade <= DARKEST else 0
        n_bright += n_here if shade >= BRIGHTEST else 0
        if n_here:
            entropy -= n_here / n * log2(n_here / n)
    return max(0.0, entropy), n_dark / n, n_bright / n


@njit(nogil=True, cache=True)
def _solid_share(words):
    counts, n = np.zeros((3, 256), np.uint32), 0
    down, across = max(1, words.shape[0] // 32), max(1, words.shape[1] // 32)
    for y in range(0, words.shape[0], down):
        for x in range(0, words.shape[1], across):
            word = words[y, x]
            counts[0, np.uint8(word)] += _ONE
            counts[1, np.uint8(word >> _GREEN_AT)] += _ONE
            counts[2, np.uint8(word >> _BLUE_AT)] += _ONE
            n += 1
    low, high = np.empty(3, np.int32), np.empty(3, np.int32)
    for channel in range(3):
        median = (_ranked(counts[channel], (n - 1) // 2) + _ranked(counts[channel], n // 2)) / 2
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
def _sharpness(grey, width):
    if min(len(grey), width) < 3:
        return nan
    sums = np.zeros(2)
    for y in range(1, len(grey) - 1):
        above, below = grey[y - 1, 1 : width - 1], grey[y + 1, 1 : width - 1]
        left, row, right = grey[y, : width - 2], grey[y, 1 : width - 1], grey[y, 2:width]
        row_total = row_total_2 = np.float32(0)
        for x in range(len(row)):
            edge = above[x] + below[x] + left[x] + right[x] - _FOUR * row[x]
            row_total += edge
            row_total_2 += edge * edge
        sums[0] += row_total
        sums[1] += row_total_2
    mean, mean_2 = sums / ((len(grey) - 2) * (width - 2))
    return max(0.0, mean_2 - mean**2)


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
