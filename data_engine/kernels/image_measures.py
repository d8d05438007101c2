"""Measures of one image for the rules of images, from its shades of grey and sums of colours.

All sums over pixels are whole numbers; only the last steps are computed in float64. `image_shades.py` makes the sums.

Gain and reference: as for `image_scan.py`.
"""

from math import ceil, floor, log2, nan, sqrt

import numpy as np

from data_engine.kernels.image_shades import BLUE, GREEN, PER_SHADE, RED
from data_engine.kernels.loading import compiled

#: Shades of grey at and below which a pixel counts as black, and at and above which it counts as white.
_DARKEST, _BRIGHTEST = 5, 250
#: Channels that differ by no more count as equal.
_FLAT_SHADES = 4
#: Rows and columns of a dark bar: the largest standard deviation, and the mean shade below which they are.
_BAR_NOISE, _BAR_SHADE = 3.0, 32.0
#: The median colour is taken of 32 to 63 pixels of each side, evenly spaced, or of all.
_MEDIAN_PIXELS = 32
_GREEN_AT, _BLUE_AT, _ONE = np.uint32(8), np.uint32(16), np.uint32(1)


@compiled
def measured(words, grey, columns, squares, counts, widest):
    """Measures of an image, from the arrays that `image_shades.shade` fills in and the widest range that it returns.

    Returns: mean shade, entropy in bits, shares of black, of white and of pixels near the median colour, sharpness
        (NaN below 3 x 3 pixels), share of dark bars, colourfulness, and 1.0 for an image without colour, else 0.0.
    """
    n, width = words.size, words.shape[1]
    red, green, blue = columns[:, 0].sum(), columns[:, 1].sum(), columns[:, 2].sum()
    brightness, colourfulness = _brightness_and_colourfulness(red, green, blue, squares[0], squares[1], n)
    entropy, dark, bright = _entropy_and_clipped(counts.astype(np.int64).sum(axis=0), n)
    bars = max(_bars_share(grey[:, :width]), _bars_share(grey[:, :width].T))
    is_greyscale = 1.0 if widest <= _FLAT_SHADES else 0.0
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


@compiled
def _brightness_and_colourfulness(red, green, blue, squares, other_squares, n):
    """The mean shade of grey, and the measure M3 of Hasler and Suesstrunk 2003.

    The sums stay whole until variances are taken, as n times the squares less the square of the sum; they are below
    2^63 for 5.9 million pixels, more than fit into the 16 MiB of an image that is scanned.

    Args:
        red: The sum of all reds; `green` and `blue` likewise.
        green: As `red`.
        blue: As `red`.
        squares: The sum of the squares of red less green.
        other_squares: The sum of the squares of red and green less twice the blue.
        n: Number of pixels.
    """
    grey = float(RED * red + GREEN * green + BLUE * blue) / float(PER_SHADE * n)
    against_green, against_blue = red - green, red + green - 2 * blue
    spread_2 = float(n * squares - against_green * against_green)
    other_2 = float(n * other_squares - against_blue * against_blue) / 4
    mean, other_mean = float(against_green), float(against_blue) / 2
    mean_2 = mean * mean + other_mean * other_mean
    return grey, (sqrt(spread_2 + other_2) + 0.3 * sqrt(mean_2)) / n


@compiled
def _entropy_and_clipped(counts, n):
    """Entropy in bits and the shares of black and of white, of n pixels that are counted by rounded shade."""
    entropy, n_dark, n_bright = 0.0, 0, 0
    for shade in range(256):
        n_here = counts[shade]
        n_dark += n_here if shade <= _DARKEST else 0
        n_bright += n_here if shade >= _BRIGHTEST else 0
        if n_here:
            share = float(n_here) / n
            entropy -= share * log2(share)
    return max(0.0, entropy), float(n_dark) / n, float(n_bright) / n


@compiled
def _solid_share(words):
    counts, n = np.zeros((3, 256), np.uint32), 0
    down, across = max(1, words.shape[0] // _MEDIAN_PIXELS), max(1, words.shape[1] // _MEDIAN_PIXELS)
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
        low[channel], high[channel] = ceil(median - _FLAT_SHADES), floor(median + _FLAT_SHADES)
    return _n_within(words.reshape(-1), low, high) / words.size


@compiled
def _ranked(counts, rank):
    """The shade of the pixel with this rank in ascending order, counted from 0."""
    shade, n_up_to = 0, counts[0]
    while n_up_to <= rank:
        shade += 1
        n_up_to += counts[shade]
    return shade


@compiled
def _n_within(words, low, high):
    """Number of (n,) pixels that have all channels in these ranges."""
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


@compiled
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


@compiled
def _bars_share(grey):
    n_first = n_last = 0
    while n_first < len(grey) and _is_bar(grey[n_first]):
        n_first += 1
    if n_first in (0, len(grey)):
        return 0.0
    while _is_bar(grey[len(grey) - 1 - n_last]):
        n_last += 1
    return (n_first + n_last) / len(grey) if n_last else 0.0


@compiled
def _is_bar(row):
    total = total_2 = np.int64(0)
    for shade in row:
        total += shade
        total_2 += np.int64(shade) * np.int64(shade)
    mean, mean_2 = float(total) / len(row), float(total_2) / len(row)
    return mean < PER_SHADE * _BAR_SHADE and mean_2 - mean * mean < (PER_SHADE * _BAR_NOISE) ** 2
