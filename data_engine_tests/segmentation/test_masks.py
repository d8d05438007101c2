import numpy as np
import pytest
from drawn_masks import from_rows

from data_engine.errors import InvalidInput
from data_engine.segmentation.masks import bounding_box, checked_mask, iou


def test_iou_is_the_share_of_pixels_that_both_hold() -> None:
    one, other = from_rows("##.", "..."), from_rows(".##", "...")
    assert iou(one, other) == pytest.approx(1 / 3)
    assert iou(one, one) == iou(one & ~one, one & ~one) == 1
    with pytest.raises(InvalidInput, match=r"masks of \(2, 3\) and \(1, 3\) cannot be compared"):
        iou(one, one[:1])


def test_the_bounding_box_ends_after_the_last_pixel() -> None:
    assert bounding_box(from_rows("....", ".##.", ".#..")) == (1, 1, 3, 3)
    with pytest.raises(InvalidInput, match="the mask is empty"):
        bounding_box(from_rows(".."))


def test_whatever_is_not_nothing_is_inside() -> None:
    assert checked_mask(np.array([[0, 255, 2]], np.uint8)).tolist() == [[False, True, True]]


@pytest.mark.parametrize("shape", [(0, 3), (3,), (2, 2, 1)])
def test_a_mask_has_two_axes_and_a_pixel(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="the mask has the shape"):
        checked_mask(np.zeros(shape))
