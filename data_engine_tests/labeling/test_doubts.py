import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.doubts import doubts


def on_a_circle(*degrees: float) -> np.ndarray:
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_the_commonest_other_label_near_a_sample_is_suggested_with_those_who_have_it() -> None:
    x = on_a_circle(0, 1, 2, 3, 5, 90)
    (found,) = doubts(x, ["cat", "dog", "cow", "dog", "cat", "owl"], [0])
    assert (found.suggested, found.n_suggesting, found.n_agreeing, found.n_neighbours) == ("dog", 2, 1, 5)
    assert found.disagreeing == (1, 2, 3, 5)


def test_of_equally_common_labels_the_nearest_is_suggested_and_none_where_all_agree() -> None:
    cow_first = doubts(on_a_circle(0, 2, 1), ["cat", "dog", "cow"], [0])
    assert [found.suggested for found in cow_first] == ["cow"]
    (agreed,) = doubts(on_a_circle(0, 1), ["cat", "cat"], [1])
    assert (agreed.suggested, agreed.n_suggesting, agreed.n_agreeing, agreed.disagreeing) == (None, 0, 1, ())


def test_only_the_twenty_nearest_count_and_equal_samples_are_neighbours() -> None:
    x = np.repeat(on_a_circle(0, 45), (11, 20), axis=0)
    (found,) = doubts(x, ["cat"] * 11 + ["dog"] * 20, [3])
    assert (found.n_agreeing, found.n_suggesting, found.n_neighbours) == (10, 10, 20)


def test_a_single_sample_has_no_neighbour_and_a_wrong_shape_is_named() -> None:
    assert doubts(on_a_circle(0), ["cat"], [0]) == ()
    with pytest.raises(InvalidInput, match="embeddings has 2 rows but 1 are needed"):
        doubts(on_a_circle(0, 1), ["cat"], [0])
