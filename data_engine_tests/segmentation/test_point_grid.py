import numpy as np
import pytest
from object_project import colours

from data_engine.errors import InvalidInput
from data_engine.segmentation.masks import iou
from data_engine.segmentation.point_grid import (
    FEATURES,
    PointGrid,
    TookTooLong,
    masks_from_grid,
    shares_of,
    suppressed,
    without_specks,
)
from data_engine.segmentation.segmenter import Segmenter

GRID = PointGrid(points_per_side=6, sizes=(0.4,))


def discs(*places: tuple[int, int, int], side: int = 96) -> tuple[np.ndarray, list[np.ndarray]]:
    rows, columns = np.mgrid[:side, :side]
    image = np.full((side, side, 3), 120, dtype=np.uint8)
    masks = [np.hypot(columns + 0.5 - x, rows + 0.5 - y) < radius for x, y, radius in places]
    for mask in masks:
        image[mask] = (230, 60, 40)
    return image, masks


def test_every_object_is_found_once_and_the_ground_is_none() -> None:
    image, truth = discs((30, 30, 14), (68, 60, 12))
    found = masks_from_grid(image, colours(), GRID)
    assert found.n_prompts == 36 and found.features.shape == (len(found.masks), len(FEATURES))
    good = [[iou(mask, one) > 0.9 for mask in found.masks] for one in truth]
    assert [sum(each) for each in good] == [1, 1]


def test_the_same_image_gives_the_same_masks() -> None:
    image, _ = discs((30, 30, 14))
    one, other = (masks_from_grid(image, colours(), GRID) for _ in range(2))
    assert (np.array(one.masks) == np.array(other.masks)).all() and (one.features == other.features).all()


def test_an_image_of_nothing_gives_no_masks() -> None:
    found = masks_from_grid(np.full((64, 64, 3), 9, np.uint8), colours(), GRID)
    assert found.masks == () and found.features.shape == (0, len(FEATURES))


def test_a_very_wide_image_is_worked_on_smaller() -> None:
    wide = np.full((300, 30_000, 3), 120, dtype=np.uint8)
    wide[100:200, 14_950:15_050] = (230, 60, 40)
    found = masks_from_grid(wide, colours(), PointGrid(points_per_side=8, sizes=(1.0,)))
    assert found.scale == pytest.approx(30_000 / 1024)
    assert all(mask.shape == (10, 1024) for mask in found.masks)


def test_of_more_masks_than_are_wanted_those_that_stand_out_are_kept_and_the_rest_is_counted() -> None:
    places = [(8 + 16 * column, 8 + 16 * row, 5) for row in range(6) for column in range(6)]
    image, _ = discs(*places)
    found = masks_from_grid(image, colours(), PointGrid(points_per_side=6, sizes=(0.17,), most_masks=10))
    assert len(found.masks) == 10 and found.n_left_out == 26


def test_a_broken_segmenter_is_named_with_what_it_said() -> None:
    def broken(_crop: object) -> np.ndarray:
        raise RuntimeError("the weights are torn")

    image, _ = discs((30, 30, 14))
    with pytest.raises(InvalidInput, match=r"'torn' failed at all 36 prompts .*RuntimeError: the weights are torn"):
        masks_from_grid(image, Segmenter("torn", "torn-1", broken), GRID)


def test_a_slow_segmenter_is_given_up_with_the_remedy() -> None:
    image, _ = discs((30, 30, 14))
    asked = iter(range(100))
    with pytest.raises(TookTooLong, match="at 5 of 36 prompts when the time for an image was over; raise"):
        masks_from_grid(image, colours(), GRID, is_over=lambda: next(asked) >= 5)


def test_the_surest_of_masks_that_share_much_stays() -> None:
    shares = np.array([[1, 0.8, 0], [0.8, 1, 0], [0, 0, 1]])
    assert suppressed(shares, np.array([0.4, 0.9, 0.1]), 0.5) == [1, 2]


def test_shares_are_ious() -> None:
    one, other = np.zeros((2, 4), bool), np.zeros((2, 4), bool)
    one[0], other[:, :2] = True, True
    assert shares_of([one], [other]).tolist() == [[2 / 6]]
    assert shares_of([], [other]).shape == (0, 1)


def test_specks_beside_a_mask_are_taken_away_and_large_parts_stay() -> None:
    mask = np.zeros((40, 40), dtype=np.bool_)
    mask[5:15, 5:15] = True
    mask[20:24, 20:24] = True
    mask[30:32, 30:32] = True
    kept = without_specks(mask)
    assert kept[5:15, 5:15].all() and kept[20:24, 20:24].all()
    assert not kept[30:32, 30:32].any() and not (kept & ~mask).any()
    assert without_specks(np.zeros((4, 4), dtype=np.bool_)).sum() == 0
