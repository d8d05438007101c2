"""Measures of images, compiled: the very numbers that `image_measures` gives, in a fraction of the time."""

from math import ceil, floor, nan

import numpy as np
from numba import njit

from data_engine.filtering.rules.image_measures import (
    BAR_NOISE,
    BAR_SHADE,
    FLAT_SHADES,
    PER_SHADE,
    of_colours,
    of_counts,
)

_GREEN_AT, _BLUE_AT, _ONE = np.uint32(8), np.uint32(16), np.uint32(1)
_of_colours, _of_counts = (njit(nogil=True, cache=True)(of) for of in (of_colours, of_counts))


@njit(nogil=True, cache=True)
def measured(words, grey, columns, squares, counts, widest):
    """The values of `image_measures.Measures`, in their order, of an image and what `shade` fills in for it."""
    n, width = words.size, words.shape[1]
    red, green, blue = columns[:, 0].sum(), columns[:, 1].sum(), columns[:, 2].sum()
    brightness, colourfulness = _of_colours(red, green, blue, squares[0], squares[1], n)
    entropy, dark, bright = _of_counts(counts.astype(np.int64).sum(axis=0), n)
    bars = max(_bars_share(grey[:, :width]), _bars_share(grey[:, :width].T))
    is_greyscale = 1.0 if widest <= FLAT_SHADES else 0.0
    return (
        brightness,
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


@njit(nogil=True, cache=True)
def _sharpness(grey, width):
    if min(len(grey), width) < 3:
        return nan
    n, total, total_2 = (len(grey) - 2) * (width - 2), np.int64(0), np.int64(0)
    for y in range(1, len(grey) - 1):
        above, below = grey[y - 1, 1 : width - 1], grey[y + 1, 1 : width - 1]
        left, row, right = grey[y, : width - 2], grey[y, 1 : width - 1], grey[y, 2:width]
        for x in range(len(row)):
            edge = np.int64(np.int32(above[x] + below[x] + left[x] + right[x] - 4 * row[x]))
            total += edge
            total_2 += edge * edge
    mean, mean_2 = float(total) / n, float(total_2) / n
    return max(0.0, mean_2 - mean * mean) / PER_SHADE**2


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
    total = total_2 = np.int64(0)
    for shade in row:
        total += shade
        total_2 += np.int64(shade) * np.int64(shade)
    mean, mean_2 = float(total) / len(row), float(total_2) / len(row)
    return mean < PER_SHADE * BAR_SHADE and mean_2 - mean * mean < (PER_SHADE * BAR_NOISE) ** 2
