"""What the rules of images measure; `compiled_measures` measures the same in a fraction of the time.

Shades of grey are whole thousandths, and all that is added up over pixels are whole numbers, so that a sum is the same
in any order. The few steps from sums to measures are functions of plain numbers, which are compiled as they are: both
ways give the same numbers, bit for bit.
"""

from collections.abc import Sequence
from math import ceil, floor, log2, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_engine.images import Words
from data_engine.images.grey import BLUE, GREEN, PER_SHADE, RED, grey_of

#: Shades of grey at and below which a pixel is as good as black, and at and above which it is as good as white.
DARKEST, BRIGHTEST = 5, 250
#: Channels that differ by no more are as good as equal.
FLAT_SHADES = 4
#: Rows and columns of a dark bar: the largest standard deviation, and the mean shade below which they are.
BAR_NOISE, BAR_SHADE = 3.0, 32.0


class Measures(NamedTuple):
    """What is measured of an image with no side longer than `image_looks.LOOK_PX`."""

    brightness: float
    """The mean shade of grey, from 0 (black) to 255 (white)."""
    entropy_bits: float
    """Of the shades of grey, rounded, from 0 (one shade) to 8 (Shannon 1948)."""
    clipped_dark_share: float
    """Of the pixels whose rounded shade is `DARKEST` or below."""
    clipped_bright_share: float
    """Of the pixels whose rounded shade is `BRIGHTEST` or above."""
    solid_share: float
    """Of the pixels within `FLAT_SHADES`, in every channel, of the median colour of pixels `steps_apart`."""
    sharpness: float
    """The variance of the Laplacian of the shades (Pech-Pacheco et al. 2000); NaN below 3 x 3 pixels."""
    bars_share: float
    """Of the height or width in dark bars of one shade on two opposite sides, the larger of the two."""
    colourfulness: float
    """The measure M3 of Hasler and Suesstrunk 2003: 0 for grey, 15 slightly, 33 moderately, 82 highly colourful."""
    is_greyscale: float
    """1 where no pixel's channels differ by more than `FLAT_SHADES`, else 0."""


def measures_of(words: Words) -> Measures:
    """Measure an image."""
    channels = np.stack([(words >> np.uint32(8 * channel)).astype(np.uint8) for channel in range(3)])
    grey = grey_of(channels)
    red, green, blue = channels.astype(np.int64)
    squares = int(((red - green) ** 2).sum()), int(((red + green - 2 * blue) ** 2).sum())
    counts = np.bincount(((grey + PER_SHADE // 2) // PER_SHADE).ravel(), minlength=256).tolist()
    entropy, dark, bright = of_counts(counts, grey.size)
    mean, colourfulness = of_colours(int(red.sum()), int(green.sum()), int(blue.sum()), *squares, grey.size)
    return Measures(
        brightness=mean,
        entropy_bits=entropy,
        clipped_dark_share=dark,
        clipped_bright_share=bright,
        solid_share=_solid_share(channels),
        sharpness=_sharpness(grey),
        bars_share=max(_bars_share(grey), _bars_share(grey.T)),
        colourfulness=colourfulness,
        is_greyscale=float((channels.max(axis=0) - channels.min(axis=0)).max() <= FLAT_SHADES),
    )


def of_colours(red: int, green: int, blue: int, squares: int, other_squares: int, n: int) -> tuple[float, float]:
    """Brightness and colourfulness.

    The sums stay whole until variances are taken, as n times the squares less the square of the sum; they are below
    2^63 for 5.9 million pixels, more than `images.words_of` gives.

    Args:
        red: The sum of all reds; `green` and `blue` likewise.
        squares: The sum of the squares of red less green.
        other_squares: The sum of the squares of red and green less twice the blue.
        n: How many pixels there are.
    """
    grey = float(RED * red + GREEN * green + BLUE * blue) / float(PER_SHADE * n)
    against_green, against_blue = red - green, red + green - 2 * blue
    spread_2 = float(n * squares - against_green * against_green)
    other_2 = float(n * other_squares - against_blue * against_blue) / 4
    mean, other_mean = float(against_green), float(against_blue) / 2
    mean_2 = mean * mean + other_mean * other_mean
    return grey, (sqrt(spread_2 + other_2) + 0.3 * sqrt(mean_2)) / n


def of_counts(counts: Sequence[int], n: int) -> tuple[float, float, float]:
    """Entropy and the shares of the clipped pixels, of n pixels that are counted by rounded shade."""
    entropy, n_dark, n_bright = 0.0, 0, 0
    for shade in range(256):
        n_here = counts[shade]
        n_dark += n_here if shade <= DARKEST else 0
        n_bright += n_here if shade >= BRIGHTEST else 0
        if n_here:
            share = float(n_here) / n
            entropy -= share * log2(share)
    return max(0.0, entropy), float(n_dark) / n, float(n_bright) / n


def steps_apart(n_pixels: int) -> int:
    """How far apart the pixels of a side are of which the median colour is taken: 32 to 63 of them, or all."""
    return max(1, n_pixels // 32)


def _solid_share(channels: NDArray[np.uint8]) -> float:
    is_near = np.ones(channels.shape[1:], dtype=bool)
    for plane in channels:
        median = float(np.median(plane[:: steps_apart(plane.shape[0]), :: steps_apart(plane.shape[1])]))
        is_near &= (plane >= max(0, ceil(median - FLAT_SHADES))) & (plane <= min(255, floor(median + FLAT_SHADES)))
    return float(is_near.mean())


def _sharpness(grey: NDArray[np.int64]) -> float:
    if min(grey.shape) < 3:
        return float("nan")
    edges = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    mean, mean_2 = float(edges.sum()) / edges.size, float((edges * edges).sum()) / edges.size
    return max(0.0, mean_2 - mean * mean) / PER_SHADE**2


def _bars_share(grey: NDArray[np.int64]) -> float:
    n = grey.shape[1]
    mean, mean_2 = grey.sum(axis=1) / n, (grey * grey).sum(axis=1) / n
    is_bar = (mean < PER_SHADE * BAR_SHADE) & (mean_2 - mean * mean < (PER_SHADE * BAR_NOISE) ** 2)
    if is_bar.all():
        return 0.0
    first, last = int(np.argmin(is_bar)), int(np.argmin(is_bar[::-1]))
    return (first + last) / len(is_bar) if first and last else 0.0
