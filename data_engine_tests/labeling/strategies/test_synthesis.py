import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.strategies.synthesis import departure, pick_children


def test_a_child_counts_the_more_the_less_it_looks_like_what_its_parent_was_answered() -> None:
    probabilities = np.array([[0.9, 0.1], [0.25, 0.75], [0.25, 0.75]])
    np.testing.assert_allclose(departure(probabilities, np.array([0, 0, 1])), [0.1, 0.75, 0.25])
    with pytest.raises(InvalidInput, match="answered has the value 2 in row 1"):
        departure(probabilities[:2], np.array([0, 2]))


def test_of_each_parent_the_child_that_departs_most_is_asked_about_and_no_other() -> None:
    parents, utilities = np.array([0, 0, 0, 1, 1, 2]), np.array([0.1, 0.6, 0.6, 0.9, 0.95, 0.2])
    assert pick_children(parents, utilities, 2).tolist() == [4, 1]
    assert pick_children(parents, utilities, 9).tolist() == [4, 1, 5]
    assert pick_children(parents[:0], utilities[:0], 3).tolist() == []
