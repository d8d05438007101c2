import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling import difficulty, neighbour_classes

FOUR = np.array([[0.99, 0.01], [0.9, 0.1], [0.8, 0.2], [0.55, 0.45]])
NONE = np.zeros(4, dtype=bool)


def test_accepted_is_easy_and_the_top_quarter_of_uncertainty_hard() -> None:
    accepted = np.array([True, False, False, False])
    assert difficulty(FOUR, accepted).tolist() == ["easy", "medium", "medium", "hard"]


def test_a_sample_whose_neighbours_disagree_with_the_classifier_is_hard_unless_accepted() -> None:
    accepted = np.array([True, False, False, False])
    second = np.array([1, 1, 0, 0])
    assert difficulty(FOUR, accepted, neighbour_classes=second).tolist() == ["easy", "hard", "medium", "hard"]


def test_equal_uncertainty_leaves_nothing_hard_and_no_rows_give_none() -> None:
    assert difficulty(np.full((4, 2), 0.5), NONE).tolist() == ["medium"] * 4
    assert difficulty(np.empty((0, 2)), NONE[:0]).tolist() == []


def test_neighbours_vote_and_the_nearest_breaks_ties() -> None:
    known = np.eye(3, dtype=np.float32)
    x = np.array([[0.9, 0.3, 0.1]], dtype=np.float32)
    assert neighbour_classes(x, known, np.array([2, 1, 1])).tolist() == [1]
    assert neighbour_classes(x, known, np.array([2, 1, 0])).tolist() == [2]


def test_masks_that_do_not_fit_and_no_labels_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"give \(4,\) booleans"):
        difficulty(FOUR, np.zeros(3, dtype=bool))
    with pytest.raises(InvalidInput, match="0 labelled samples"):
        neighbour_classes(np.eye(2), np.empty((0, 2)), np.empty(0, dtype=int))
