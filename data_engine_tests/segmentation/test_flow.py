"""A textured square that moves, turns and grows before a textured ground: where its mask is carried to."""

import cv2
import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.segmentation.flow import MaskCarrier
from data_engine.segmentation.masks import iou
from data_engine_tests.support.made_videos import texture

SIDE = 120


def _scene(step: int, *, dx: float, turn: float = 0.0, grow: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The frame after so many steps, and the mask of the square in it."""
    ground = cv2.GaussianBlur(texture(SIDE, 2 * SIDE, seed=1), (0, 0), 1)
    square = cv2.GaussianBlur(texture(40, 40, seed=2, px=4), (0, 0), 1)
    matrix = cv2.getRotationMatrix2D((20, 20), turn * step, grow**step)
    matrix[:, 2] += (30 + dx * step, 40)
    size = (2 * SIDE, SIDE)
    mask = cv2.warpAffine(np.ones((40, 40), np.uint8), matrix, size) > 0
    return np.where(mask[..., None], cv2.warpAffine(square, matrix, size), ground), mask


@pytest.mark.parametrize("motion", [{"dx": 3.0}, {"dx": 20.0}, {"dx": 4.0, "turn": 5.0, "grow": 1.03}])
def test_a_mask_goes_with_its_object(motion: dict[str, float]) -> None:
    frame, mask = _scene(0, **motion)
    carrier = MaskCarrier(frame, mask)
    for step in range(1, 6):
        later, truth = _scene(step, **motion)
        carried = carrier.step(later)
        assert carried is not None and iou(carried.mask, truth) > 0.9
        assert carried.consistency > 0.6
    assert iou(mask, truth) < 0.6


def test_where_an_object_changes_its_form_each_pixel_goes_its_own_way() -> None:
    frame = cv2.GaussianBlur(texture(SIDE, SIDE, seed=3), (0, 0), 2)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    mask = np.hypot(rows - 60, columns - 60) < 30
    bent = columns + 4 * np.sin(rows / 6)
    later = cv2.remap(frame, bent, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    truth = cv2.remap(mask.astype(np.uint8), bent, rows, cv2.INTER_NEAREST) > 0
    carried = MaskCarrier(frame, mask).step(later)
    assert carried is not None
    assert iou(carried.mask, truth) > max(0.93, iou(mask, truth) + 0.03)


def test_nothing_is_trusted_in_another_scene_or_before_a_plain_ground() -> None:
    frame, mask = _scene(0, dx=0)
    for other in (texture(SIDE, 2 * SIDE, seed=9), np.full_like(frame, 255)):
        carried = MaskCarrier(frame, mask).step(other)
        assert carried is None or carried.consistency < 0.4


def test_a_frame_of_another_size_ends_it_and_an_empty_mask_is_refused() -> None:
    frame, mask = _scene(0, dx=0)
    assert MaskCarrier(frame, mask).step(frame[:, 10:]) is None
    with pytest.raises(InvalidInput, match=r"the mask has the shape \(120, 240\) and 0 pixels, and the frame is"):
        MaskCarrier(frame, np.zeros_like(mask))


def test_a_large_frame_is_followed_on_fewer_pixels_and_its_mask_is_whole() -> None:
    (one, mask), (other, truth) = (_scene(step, dx=6.0) for step in (0, 1))
    large = [cv2.resize(each, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC) for each in (one, other)]
    masks = [cv2.resize(each.astype(np.uint8), None, fx=4, fy=4) > 0 for each in (mask, truth)]
    carried = MaskCarrier(large[0], masks[0]).step(large[1])
    assert carried is not None and carried.mask.shape == (4 * SIDE, 8 * SIDE)
    assert iou(carried.mask, masks[1]) > 0.9
