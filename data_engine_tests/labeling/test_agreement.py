import math

import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling import cohen_kappa, krippendorff_alpha

GAP = math.nan


def test_kappa_of_a_table_that_can_be_checked_by_hand() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, by chance .5 * .6 + .5 * .4 = .5, kappa .2 / .5.
    a = ["yes"] * 25 + ["no"] * 25
    b = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(a, b) == pytest.approx(0.4)


def test_kappa_is_minus_one_when_two_annotators_always_swap_two_classes() -> None:
    assert cohen_kappa([0, 1, 0, 1], [1, 0, 1, 0]) == pytest.approx(-1.0)


def test_kappa_is_one_when_both_give_one_and_the_same_answer() -> None:
    assert cohen_kappa([3, 3], [3, 3]) == 1.0


def test_kappa_refuses_lists_of_different_length_and_no_samples() -> None:
    with pytest.raises(InvalidInput, match=r"\(2,\) and \(1,\)"):
        cohen_kappa([0, 1], [0])
    with pytest.raises(NotEnoughData, match="0 common samples"):
        cohen_kappa([], [])


def test_alpha_of_the_published_example_with_gaps_is_0743() -> None:
    ratings = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
        [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
    ]
    assert krippendorff_alpha(ratings) == pytest.approx(0.743, abs=5e-4)


def test_alpha_is_one_when_all_agree_and_undefined_without_pairs() -> None:
    assert krippendorff_alpha([[1, 2, 2], [1, 2, GAP]]) == 1.0
    assert krippendorff_alpha([[1, 1], [1, 1]]) == 1.0
    with pytest.raises(NotEnoughData, match="no sample has two answers"):
        krippendorff_alpha([[1, GAP], [GAP, 2]])
    with pytest.raises(NotEnoughData, match="no sample has two answers"):
        krippendorff_alpha([[GAP, GAP]])
