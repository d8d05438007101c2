"""A mask carried along the frames of a video by dense optical flow, with how far to trust it in each.

Which frames follow each other is none of its business; chains of them are followed in `runtime.objects.carried_masks`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.segmentation.masks import Mask, bounding_box, checked_mask

Affine = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8] | NDArray[np.float32]

#: Objects are followed at this many pixels on the longer side of the image; smaller ones enlarged until they have so
#: many pixels on their own, as the patches that the flow compares are of 8 px.
_LONGER_PX, _OBJECT_PX, _MOST_ENLARGED = 512, 48, 4.0
#: Around an object, as a share of its longer side, and in pixels at least.
_MARGIN, _LEAST_MARGIN_PX = 0.5, 16
#: How far an object is looked for from one frame to the next, as a share of its longer side.
_REACH = 1.0
#: Forward and backward flow agree where the square of what is left of a round trip is at most this share of the squares
#: of both, and this many pixels more. Source: Sundaram, Brox and Keutzer 2010.
_LEFT_SHARE, _LEFT_PX = 0.01, 0.5
#: Grey levels that a pixel may differ by from where it came from: without texture any flow agrees with itself.
_MOST_APART = 20
#: Where so many of the pixels that agree move as one plane, the object does; else each moves by itself.
_LEAST_RIGID, _RIGID_PX, _LEAST_POINTS = 0.7, 1.5, 12
_MOST_POINTS = 2_000


@dataclass(frozen=True, eq=False)
class CarriedMask:
    """A mask in another frame than that in which it was drawn.

    Attributes:
        mask: (h, w) bool.
        consistency: Share of its pixels, from 0 to 1, that forward and backward flow take to the same place and that
            look there as they did; higher is better.
    """

    mask: Mask
    consistency: float


class MaskCarrier:
    """Carries one mask from the frame in which it was drawn to the frames that follow, one after the other.

    Every frame is brought over the first one by the motion so far, and the dense flow that is left is measured there,
    so that errors do not add up. Source of the flow: Kroeger et al. 2016, dense inverse search, as OpenCV has it.

    Args:
        frame: (h, w, 3) uint8, RGB, in which the mask was drawn.
        mask: (h, w).

    Raises: InvalidInput for a mask of another size, or an empty one.
    """

    def __init__(self, frame: NDArray[np.uint8], mask: Mask) -> None:
        self._size = (frame.shape[0], frame.shape[1])
        found = checked_mask(mask)
        if found.shape != self._size or not found.any():
            raise InvalidInput(
                f"the mask has the shape {found.shape} and {np.count_nonzero(found)} pixels, and the frame is "
                f"{self._size}; give a mask of the frame that is not empty"
            )
        self._factor = _scale(found)
        self._first = self._before = _grey(frame, self._factor)
        self._soft = _resized(found.astype(np.float32), (self._first.shape[1], self._first.shape[0]))
        self._motion: Affine = np.eye(3)
        self._box = _around(self._soft > 0.5, self._first.shape)

    def step(self, frame: NDArray[np.uint8]) -> CarriedMask | None:
        """The mask in the next frame; None where nothing of it is left, or the frame is of another size."""
        if (frame.shape[0], frame.shape[1]) != self._size or self._box is None:
            return None
        grey = _grey(frame, self._factor)
        guess = self._shift(grey) @ self._motion
        left, top, right, bottom = self._box
        place = np.s_[top:bottom, left:right]
        back = _warped(grey, _translation(-left, -top) @ np.linalg.inv(guess), (bottom - top, right - left))
        flow, backward, agrees = _flow(np.ascontiguousarray(self._first[place]), back)
        inside = self._soft[place] > 0.5
        consistency = float(agrees[inside].mean()) if inside.any() else 0.0
        rigid = _rigid(flow, agrees & inside, (left, top))
        if rigid is not None:
            moved = self._soft
            self._motion = guess @ rigid
        else:
            moved = np.zeros_like(self._soft)
            moved[place] = _remapped(self._soft[place], backward)
            self._motion = guess
        self._before = grey
        mask = _warped(moved, self._motion, self._first.shape)
        whole = _resized(mask, (self._size[1], self._size[0])) > 0.5
        return CarriedMask(whole, consistency) if whole.any() else None

    def _shift(self, grey: NDArray[np.uint8]) -> Affine:
        """Where the object went since the frame before, as a whole and by whole pixels."""
        import cv2

        now = _warped(self._soft, self._motion, self._first.shape) > 0.5
        if not now.any():
            return np.eye(3)
        left, top, right, bottom = bounding_box(now)
        reach = max(8, round(_REACH * max(right - left, bottom - top)))
        height, width = grey.shape
        x0, y0, x1, y1 = (
            max(0, left - reach),
            max(0, top - reach),
            min(width, right + reach),
            min(height, bottom + reach),
        )
        pattern, inside = self._before[top:bottom, left:right], now[top:bottom, left:right].astype(np.uint8)
        apart = cv2.matchTemplate(grey[y0:y1, x0:x1], pattern, cv2.TM_SQDIFF, mask=inside)
        _, _, (x, y), _ = cv2.minMaxLoc(apart)
        return _translation(x0 + x - left, y0 + y - top)


def _scale(mask: Mask) -> float:
    """By how much frames are made smaller or larger before an object is followed."""
    left, top, right, bottom = bounding_box(mask)
    factor = min(1.0, _LONGER_PX / max(mask.shape))
    side = factor * max(right - left, bottom - top)
    return float(factor * min(_MOST_ENLARGED, max(1.0, _OBJECT_PX / side)))


def _flow(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32], Mask]:
    """The flow to the second and back, and the pixels of the first that come back and look alike."""
    import cv2

    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    nothing = np.zeros((*first.shape, 2), np.float32)
    forward: Any = search.calc(first, second, nothing.copy())
    backward: Any = search.calc(second, first, nothing.copy())
    there = _remapped(backward, forward)
    left = np.square(forward + there).sum(axis=2)
    moved = np.square(forward).sum(axis=2) + np.square(there).sum(axis=2)
    apart = np.abs(first.astype(np.float32) - _remapped(second.astype(np.float32), forward))
    return forward, backward, (left <= _LEFT_SHARE * moved + _LEFT_PX) & (apart <= _MOST_APART)


def _rigid(flow: NDArray[np.float32], agrees: Mask, corner: tuple[int, int]) -> Affine | None:
    """The affine motion of the pixels that agree, in the whole image; None where they do not move as one plane."""
    import cv2

    rows, columns = np.nonzero(agrees)
    if len(rows) < _LEAST_POINTS:
        return None
    some = np.linspace(0, len(rows) - 1, min(len(rows), _MOST_POINTS)).astype(np.int64)
    places = np.stack([columns[some], rows[some]], axis=1).astype(np.float64) + corner
    moved = places + flow[rows[some], columns[some]]
    cv2.setRNGSeed(0)
    found, fits = cv2.estimateAffine2D(places, moved, method=cv2.RANSAC, ransacReprojThreshold=_RIGID_PX)
    if found is None or float(fits.mean()) < _LEAST_RIGID or not 0.5 < float(np.linalg.det(found[:, :2])) < 2:
        return None
    return np.vstack([found, [0.0, 0.0, 1.0]])


def _around(mask: Mask, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    if not mask.any():
        return None
    left, top, right, bottom = bounding_box(mask)
    margin = max(_LEAST_MARGIN_PX, round(_MARGIN * max(right - left, bottom - top)))
    box = max(0, left - margin), max(0, top - margin), min(shape[1], right + margin), min(shape[0], bottom + margin)
    return box if min(box[2] - box[0], box[3] - box[1]) >= _LEAST_MARGIN_PX else None


def _grey(frame: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    import cv2

    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
    return np.asarray(_resized(grey, size), dtype=np.uint8)


def _resized(values: Pixels, size: tuple[int, int]) -> Any:
    import cv2

    if (values.shape[1], values.shape[0]) == size:
        return values
    way = cv2.INTER_AREA if size[0] < values.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size, interpolation=way))


def _warped(values: Pixels, motion: Affine, shape: tuple[int, ...]) -> Any:
    import cv2

    size = (shape[1], shape[0])
    return np.asarray(cv2.warpAffine(values, motion[:2], size, flags=cv2.INTER_LINEAR))


def _remapped(values: Pixels, flow: Pixels) -> Any:
    import cv2

    rows, columns = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return np.asarray(
        cv2.remap(
            values, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    )


def _translation(x: float, y: float) -> Affine:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])
