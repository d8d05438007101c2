"""Similarity of small images, in one pass over the pairs that stops where a pair is below the limit.

Gain: 3 times as fast as NumPy where most pairs differ much, 10 times where all cells are compared (decision 026).
Reference: `data_engine_tests/support/image_oracles.py`; `data_engine_tests/kernels/test_image_similarity.py` asks for
the same numbers up to the rounding of float64.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.kernels.loading import compiled

#: Another brightness shifts colours by as much.
_COLOUR_SLACK = 16
#: Lumas whose standard deviations multiply to no more have nothing to correlate.
_LEAST_CONTRAST = 2.0
#: Most images differ in one of these cells, which lie in every row and column of the image.
_STEP_OF_SOME = 15


def similarities(
    sketches: NDArray[np.uint8],
    means: NDArray[np.float64],
    norms: NDArray[np.float64],
    row: int | np.int64,
    others: NDArray[np.int64],
    *,
    luma: slice,
    chroma: slice,
    least: float,
) -> NDArray[np.float64]:
    """(m,) similarity of one image and others: the smallest of correlation, worst luma and worst colour.

    Args:
        sketches: (n, n_bytes) of all images.
        means: (n,) of their lumas.
        norms: (n,) of their lumas less the mean.
        row: the one image.
        others: (m,) rows of those that it is compared with.
        luma: bytes of the lumas in a sketch, `chroma` those of the colours.
        chroma: as `luma`.
        least: below this, any value below it may be given.
    """
    alike = np.empty(len(others))
    _fill(sketches, means, norms, row, others, (luma.start, luma.stop), (chroma.start, chroma.stop), least, alike)
    return alike


@compiled
def _fill(sketches, means, norms, row, others, luma, chroma, least, alike):
    for place in range(len(others)):
        other = others[place]
        one, many = sketches[row], sketches[other]
        of_colours = _of_colours(one, many, chroma)
        if of_colours < least:
            alike[place] = of_colours
            continue
        norm, norm_of_other = norms[row], norms[other]
        # The fainter image gets the brightness and contrast of the other, where there is any contrast.
        mean, mean_of_other, gain, gain_of_other, larger = 0.0, 0.0, 1.0, 1.0, 0.0
        if norm * norm_of_other > _LEAST_CONTRAST * (luma[1] - luma[0]):
            larger = max(norm, norm_of_other)
            mean, mean_of_other = means[row], means[other]
            gain, gain_of_other = larger / norm, larger / norm_of_other
        found = of_colours
        for step in (_STEP_OF_SOME, 1):
            if found >= least:
                worst, sum_2 = _differences(one, many, luma, mean, mean_of_other, gain, gain_of_other, step)
                found = min(found, 1 - worst / 255)
                if step == 1 and larger > 0:
                    # The distance of two rows of equal norm gives their correlation.
                    found = min(found, 1 - sum_2 / (2 * larger * larger))
        alike[place] = found


@compiled
def _of_colours(one, many, chroma):
    alike = 1.0
    for place in range(chroma[0], chroma[1]):
        differs = abs(np.int64(one[place]) - np.int64(many[place])) - _COLOUR_SLACK
        alike = min(alike, 1 - differs / 128)
    return alike


@compiled
def _differences(one, many, luma, mean, mean_of_other, gain, gain_of_other, step):
    """The largest difference of some cells, and the sum of their squares."""
    worst = sum_2 = 0.0
    for place in range(luma[0], luma[1], step):
        left = (one[place] - mean) * gain - (many[place] - mean_of_other) * gain_of_other
        worst = max(worst, abs(left))
        sum_2 += left * left
    return worst, sum_2
