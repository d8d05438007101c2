"""Pixel by pixel, what GrabCut, what stands out and where the four points lie are weighed against each other.

Which of the masks is taken in the end is chosen in `chooser.py`.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.segmentation.crop import Crop, SoftMask
from data_engine.segmentation.predictors.dense_layers import DenseLayers
from data_engine.segmentation.predictors.shapes import box_of, octagon, quadrilateral

N_PIXEL_FEATURES = 13
_BLUR_SHARE = 0.03


def fused(crop: Crop, cut: SoftMask, salient: SoftMask | None, layers: DenseLayers) -> SoftMask:
    """The probability of each pixel of a crop to be inside, by layers that were fitted to `pixel_features`."""
    logits = layers(pixel_features(crop, cut, salient))
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=np.float32)


def pixel_features(crop: Crop, cut: SoftMask, salient: SoftMask | None) -> NDArray[np.float32]:
    """What is known of each pixel: (h, w, 13).

    Args:
        crop: With its four points.
        cut: (h, w) what GrabCut found.
        salient: (h, w) what stands out; None where nobody looked.
    """
    whole = octagon(crop) > 0.5
    found = np.zeros_like(cut) if salient is None else salient
    inside, outside, share = (_mean(values, where) for values, where in ((found, whole), (found, ~whole), (cut, whole)))
    depth, from_centre, to_point = _places(crop, whole)
    constants = [np.full_like(cut, value) for value in (inside, outside, share)]
    maps = [
        cut,
        _blurred(cut),
        found,
        _blurred(found),
        depth,
        from_centre,
        quadrilateral(crop),
        to_point,
        *constants,
        found * np.float32(inside),
        whole.astype(np.float32),
    ]
    return np.stack(maps, axis=-1).astype(np.float32)


def _places(crop: Crop, whole: NDArray[np.bool_]) -> tuple[SoftMask, SoftMask, SoftMask]:
    """How deep in the octagon, how far from the box's centre, how far from the nearest point; all in shares."""
    import cv2

    height, width = whole.shape
    left, top, right, bottom = box_of(crop.points)
    across, down = max(right - left, 1.0), max(bottom - top, 1.0)
    inside = whole.astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    rows, columns = np.mgrid[:height, :width].astype(np.float32) + np.float32(0.5)
    from_centre = np.hypot(2 * (columns - (left + right) / 2) / across, 2 * (rows - (top + bottom) / 2) / down)
    to_point = np.min([np.hypot(columns - x, rows - y) for x, y in crop.points], axis=0) / max(height, width)
    return (
        np.clip(2 * depth / min(across, down), -1, 1).astype(np.float32),
        np.clip(from_centre, 0, 2).astype(np.float32),
        np.clip(to_point, 0, 0.5).astype(np.float32),
    )


def _blurred(soft: SoftMask) -> SoftMask:
    import cv2

    return np.asarray(cv2.GaussianBlur(soft, (0, 0), _BLUR_SHARE * max(soft.shape)), dtype=np.float32)


def _mean(values: SoftMask, where: NDArray[np.bool_]) -> float:
    return float(values[where].mean()) if where.any() else 0.0
