"""Images measured, sketched and compared by NumPy, in the plainest way: the reference of the kernels of images.

Layout and weights of a sketch are those of `duplicates.images.sketch`, which has tests of its own.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, log2, sqrt

import numpy as np
from numpy.typing import NDArray

from data_engine.duplicates.images.similarity import SmallImages
from data_engine.duplicates.images.sketch import CHROMA, COLOUR_SIDE, HASH_SHAPE, LUMA, SIDE, WHOLE_CELL, triangles
from data_engine.images import PackedPixels

#: Weights of red, green and blue in a shade of grey (ITU-R BT.601), in thousandths.
RED, GREEN, BLUE, PER_SHADE = 299, 587, 114, 1000
#: And in Cb and Cr, in millionths.
CHROMA_WEIGHTS = ((-168_736, -331_264, 500_000), (500_000, -418_688, -81_312))
PER_CHROMA = 1_000_000
DARKEST, BRIGHTEST, FLAT_SHADES = 5, 250, 4
BAR_NOISE, BAR_SHADE = 3.0, 32.0
COLOUR_SLACK, LEAST_CONTRAST, STEP_OF_SOME = 16, 2.0, 15


def channels_of(words: PackedPixels) -> NDArray[np.uint8]:
    """(3, h, w) red, green and blue."""
    return np.stack([(words >> np.uint32(8 * channel)).astype(np.uint8) for channel in range(3)])


def grey_of(channels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(h, w) shades of grey in thousandths."""
    red, green, blue = channels.astype(np.int64)
    return RED * red + GREEN * green + BLUE * blue


def measures_of(words: PackedPixels) -> tuple[float, ...]:
    """The nine measures of an image, in the order of `image_measures.ImageMeasures`."""
    channels = channels_of(words)
    grey = grey_of(channels)
    red, green, blue = channels.astype(np.int64)
    squares = int(((red - green) ** 2).sum()), int(((red + green - 2 * blue) ** 2).sum())
    counts = np.bincount(((grey + PER_SHADE // 2) // PER_SHADE).ravel(), minlength=256).tolist()
    entropy, dark, bright = _of_counts(counts, grey.size)
    mean, colourfulness = _of_colours(int(red.sum()), int(green.sum()), int(blue.sum()), *squares, grey.size)
    bars = max(_bars_share(grey), _bars_share(grey.T))
    is_greyscale = float((channels.max(axis=0) - channels.min(axis=0)).max() <= FLAT_SHADES)
    return mean, entropy, dark, bright, _solid_share(channels), _sharpness(grey), bars, colourfulness, is_greyscale


def _of_colours(red: int, green: int, blue: int, squares: int, other_squares: int, n: int) -> tuple[float, float]:
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


def _of_counts(counts: Sequence[int], n: int) -> tuple[float, float, float]:
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


def _steps_apart(n_pixels: int) -> int:
    """How far apart the pixels of a side are of which the median colour is taken: 32 to 63 of them, or all."""
    return max(1, n_pixels // 32)


def _solid_share(channels: NDArray[np.uint8]) -> float:
    is_near = np.ones(channels.shape[1:], dtype=bool)
    for plane in channels:
        median = float(np.median(plane[:: _steps_apart(plane.shape[0]), :: _steps_apart(plane.shape[1])]))
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


def sketch_of(words: PackedPixels) -> bytes:
    """The sketch of an image: 1,064 bytes."""
    channels = channels_of(words)
    luma = _shrunk(grey_of(channels), (SIDE, SIDE), PER_SHADE)
    hashed = _shrunk(luma, HASH_SHAPE, 1)
    bits = np.packbits(hashed[:, :-1] < hashed[:, 1:])
    return b"".join(part.astype(np.uint8).tobytes() for part in (bits, luma, _colours(channels)))


def _shrunk(shades: NDArray[np.int64], shape: tuple[int, int], per_shade: int) -> NDArray[np.int64]:
    """(rows, columns) the means of cells, rounded to whole shades."""
    down, across = (_dense(n, n_cells) for n, n_cells in zip(shades.shape, shape, strict=True))
    # Whole numbers below 2^53, which float64 holds and adds up exactly.
    totals = (down @ shades @ across.T).astype(np.int64)
    unit = WHOLE_CELL**2 * per_shade
    return (totals + unit // 2) // unit


def _colours(channels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(2, COLOUR_SIDE, COLOUR_SIDE) mean Cb and Cr of fields of whole pixels."""
    rows, columns = (fields(n_pixels) for n_pixels in channels.shape[1:])
    parts = [[channels[:, top:bottom, left:right] for left, right in columns] for top, bottom in rows]
    sums = np.array([[part.sum(axis=(1, 2), dtype=np.int64) for part in row] for row in parts])
    n = np.array([[PER_CHROMA * part[0].size for part in row] for row in parts])
    totals = np.moveaxis(sums @ np.array(CHROMA_WEIGHTS).T, 2, 0)
    rounded: NDArray[np.int64] = np.minimum(255, (2 * totals + 257 * n) // (2 * n))
    return rounded


def fields(n_pixels: int) -> list[tuple[int, int]]:
    """Where each of `COLOUR_SIDE` equal parts of a row or column of pixels begins and ends; none is empty."""
    starts = [part * n_pixels // COLOUR_SIDE for part in range(COLOUR_SIDE + 1)]
    return [(start, max(start + 1, stop)) for start, stop in pairwise(starts)]


def _dense(n_pixels: int, n_cells: int) -> NDArray[np.float64]:
    """(n_cells, n_pixels) the weights of all pixels."""
    first, weights = triangles(n_pixels, n_cells)
    matrix = np.zeros((n_cells, n_pixels))
    np.put_along_axis(matrix, first[:, None] + np.arange(weights.shape[1]), weights, axis=1)
    return matrix


def similarities(small: SmallImages, row: int, others: NDArray[np.int64], *, least: float = 0.0) -> NDArray[np.float64]:
    """(m,) as `SmallImages.similarities`, rounded to six decimals."""
    least -= 1e-6
    all_cells = np.arange(LUMA.start, LUMA.stop)
    colours = small.sketches[others, CHROMA].astype(np.int16) - small.sketches[row, CHROMA].astype(np.int16)
    alike: NDArray[np.float64] = 1 - np.maximum(np.abs(colours).max(axis=1) - COLOUR_SLACK, 0) / 128
    for cells in (all_cells[::STEP_OF_SOME], all_cells):
        is_open = np.flatnonzero(alike >= least)
        alike[is_open] = np.minimum(alike[is_open], _luma_likeness(small, row, others[is_open], cells))
    return np.round(alike, 6)


def _luma_likeness(
    small: SmallImages, row: int, others: NDArray[np.int64], cells: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(m,) the smaller of the likeness of the worst of some cells and, where these are all, the correlation."""
    norm, norms = small.norms[row], small.norms[others]
    has_contrast = norm * norms > LEAST_CONTRAST * SIDE**2
    larger = np.where(has_contrast, np.maximum(norm, norms), 1)
    gain, gains = (larger / np.where(has_contrast, some, 1) for some in (norm, norms))
    one = small.sketches[row, cells] - np.where(has_contrast, small.means[row], 0)[:, None]
    many = small.sketches[others[:, None], cells] - np.where(has_contrast, small.means[others], 0)[:, None]
    left = one * gain[:, None] - many * gains[:, None]
    likeness: NDArray[np.float64] = 1 - np.abs(left).max(axis=1) / 255
    if len(cells) < SIDE**2:
        return likeness
    # Of two rows of one norm the distance tells the correlation.
    correlation = 1 - np.einsum("ij,ij->i", left, left) / (2 * larger**2)
    return np.where(has_contrast, np.minimum(correlation, likeness), likeness)
