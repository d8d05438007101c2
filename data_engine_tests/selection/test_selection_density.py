"""Density from the distance to the k-th neighbour and the dimension that the data fills."""

import numpy as np
import pytest

from data_engine.errors import NotEnoughData
from data_engine.selection import intrinsic_dimension, log_inverse_density
from data_engine.selection.density import neighbour_distances


def line(*places: float) -> np.ndarray:
    return np.array(places, np.float32)[:, None]


def test_distances_are_those_to_the_nearest_others() -> None:
    found = neighbour_distances(line(0, 1, 3, 7), seed=0, n_neighbours=2, max_references=10)
    assert found.tolist() == [[1, 3], [1, 2], [2, 3], [4, 6]]


def test_with_fewer_references_a_sample_is_still_not_its_own_neighbour() -> None:
    x = np.arange(20, dtype=np.float32)[:, None]
    found = neighbour_distances(x, seed=0, n_neighbours=3, max_references=5)
    rows = np.sort(np.random.default_rng([0, 2]).choice(20, 5, replace=False))
    for i in range(20):
        expected = sorted(abs(i - j) for j in rows if j != i)[:3]
        assert found[i].tolist() == pytest.approx(expected, rel=1e-4)


def test_the_dimension_follows_from_the_ratios_of_the_distances() -> None:
    # log(1.2 / 1) + log(1.2 / 1.1) = 0.2693 over k - 2 = 1.
    assert intrinsic_dimension(np.array([[1.0, 1.1, 1.2]])) == pytest.approx(1 / 0.26933, rel=1e-4)


@pytest.mark.parametrize("dimension", [1, 2])
def test_the_dimension_is_that_of_the_data_not_of_its_vectors(dimension: int) -> None:
    rng = np.random.default_rng(0)
    x = np.zeros((2_000, 16), np.float32)
    x[:, :dimension] = rng.random((2_000, dimension))
    distances = neighbour_distances(x, seed=0, n_neighbours=10, max_references=2_000)
    assert intrinsic_dimension(distances) == pytest.approx(dimension, rel=0.15)


def test_the_density_of_a_sparser_region_is_lower_by_the_ratio_of_the_spacings() -> None:
    # 30 places 1 apart, then 30 places 10 apart: in one dimension, 10 times less dense.
    x = line(*range(30), *range(100, 400, 10))
    found = log_inverse_density(x, seed=0, n_neighbours=4)
    dimension = intrinsic_dimension(neighbour_distances(x, seed=0, n_neighbours=4, max_references=60))
    assert found[45] - found[15] == pytest.approx(dimension * np.log(10))


def test_copies_are_as_dense_as_the_densest_of_the_others_and_all_copies_are_equal() -> None:
    found = log_inverse_density(line(0, 0, 0, 5, 6, 8), seed=0, n_neighbours=1)
    assert np.isfinite(found).all()
    assert found.tolist()[:5] == pytest.approx([found.min()] * 5, abs=1e-6)
    assert log_inverse_density(line(2, 2, 2), seed=0).tolist() == [0, 0, 0]


def test_one_sample_has_no_density() -> None:
    with pytest.raises(NotEnoughData, match="x has 1 rows"):
        log_inverse_density(line(1), seed=0)
