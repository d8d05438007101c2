import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import (
    class_indices,
    class_probabilities,
    find_embeddings,
    matrix,
    nearest,
    rows_named,
)


def test_a_float_matrix_is_taken_as_it_is() -> None:
    values = np.ones((2, 3), np.float32)
    assert matrix(values, "x", n_rows=2, n_columns=3) is values


def test_other_shapes_types_and_numbers_of_rows_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"x is a int64 array of shape \(2, 2\); give a float array"):
        matrix(np.ones((2, 2), np.int64), "x")
    with pytest.raises(InvalidInput, match=r"x is a float64 array of shape \(2,\)"):
        matrix([1.0, 2.0], "x")
    with pytest.raises(InvalidInput, match="x has 2 rows but 3 are needed; give matching arrays"):
        matrix(np.ones((2, 2)), "x", n_rows=3)
    with pytest.raises(InvalidInput, match="x has 2 columns but 4 are needed"):
        matrix(np.ones((2, 2)), "x", n_columns=4)


def test_rows_that_are_not_finite_are_named_and_large_ones_are_no_mistake() -> None:
    values = np.ones((4, 2))
    values[1, 0], values[3, 1] = np.nan, -np.inf
    with pytest.raises(InvalidInput, match="x has NaN or infinite values in rows 1, 3; remove or repair"):
        matrix(values, "x")
    large = np.full((1, 2), np.finfo(np.float32).max, np.float32)
    with np.errstate(over="ignore"):
        assert matrix(large, "x") is large


def test_probabilities_lie_in_0_to_1_and_sum_to_1_up_to_a_thousandth() -> None:
    assert class_probabilities([[0.5, 0.5009]], n_classes=2).shape == (1, 2)
    told = "probabilities are negative or do not sum to 1 in rows 1, 2; give the output of predict_proba"
    with pytest.raises(InvalidInput, match=told):
        class_probabilities([[0.5, 0.5], [0.5, 0.502], [-0.5, 1.5]])
    with pytest.raises(InvalidInput, match="probabilities has 0 columns; give one column per class"):
        class_probabilities(np.empty((2, 0)))


def test_class_numbers_are_whole_and_within_the_classes() -> None:
    assert class_indices(np.array([0, 2], np.int8), "y", n_classes=3).dtype == np.int64
    assert class_indices([], "y", n_rows=0).tolist() == []
    with pytest.raises(InvalidInput, match=r"y has the value 3 in row 1; class numbers are 0 \.\. 2"):
        class_indices([0, 3], "y", n_classes=3)
    with pytest.raises(InvalidInput, match="y has the value -1 in row 0; class numbers are 0 and up"):
        class_indices([-1], "y")
    with pytest.raises(InvalidInput, match=r"y is a float64 array of shape \(1,\); give integers"):
        class_indices([1.0], "y")
    with pytest.raises(InvalidInput, match="y has 1 rows but 2 are needed"):
        class_indices([1], "y", n_rows=2)


def test_a_mapping_need_not_know_every_sample_and_a_function_must() -> None:
    rows = {"a": np.array([1.0, 0.0]), "b": np.array([0.0, 1.0])}
    known, found = find_embeddings(rows, ["b", "x", "a"])
    assert (known.tolist(), found.tolist()) == ([True, False, True], [[0.0, 1.0], [1.0, 0.0]])
    known, found = find_embeddings(lambda ids: np.ones((len(ids), 2)), ["a", "x"])
    assert (known.tolist(), found.tolist()) == ([True, True], [[1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(InvalidInput, match="embeddings has 1 rows but 2 are needed"):
        find_embeddings(lambda _: np.ones((1, 2)), ["a", "x"])
    for nothing in (rows, lambda _: np.ones((5, 2))):
        known, found = find_embeddings(nothing, [])
        assert (known.tolist(), found.shape) == ([], (0, 0))


def test_up_to_ten_rows_are_named() -> None:
    assert rows_named(np.array([3])) == "row 3"
    assert rows_named(np.arange(10)) == "rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert rows_named(np.arange(12)) == "rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


def test_the_nearest_come_first_and_of_equals_the_one_with_the_lower_row_number() -> None:
    others = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [1.0, 0.0]])
    rows, products = nearest(np.array([[1.0, 0.0], [0.0, 1.0]]), others, 3)
    assert rows.tolist() == [[0, 3, 2], [1, 2, 0]]
    assert products.round(4).tolist() == [[1, 1, np.float32(0.6)], [1, np.float32(0.8), 0]]


def test_a_row_is_no_neighbour_of_itself() -> None:
    x = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    rows, _ = nearest(x, x, 1, is_same=True)
    assert rows.tolist() == [[1], [0], [1]]
