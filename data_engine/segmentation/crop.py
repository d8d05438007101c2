"""The part of an image around four extreme points, small enough to work on, and the way back to the whole mask.

Shapes that the points span are in `shapes.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.segmentation.masks import Mask

Click = tuple[float, float, bool]
"""x, y and whether the place is inside the object."""

Points = NDArray[np.float64]
SoftMask = NDArray[np.float32]

#: The longer side of what segmenters work on.
WORKING_SIDE_PX = 160
#: What is shown around the box of the points, as a share of its longer side.
MARGIN = 0.15


@dataclass(frozen=True, eq=False)
class Crop:
    """What a predictor is given.

    Attributes:
        pixels: (h, w, 3) uint8, at most `WORKING_SIDE_PX` on the longer side.
        fine_pixels: (2 h, 2 w, 3) uint8, the same for what sees more in twice as many.
        points: (4, 2) xy in pixels of the crop: left, top, right, bottom.
        clicks: In pixels of the crop.
        window: Left, top, right, bottom of the crop in the image.
        shape: Height and width of the image.
    """

    pixels: NDArray[np.uint8]
    fine_pixels: NDArray[np.uint8]
    points: Points
    clicks: tuple[Click, ...]
    window: tuple[int, int, int, int]
    shape: tuple[int, int]

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the crop per pixel of the image, along x and y."""
        left, top, right, bottom = self.window
        return self.pixels.shape[1] / (right - left), self.pixels.shape[0] / (bottom - top)

    def at(self, side: int) -> "Crop":
        """The same part of the image with so many pixels on the longer side, or as it is where it has no more."""
        import cv2

        height, width = self.pixels.shape[:2]
        if max(height, width) <= side:
            return self
        scale = side / max(height, width)
        size = (max(2, round(width * scale)), max(2, round(height * scale)))
        pixels = np.asarray(cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        along = np.array([size[0] / width, size[1] / height])
        clicks = tuple((x * float(along[0]), y * float(along[1]), is_inside) for x, y, is_inside in self.clicks)
        return replace(self, pixels=pixels, points=self.points * along, clicks=clicks)

    def click_of(self, click: Click) -> Click | None:
        """A click on the image in pixels of the crop; None where it lies outside."""
        x, y, is_inside = click
        left, top, right, bottom = self.window
        if not (left <= x <= right and top <= y <= bottom):
            return None
        along_x, along_y = self.scale
        return (x - left) * along_x, (y - top) * along_y, is_inside

    def inward(self, mask: Mask) -> SoftMask:
        """A mask of the image as it looks in the crop: (h, w) in [0, 1]."""
        import cv2

        left, top, right, bottom = self.window
        part = mask[top:bottom, left:right].astype(np.float32)
        height, width = self.pixels.shape[:2]
        return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)

    def outward(self, soft: SoftMask) -> Mask:
        """The mask of the whole image: what is above one half."""
        import cv2

        left, top, right, bottom = self.window
        whole = np.zeros(self.shape, dtype=np.bool_)
        large = cv2.resize(soft, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        whole[top:bottom, left:right] = large > 0.5
        return whole


def checked_prompt(
    image: NDArray[Any], extreme_points: NDArray[Any] | Sequence[Sequence[float]], clicks: Sequence[Click]
) -> tuple[Points, tuple[Click, ...]]:
    """The points in the order left, top, right, bottom, and the clicks.

    Raises: InvalidInput for what is no RGB image, other than four points, or a place that is not finite or not inside
        the image.
    """
    found = np.asarray(image)
    if found.ndim != 3 or found.shape[2] != 3 or found.dtype != np.uint8 or min(found.shape[:2]) < 2:
        raise InvalidInput(
            f"the image has the shape {found.shape} and the type {found.dtype}; give (height, width, 3) uint8 of at "
            "least 2 x 2 pixels"
        )
    height, width = found.shape[:2]
    try:
        points = np.asarray(extreme_points, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.shape != (4, 2):
        raise InvalidInput(
            f"the extreme points have the shape {points.shape}; give four xy: the leftmost, the topmost, the rightmost "
            "and the bottommost place of the object"
        )
    for number, click in enumerate(clicks):
        if not isinstance(click, (tuple, list)) or len(click) != 3:
            raise InvalidInput(f"click {number} is {click!r}; give x, y and whether the place is inside the object")
    for name, (x, y) in [*(("extreme point", point) for point in points), *(("click", c[:2]) for c in clicks)]:
        if not (np.isfinite([x, y]).all() and 0 <= x <= width and 0 <= y <= height):
            raise InvalidInput(f"the {name} ({x}, {y}) is not inside the image of {width} x {height} pixels; move it")
    ordered = points[[points[:, 0].argmin(), points[:, 1].argmin(), points[:, 0].argmax(), points[:, 1].argmax()]]
    if ordered[2, 0] - ordered[0, 0] < 1 and ordered[3, 1] - ordered[1, 1] < 1:
        raise InvalidInput(f"the extreme points all lie at {points[0].tolist()}; give the four ends of the object")
    return ordered, tuple((float(x), float(y), bool(is_inside)) for x, y, is_inside in clicks)


def crop_of(image: NDArray[np.uint8], points: Points, clicks: tuple[Click, ...], side: int = WORKING_SIDE_PX) -> Crop:
    """The crop around points and clicks as `checked_prompt` gives them."""
    import cv2

    height, width = image.shape[:2]
    inside = np.array([click[:2] for click in clicks if click[2]]).reshape(-1, 2)
    low, high = np.concatenate([points, inside]).min(axis=0), np.concatenate([points, inside]).max(axis=0)
    margin = max(4.0, MARGIN * float((high - low).max()))
    left, top = np.floor(np.maximum(low - margin, 0)).astype(int).tolist()
    right, bottom = np.ceil(np.minimum(high + margin, (width, height))).astype(int).tolist()
    scale = side / max(right - left, bottom - top)
    size = (max(2, round((right - left) * scale)), max(2, round((bottom - top) * scale)))
    part = image[top:bottom, left:right]
    sizes = (size, (2 * size[0], 2 * size[1]))
    pixels, fine_pixels = (
        np.asarray(cv2.resize(part, wanted, interpolation=_method(part, wanted)), dtype=np.uint8) for wanted in sizes
    )
    factor = np.array([size[0] / (right - left), size[1] / (bottom - top)])
    window = (left, top, right, bottom)
    crop = Crop(pixels, fine_pixels, (points - (left, top)) * factor, (), window, (height, width))
    return replace(crop, clicks=tuple(moved for moved in map(crop.click_of, clicks) if moved is not None))


def _method(part: NDArray[np.uint8], size: tuple[int, int]) -> int:
    import cv2

    return cv2.INTER_AREA if size[0] < part.shape[1] else cv2.INTER_LINEAR
