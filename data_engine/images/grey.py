"""Shades of grey in whole thousandths, so that a sum over pixels is the same in any order.

What is measured of them is in `filtering.rules` and `duplicates.images`.
"""

import numpy as np
from numpy.typing import NDArray

#: Weights of red, green and blue in a shade of grey (ITU-R BT.601), and how many of them are one shade.
RED, GREEN, BLUE = 299, 587, 114
PER_SHADE = RED + GREEN + BLUE


def grey_of(channels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(h, w) the shades of grey of (3, h, w) red, green and blue, in thousandths: 0 to 255,000."""
    red, green, blue = channels.astype(np.int64)
    grey: NDArray[np.int64] = RED * red + GREEN * green + BLUE * blue
    return grey
