"""The shapes that four extreme points span: box, quadrilateral, octagon, ellipse. All segmenters are held against them.

What looks at the pixels is in the files of the other predictors.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.segmentation.crop import Crop, Points, SoftMask
from data_engine.segmentation.masks import Mask
from data_engine.segmentation.polygons import to_mask


def box(crop: Crop) -> SoftMask:
    """The box that the points touch."""
    left, top, right, bottom = box_of(crop.points)
    return _filled(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]), crop)


def quadrilateral(crop: Crop) -> SoftMask:
    """The four points, joined."""
    return _filled(crop.points, crop)


def ellipse(crop: Crop) -> SoftMask:
    """The ellipse within the box of the points, its axes along the image's."""
    left, top, right, bottom = box_of(crop.points)
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    x = (left + right) / 2 + (right - left) / 2 * np.cos(angles)
    y = (top + bottom) / 2 + (bottom - top) / 2 * np.sin(angles)
    return _filled(np.stack([x, y], axis=1), crop)


def octagon(crop: Crop) -> SoftMask:
    """The octagon of the points: each stretched to a quarter of its side of the box. Source: Zhou et al. 2019."""
    return _filled(octagon_of(crop.points), crop)


def box_of(points: Points) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of points in that order."""
    return float(points[0, 0]), float(points[1, 1]), float(points[2, 0]), float(points[3, 1])


def octagon_of(points: Points) -> Points:
    """(8, 2) vertices, clockwise from the lower end of the left side."""
    left, top, right, bottom = box_of(points)
    along_x, along_y = (right - left) / 8, (bottom - top) / 8
    low, high = np.array([left, top]), np.array([right, bottom])
    (_, left_y), (top_x, _), (_, right_y), (bottom_x, _) = points
    vertices = [
        (left, left_y + along_y),
        (left, left_y - along_y),
        (top_x - along_x, top),
        (top_x + along_x, top),
        (right, right_y - along_y),
        (right, right_y + along_y),
        (bottom_x + along_x, bottom),
        (bottom_x - along_x, bottom),
    ]
    return np.clip(np.array(vertices), low, high)


def within_box(crop: Crop, slack_px: float) -> Mask:
    """(h, w) the pixels of the crop that lie in the box of the points, or at most so far from it."""
    left, top, right, bottom = box_of(crop.points)
    height, width = crop.pixels.shape[:2]
    columns, rows = np.arange(width) + 0.5, np.arange(height) + 0.5
    is_column = (columns >= left - slack_px) & (columns <= right + slack_px)
    is_row = (rows >= top - slack_px) & (rows <= bottom + slack_px)
    return np.asarray(is_row[:, None] & is_column)


def _filled(polygon: NDArray[np.float64], crop: Crop) -> SoftMask:
    """A shape as a soft mask; one without area is a line of a pixel's width."""
    import cv2

    height, width = crop.pixels.shape[:2]
    filled = to_mask([polygon], (height, width)).astype(np.uint8)
    if not filled.any():
        line = np.round(polygon - 0.5).astype(np.int32)
        cv2.polylines(filled, [line[:, None]], isClosed=True, color=1)
    return filled.astype(np.float32)
