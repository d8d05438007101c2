"""Likenesses of small images, compiled: as `small_images` measures them, before it rounds them."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from data_engine.duplicates.images.similarity import COLOUR_SLACK, LEAST_CONTRAST, STEP_OF_SOME
from data_engine.duplicates.images.sketch import CHROMA, LUMA

_LUMA_AT, _CHROMA_AT, _END = LUMA.start, CHROMA.start, CHROMA.stop
_N_CELLS = _CHROMA_AT - _LUMA_AT


def likeness(
    sketches: NDArray[np.uint8],
    means: NDArray[np.float64],
    norms: NDArray[np.float64],
    row: int | np.int64,
    others: NDArray[np.int64],
    least: float,
) -> NDArray[np.float64]:
    """(m,) as `SmallImages.similarities` gives them, up to the rounding of float64."""
    alike = np.empty(len(others))
    _fill(sketches, means, norms, row, others, least, alike)
    return alike


@njit(nogil=True, cache=True)
def _fill(sketches, means, norms, row, others, least, alike):
    for place in range(len(others)):
        other = others[place]
        one, many = sketches[row], sketches[other]
        of_colours = _of_colours(one, many)
        if of_colours < least:
            alike[place] = of_colours
            continue
        norm, norm_of_other = norms[row], norms[other]
        # Light and contrast of the fainter image become those of the other, where there is any contrast.
        mean, mean_of_other, gain, gain_of_other, larger = 0.0, 0.0, 1.0, 1.0, 0.0
        if norm * norm_of_other > LEAST_CONTRAST * _N_CELLS:
            larger = max(norm, norm_of_other)
            mean, mean_of_other = means[row], means[other]
            gain, gain_of_other = larger / norm, larger / norm_of_other
        found = of_colours
        for step in (STEP_OF_SOME, 1):
            if found >= least:
                worst, sum_2 = _differences(one, many, mean, mean_of_other, gain, gain_of_other, step)
                found = min(found, 1 - worst / 255)
                if step == 1 and larger > 0:
                    # Of two rows of one norm the distance tells the correlation.
                    found = min(found, 1 - sum_2 / (2 * larger * larger))
        alike[place] = found


@njit(nogil=True, cache=True)
def _of_colours(one, many):
    alike = 1.0
    for place in range(_CHROMA_AT, _END):
        differs = abs(np.int64(one[place]) - np.int64(many[place])) - COLOUR_SLACK
        alike = min(alike, 1 - differs / 128)
    return alike


@njit(nogil=True, cache=True)
def _differences(one, many, mean, mean_of_other, gain, gain_of_other, step):
    """The largest difference of some cells, and the sum of their squares."""
    worst = sum_2 = 0.0
    for place in range(_LUMA_AT, _CHROMA_AT, step):
        left = (one[place] - mean) * gain - (many[place] - mean_of_other) * gain_of_other
        worst = max(worst, abs(left))
        sum_2 += left * left
    return worst, sum_2
