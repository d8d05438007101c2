"""Objects without anybody's help: what is brighter than its surroundings, by a classical recipe that is stated here.

It serves corpora that run by themselves as a truth to measure with. It is a recipe, and no person has looked at it.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.segmentation.masks import Mask

#: Regions of fewer pixels are noise.
_FEWEST_PX = 200


def bright_regions(image: NDArray[np.uint8]) -> list[Mask]:
    """The regions that are brighter than the ground around them.

    The image is smoothed (Gaussian, 1.5 px), the ground (erosion by 61 px, smoothed by 20 px) is taken from it, and
    what lies above Otsu's threshold is closed (5 px), has its holes filled and is opened (9 px). Source of the
    threshold: Otsu 1979.

    Args:
        image: (h, w) grey or (h, w, 3) RGB, uint8.

    Returns: (h, w) bool for each connected region of at least 200 px, from the top.
    """
    import cv2

    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    ground = cv2.GaussianBlur(cv2.erode(grey, np.ones((61, 61), np.uint8)), (0, 0), 20)
    flat = cv2.subtract(cv2.GaussianBlur(grey, (0, 0), 1.5), ground)
    _, above = cv2.threshold(flat, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    closed = cv2.morphologyEx(above, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    filled = _without_holes(np.asarray(closed, dtype=np.uint8))
    opened = cv2.morphologyEx(filled, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    n_regions, regions, figures, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    large = (number for number in range(1, n_regions) if figures[number, cv2.CC_STAT_AREA] >= _FEWEST_PX)
    return [np.asarray(regions == number) for number in large]


def _without_holes(inside: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same with every region of the ground filled that does not reach the border."""
    import cv2

    n_regions, regions, _, _ = cv2.connectedComponentsWithStats(1 - inside, connectivity=4)
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    is_hole = ~np.isin(np.arange(n_regions), border)
    is_hole[0] = False
    return np.where(is_hole[regions], np.uint8(1), inside)
