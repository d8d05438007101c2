"""Density from the distance to the k-th neighbour and the dimension that the data fills."""

import numpy as np
import pytest

from data_engine.errors import NotEnoughData
from data_engine.sampling import intrinsic_dimension, log_inverse_density
from data_engine.sampling.density import neighbour_distances


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


@pytest.fixture(scope="module")
def embeddings() -> np.ndarray:
    """(1000, 384) unit rows that fill ten dimensions."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(1_000, 10)) @ rng.normal(size=(10, 384)) + 0.05 * rng.normal(size=(1_000, 384))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_copies_of_long_rows_are_at_distance_0_and_others_as_far_as_in_float64(embeddings: np.ndarray) -> None:
    x = np.concatenate([embeddings[:200], embeddings[:20]])
    found = neighbour_distances(x, seed=0, n_neighbours=5, max_references=220)
    assert np.flatnonzero(found[:, 0] == 0).tolist() == [*range(20), *range(200, 220)]
    exact = np.sqrt(((x[:, None].astype(np.float64) - x) ** 2).sum(axis=2))
    np.fill_diagonal(exact, np.inf)
    assert found == pytest.approx(np.sort(exact, axis=1)[:, :5], rel=1e-5)


def test_a_tenth_of_copies_leaves_the_dimension_as_it_is(embeddings: np.ndarray) -> None:
    def dimension(x: np.ndarray) -> float:
        return intrinsic_dimension(neighbour_distances(x, seed=0, n_neighbours=10, max_references=len(x)))

    assert dimension(np.concatenate([embeddings, embeddings[:100]])) == pytest.approx(dimension(embeddings), rel=0.05)


def test_samples_with_many_copies_are_as_dense_as_the_densest_without(embeddings: np.ndarray) -> None:
    found = log_inverse_density(np.concatenate([embeddings[:300]] * 12 + [embeddings[300:]]), seed=0)
    assert found[:3600].tolist() == pytest.approx([found[3600:].min()] * 3600)


def test_one_sample_has_no_density() -> None:
    with pytest.raises(NotEnoughData, match="x has 1 rows"):
        log_inverse_density(line(1), seed=0)
