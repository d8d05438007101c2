"""What a click changes: only the connected region that it lies in, so that a correct click does no harm elsewhere.

Clicks of nobody, which measure this, are in `simulated_clicks.py`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from data_engine.segmentation.crop import Click, Crop, SoftMask
from data_engine.segmentation.masks import Mask
from data_engine.segmentation.predictors.grabcut import cut
from data_engine.segmentation.predictors.shapes import within_box

SecondLook = Callable[[Crop], SoftMask]

#: How far a click reaches, in distances to the edge of the mask as it was: what looks alike, and what surely is meant.
_REACH, _SURE_REACH = 2.0, 0.9
#: Where what looks alike is less than this share of a disc of that distance, the disc that is surely meant is taken.
_LEAST_SHARE = 0.1
#: No reach is more than this share of the crop's longer side: deep within a mask, its edge says nothing of an error.
_LARGEST_SHARE = 0.1
#: A place is sure by a click within this share of the crop's longer side.
_SURE_SHARE = 0.02


def with_click(crop: Crop, before: Mask, click: Click, opinion: SecondLook | None = None) -> Mask:
    """The mask after one more click.

    Args:
        crop: With all clicks so far, this one included.
        before: (h, w) of the crop, the mask that the click is about.
        click: In pixels of the crop. Where the mask already is as it says, nothing changes.
        opinion: A predictor that takes clicks; None to let GrabCut look at the colours around the click.

    Returns: (h, w), which differs from the mask before in one connected region around the click.
    """
    x, y, is_inside = click
    row, column = min(int(y), before.shape[0] - 1), min(int(x), before.shape[1] - 1)
    if before[row, column] == is_inside:
        return before
    wrong = _region(before != is_inside, row, column)
    # The nearest pixel of the other kind is one pixel away at least, and then nothing but the click's own is wrong.
    reach = min(_distance_to_edge(before)[row, column] - 0.5, _LARGEST_SHARE * max(before.shape))
    away = _distance_to(before.shape, row, column)
    after = opinion(crop) > 0.5 if opinion is not None else _by_colour(crop, before)
    region = _region((after == is_inside) & (away <= _REACH * reach) & wrong, row, column)
    if region.sum() < _LEAST_SHARE * np.pi * reach**2:
        region = _region((away <= _SURE_REACH * reach) & wrong, row, column)
    return np.where(region, is_inside, before)


def _region(mask: Mask, row: int, column: int) -> Mask:
    """The connected region of a mask that holds a pixel."""
    import cv2

    _, regions = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return np.asarray((regions == regions[row, column]) & mask)


def _distance_to(shape: tuple[int, ...], row: int, column: int) -> NDArray[np.float64]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray(np.hypot(rows - row, columns - column))


def _distance_to_edge(mask: Mask) -> NDArray[np.float32]:
    """Pixels to the nearest pixel of the other kind."""
    import cv2

    inside = mask.astype(np.uint8)
    sides = [cv2.distanceTransform(side, cv2.DIST_L2, 5) for side in (inside, 1 - inside)]
    # A mask of one kind only has no other pixel; the size of the crop is far enough.
    return np.asarray(np.minimum(sides[0] + sides[1], max(mask.shape)), dtype=np.float32)


def _by_colour(crop: Crop, before: Mask) -> Mask:
    """GrabCut that starts from the mask as it was, with the clicks as what is sure."""
    import cv2

    labels = np.where(before, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[~within_box(crop, 2) & ~before] = cv2.GC_BGD
    radius = max(2, round(_SURE_SHARE * max(before.shape)))
    for x, y, is_inside in crop.clicks:
        cv2.circle(labels, (int(x), int(y)), radius, cv2.GC_FGD if is_inside else cv2.GC_BGD, -1)
    return cut(crop, labels, n_rounds=1)
