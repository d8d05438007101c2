"""What the rules of pictures measure; `compiled_measures` measures the same in a fraction of the time."""

from math import ceil, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_engine.pictures import Words

#: Shades of grey at and below which a pixel is as good as black, and at and above which it is as good as white.
DARKEST, BRIGHTEST = 5, 250
#: Channels that differ by no more are as good as equal.
FLAT_SHADES = 4
#: Rows and columns of a dark bar: the largest standard deviation, and the mean shade below which they are.
BAR_NOISE, BAR_SHADE = 3.0, 32.0
#: Weights of red, green and blue in a shade of grey (ITU-R BT.601).
RED, GREEN, BLUE = np.float32(0.299), np.float32(0.587), np.float32(0.114)


class Measures(NamedTuple):
    """What is measured of a picture with no side longer than `picture_looks.LOOK_PX`."""

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
    """Measure a picture."""
    channels = np.stack([(words >> np.uint32(8 * channel)).astype(np.uint8) for channel in range(3)])
    red, green, blue = channels.astype(np.float32)
    grey = RED * red + GREEN * green + BLUE * blue
    counts = np.bincount(np.floor(grey + np.float32(0.5)).astype(np.int64).ravel(), minlength=256)
    shares = counts / grey.size
    some = shares[shares > 0]
    against_green, against_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(against_green.std(dtype=np.float64), against_blue.std(dtype=np.float64))
    mean = np.hypot(against_green.mean(dtype=np.float64), against_blue.mean(dtype=np.float64))
    return Measures(
        brightness=float(grey.mean(dtype=np.float64)),
        entropy_bits=float(max(0.0, -(some * np.log2(some)).sum())),
        clipped_dark_share=float(shares[: DARKEST + 1].sum()),
        clipped_bright_share=float(shares[BRIGHTEST:].sum()),
        solid_share=_solid_share(channels),
        sharpness=_sharpness(grey),
        bars_share=max(_bars_share(grey), _bars_share(grey.T)),
        colourfulness=float(spread + 0.3 * mean),
        is_greyscale=float((channels.max(axis=0) - channels.min(axis=0)).max() <= FLAT_SHADES),
    )


def steps_apart(n_pixels: int) -> int:
    """How far apart the pixels of a side are of which the median colour is taken: 32 to 63 of them, or all."""
    return max(1, n_pixels // 32)


def _solid_share(channels: NDArray[np.uint8]) -> float:
    is_near = np.ones(channels.shape[1:], dtype=bool)
    for plane in channels:
        median = float(np.median(plane[:: steps_apart(plane.shape[0]), :: steps_apart(plane.shape[1])]))
        is_near &= (plane >= max(0, ceil(median - FLAT_SHADES))) & (plane <= min(255, floor(median + FLAT_SHADES)))
    return float(is_near.mean())


def _sharpness(grey: NDArray[np.float32]) -> float:
    if min(grey.shape) < 3:
        return float("nan")
    edges = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    return float(edges.var(dtype=np.float64))


def _bars_share(grey: NDArray[np.float32]) -> float:
    is_bar = (grey.std(axis=1, dtype=np.float64) < BAR_NOISE) & (grey.mean(axis=1, dtype=np.float64) < BAR_SHADE)
    if is_bar.all():
        return 0.0
    first, last = int(np.argmin(is_bar)), int(np.argmin(is_bar[::-1]))
    return (first + last) / len(is_bar) if first and last else 0.0
