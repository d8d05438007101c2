import math

import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling import krippendorff_alpha
from data_engine.labeling.agreement import cohen_kappa

GAP = math.nan


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


def test_kappa_of_two_annotators_is_worked_out_by_hand() -> None:
    # They agree on 4 of 5; by chance on (3 * 2 + 2 * 3) / 25.
    assert cohen_kappa("aaabb", "aabbb") == pytest.approx((0.8 - 0.48) / 0.52)
    assert cohen_kappa("aa", "aa") == 1
    with pytest.raises(InvalidInput, match="2 and 1 answers"):
        cohen_kappa("aa", "a")
    with pytest.raises(NotEnoughData, match="share 0 samples"):
        cohen_kappa("", "")
