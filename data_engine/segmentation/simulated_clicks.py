"""Clicks of nobody, for measurements: the extreme points of a known mask, and the place where a mask is most wrong.

Whatever is measured by them is marked as simulated, and they have no seconds.
"""

import numpy as np

from data_engine.errors import InvalidInput
from data_engine.segmentation.crop import Click, Points
from data_engine.segmentation.masks import Mask, bounding_box


def simulated_points(truth: Mask, *, tremor_px: float = 0.0, seed: int = 0) -> Points:
    """The extreme points of a mask, each where the mask is widest at that side, moved by a trembling hand.

    Args:
        truth: (h, w), not empty.
        tremor_px: Standard deviation of the movement along x and along y.
        seed: Of the movement.

    Returns: (4, 2) xy: left, top, right, bottom, inside the image.

    Raises: InvalidInput for an empty mask.
    """
    left, top, right, bottom = bounding_box(truth)
    points = np.array(
        [
            (left, _middle(truth[:, left]) + 0.5),
            (_middle(truth[top]) + 0.5, top),
            (right, _middle(truth[:, right - 1]) + 0.5),
            (_middle(truth[bottom - 1]) + 0.5, bottom),
        ],
        dtype=np.float64,
    )
    points += np.random.default_rng(seed).normal(0, 1, points.shape) * tremor_px
    return np.clip(points, 0, (truth.shape[1], truth.shape[0]))


def corrective_click(mask: Mask, truth: Mask) -> Click | None:
    """The middle of the largest connected error of a mask; None where it has none.

    Raises: InvalidInput where the shapes differ.
    """
    import cv2

    if mask.shape != truth.shape:
        raise InvalidInput(f"masks of {mask.shape} and {truth.shape} cannot be compared; give two of the same image")
    is_wrong = (mask != truth).astype(np.uint8)
    n_regions, regions, figures, _ = cv2.connectedComponentsWithStats(is_wrong, connectivity=4)
    if n_regions < 2:
        return None
    largest = 1 + int(figures[1:, cv2.CC_STAT_AREA].argmax())
    padded = np.pad((regions == largest).astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(column) + 0.5, float(row) + 0.5, bool(truth[row, column])


def _middle(line: Mask) -> int:
    """The middle of the pixels of a line that are inside."""
    places = np.flatnonzero(line)
    return int(places[len(places) // 2])
