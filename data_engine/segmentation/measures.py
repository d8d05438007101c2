"""How good masks are: along the edge, and how many clicks they need.

The share of shared pixels is `masks.iou`.
"""

from collections.abc import Sequence

import numpy as np

from data_engine.errors import InvalidInput
from data_engine.segmentation.masks import Mask


def boundary_f(mask: Mask, truth: Mask, *, tolerance_share: float = 0.0075) -> float:
    """F measure of the edges of two masks: which of their pixels lie near an edge of the other one.

    Args:
        mask: (h, w).
        truth: (h, w).
        tolerance_share: How near, as a share of the image's diagonal; at least a pixel.

    Returns: From 0 to 1, higher is better; 1 for two masks without edges. Source: Perazzi et al. 2016.

    Raises: InvalidInput where the shapes differ.
    """
    import cv2

    if mask.shape != truth.shape:
        raise InvalidInput(f"masks of {mask.shape} and {truth.shape} cannot be compared; give two of the same image")
    one, other = _edges(mask), _edges(truth)
    if not one.any() or not other.any():
        return float(one.any() == other.any())
    tolerance = max(1.0, tolerance_share * float(np.hypot(*mask.shape)))
    near_one, near_other = (
        cv2.distanceTransform(1 - edges.astype(np.uint8), cv2.DIST_L2, 5) <= tolerance for edges in (one, other)
    )
    precision, recall = float(near_other[one].mean()), float(near_one[other].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def clicks_needed(ious: Sequence[float], target: float, *, limit: int = 20) -> int:
    """How many clicks it took until a mask was good enough (NoC); the limit where it never was.

    Args:
        ious: IoU after 0, 1, 2, ... corrective clicks.
        target: The IoU that is good enough.
        limit: What counts for objects that do not get there.
    """
    return next((n for n, reached in enumerate(ious[: limit + 1]) if reached >= target), limit)


def _edges(mask: Mask) -> Mask:
    """Pixels inside with a neighbour outside; the image's border is no edge."""
    import cv2

    inside = mask.astype(np.uint8)
    return np.asarray((inside == 1) & (cv2.erode(inside, np.ones((3, 3), np.uint8)) == 0))
