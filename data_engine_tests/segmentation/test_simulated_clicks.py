import numpy as np
import pytest
from drawn_masks import from_rows

from data_engine.errors import InvalidInput
from data_engine.segmentation.simulated_clicks import corrective_click, simulated_points

TRUTH = from_rows("......", ".###..", ".####.", "......")


def test_the_extreme_points_lie_on_the_outer_edges() -> None:
    assert simulated_points(TRUTH).tolist() == [[1, 2.5], [2.5, 1], [5, 2.5], [3.5, 3]]


def test_a_trembling_hand_stays_in_the_image_and_repeats_with_its_seed() -> None:
    moved = simulated_points(TRUTH, tremor_px=20, seed=3)
    assert (moved >= 0).all() and (moved <= (6, 4)).all()
    assert (moved == simulated_points(TRUTH, tremor_px=20, seed=3)).all()
    assert (moved != simulated_points(TRUTH, tremor_px=20, seed=4)).any()


def test_a_click_goes_to_the_middle_of_the_largest_error() -> None:
    truth = np.zeros((9, 12), dtype=np.bool_)
    truth[1:8, 1:6] = True
    assert corrective_click(np.zeros_like(truth), truth) == (3.5, 3.5, True)
    mask = truth.copy()
    mask[2, 2] = False
    mask[0:5, 7:12] = True
    assert corrective_click(mask, truth) == (9.5, 2.5, False)
    assert corrective_click(truth, truth) is None


def test_nothing_has_no_points_and_masks_of_two_images_no_error() -> None:
    with pytest.raises(InvalidInput, match="the mask is empty"):
        simulated_points(TRUTH & False)
    with pytest.raises(InvalidInput, match="cannot be compared"):
        corrective_click(TRUTH, TRUTH[:2])
