"""Segmenter: one loaded way from extreme points and clicks to a mask, and what all of them share.

Segmenters by name are in `registry.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.segmentation.clicks import with_click
from data_engine.segmentation.crop import Click, Crop, Points, SoftMask, checked_prompt, crop_of
from data_engine.segmentation.masks import Mask, checked_mask
from data_engine.segmentation.predictors.shapes import octagon, within_box

Predict = Callable[[Crop], SoftMask]

#: Larger images are refused: the mask of one would not fit beside it.
MOST_IMAGE_PIXELS = 400_000_000
#: Nothing lies farther outside the box of the points than this share of its longer side.
_SLACK_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A loaded segmenter.

    Attributes:
        name: The name that it was loaded by.
        version: Name and fingerprint of its weights: two segmenters of one version give the same masks.
        predict_crop: What it makes of a crop: (h, w) in [0, 1].
        takes_clicks: Whether `predict_crop` looks at the clicks; else the colours around a click decide.
    """

    name: str
    version: str
    predict_crop: Predict
    takes_clicks: bool = False

    def predict(
        self,
        image: NDArray[np.uint8],
        extreme_points: NDArray[Any] | Sequence[Sequence[float]],
        clicks: Sequence[Click] = (),
        previous: NDArray[Any] | None = None,
    ) -> Mask:
        """The mask of the object between four extreme points, corrected by clicks.

        Args:
            image: (h, w, 3) uint8, RGB.
            extreme_points: (4, 2) xy in pixels, in any order: leftmost, topmost, rightmost, bottommost place.
            clicks: (x, y, is_inside) each, the latest last. A click changes only the connected region it lies in.
            previous: (h, w) the mask that the last click is about, such as one that a person has edited; None to
                predict from the points and to take up all clicks in turn.

        Returns: (h, w) bool, never empty.

        Raises: InvalidInput for what is no RGB image or too large a one, other than four points, places outside the
            image or not finite, a previous mask of another shape, or where nothing is found between the points.
        """
        points, checked = checked_prompt(image, extreme_points, clicks)
        _check_size(image)
        if previous is not None:
            return self._after_last(image, points, checked, _checked_previous(previous, image))
        crop = crop_of(image, points, ())
        soft = self._soft(crop)
        mask = crop.outward(soft)
        if not mask.any() and (soft > 0.5).any():
            mask = _line_along(points, mask.shape)
        if not mask.any():
            raise InvalidInput(
                f"the segmenter {self.name!r} finds nothing between the points {points.tolist()}; draw the outline, or "
                "use another segmenter"
            )
        for n_clicks in range(1, len(checked) + 1):
            mask = self._after_last(image, points, checked[:n_clicks], mask)
        return mask

    def mask_at(self, image: NDArray[np.uint8], extreme_points: NDArray[Any], side_px: int) -> Mask:
        """The mask from the points alone, found in a crop of another size: the smaller, the sooner and the coarser.

        Args:
            image: (h, w, 3) uint8, RGB.
            extreme_points: As for `predict`.
            side_px: The longer side of what the predictor looks at.

        Returns: (h, w) bool; empty where nothing is found.

        Raises: InvalidInput as `predict` does.
        """
        points, _ = checked_prompt(image, extreme_points, ())
        _check_size(image)
        crop = crop_of(image, points, (), side_px)
        return crop.outward(self._soft(crop))

    def _soft(self, crop: Crop) -> SoftMask:
        """What is found within the box of the points, or their octagon."""
        soft = np.asarray(self.predict_crop(crop), dtype=np.float32)
        if soft.shape != crop.pixels.shape[:2] or not np.isfinite(soft).all():
            raise InvalidInput(
                f"the segmenter {self.name!r} gave {soft.shape} values for {crop.pixels.shape[:2]} pixels, or "
                "some that are not finite; mend its weights, or use another segmenter"
            )
        is_allowed = within_box(crop, max(1.0, _SLACK_SHARE * max(soft.shape)))
        return np.where(is_allowed, soft, np.float32(0))

    def _after_last(self, image: NDArray[np.uint8], points: Points, clicks: tuple[Click, ...], before: Mask) -> Mask:
        """The mask with the last click taken up; all of it but one region stays as it is, to the pixel."""
        if not clicks:
            return before
        x, y, is_inside = clicks[-1]
        if before[min(int(y), before.shape[0] - 1), min(int(x), before.shape[1] - 1)] == is_inside:
            return before
        crop = crop_of(image, points, clicks)
        click = crop.click_of(clicks[-1])
        if click is None:
            return before
        was = crop.inward(before) > 0.5
        row, column = min(int(click[1]), was.shape[0] - 1), min(int(click[0]), was.shape[1] - 1)
        was[row, column] = not is_inside
        changed = with_click(crop, was, click, self._soft if self.takes_clicks else None) != was
        region = crop.outward(changed.astype(np.float32))
        after = before.copy()
        after[region] = is_inside
        after[min(int(y), len(after) - 1), min(int(x), after.shape[1] - 1)] = is_inside
        return after


def octagon_where_empty(predict: Predict) -> Predict:
    """The predictor, with the octagon of the points in the place of an empty mask."""

    def predicted(crop: Crop) -> SoftMask:
        soft = predict(crop)
        return soft if (soft > 0.5).any() else octagon(crop)

    return predicted


def _line_along(points: Points, shape: tuple[int, ...]) -> Mask:
    """An object that is thinner than what the crop shows: the pixels that the points are joined through."""
    import cv2

    drawn = np.zeros(shape, dtype=np.uint8)
    places = np.clip(np.floor(points), 0, (shape[1] - 1, shape[0] - 1)).astype(np.int32)
    cv2.polylines(drawn, [places[:, None]], isClosed=True, color=1)
    return drawn.astype(np.bool_)


def _check_size(image: NDArray[np.uint8]) -> None:
    height, width = image.shape[:2]
    if height * width > MOST_IMAGE_PIXELS:
        raise InvalidInput(
            f"the image has {width:,} x {height:,} pixels, and at most {MOST_IMAGE_PIXELS:,} can be segmented; give it "
            "downscaled, or the part around the object"
        )


def _checked_previous(previous: NDArray[Any], image: NDArray[np.uint8]) -> Mask:
    mask = checked_mask(previous)
    if mask.shape != image.shape[:2]:
        raise InvalidInput(
            f"the previous mask has {mask.shape} pixels and the image {image.shape[:2]}; give the mask of this image"
        )
    return mask
