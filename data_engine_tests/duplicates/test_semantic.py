import numpy as np
import pytest
from numpy.typing import NDArray

from data_engine.clustering import ClusterTree, assign
from data_engine.duplicates.semantic import SemanticPairs, semantic_duplicates, semantic_pairs, semantic_twins
from data_engine.errors import InvalidInput


def directions(*degrees: float) -> NDArray[np.float32]:
    """Unit rows in the plane; the cosine of two is that of the angle between them."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def tree_over(x: NDArray[np.float32], centroids: NDArray[np.float32]) -> ClusterTree:
    tree = ClusterTree.from_centroids([centroids], [], np.zeros(len(x), np.int32))
    return ClusterTree.from_centroids([centroids], [], assign(tree, x))


def found(pairs: SemanticPairs) -> list[tuple[int, int]]:
    return list(zip(pairs.earlier.tolist(), pairs.later.tolist(), strict=True))


def brute_force(x: NDArray[np.float32], least_cosine: float) -> set[tuple[int, int]]:
    later, earlier = np.nonzero(np.tril(x @ x.T, -1) >= least_cosine)
    return set(zip(earlier.tolist(), later.tolist(), strict=True))


def clouds(n: int, dim: int, seed: int) -> NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, dim))
    x[n // 2 :] = x[: n - n // 2] + 0.05 * generator.normal(size=(n - n // 2, dim))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def test_pairs_come_with_their_cosine_the_most_similar_first() -> None:
    x = directions(0, 10, 4, 90)
    pairs = semantic_pairs(x, tree_over(x, directions(5, 90)), least_cosine=np.cos(np.radians(7)))
    assert found(pairs) == [(0, 2), (1, 2)]
    assert pairs.cosine == pytest.approx(np.cos(np.radians([4, 6])), abs=1e-6)


def test_a_pair_that_a_border_runs_between_is_found_by_probing_and_missed_without() -> None:
    # The border between the centroids at 0 and 40 degrees is at 20.
    x = directions(0, 19, 21, 40)
    tree = tree_over(x, directions(0, 40))
    assert tree.leaf.tolist() == [0, 0, 1, 1]
    assert found(semantic_pairs(x, tree, least_cosine=0.999, n_probes=2)) == [(1, 2)]
    assert found(semantic_pairs(x, tree, least_cosine=0.999, n_probes=1)) == []


@pytest.mark.parametrize("least_cosine", [0.9, 0.98, 1.0])
def test_with_a_probe_for_every_leaf_no_pair_is_missed(least_cosine: float) -> None:
    x = clouds(3000, 6, seed=1)
    x[7] = x[11]
    pairs = semantic_pairs(x, tree_over(x, clouds(40, 6, seed=2)), least_cosine=least_cosine, n_probes=40)
    expected = brute_force(x, least_cosine)
    # Products of another shape differ in the last bit.
    edge = {pair for pair in expected ^ set(found(pairs)) if abs(x[pair[0]] @ x[pair[1]] - least_cosine) > 1e-6}
    assert not edge
    assert (7, 11) in found(pairs) or least_cosine == 1.0
    assert len(found(pairs)) == len(set(found(pairs)))


def test_three_probes_miss_few_pairs_and_invent_none() -> None:
    x = clouds(4000, 16, seed=3)
    expected = brute_force(x, 0.995)
    pairs = set(found(semantic_pairs(x, tree_over(x, clouds(60, 16, seed=4)), least_cosine=0.995)))
    assert len(expected) > 1000
    assert pairs <= expected
    assert len(pairs) >= 0.99 * len(expected)


def test_the_first_of_a_pair_stays_and_a_chain_is_not_merged() -> None:
    x = directions(0, 4, 8, 90)
    pairs = semantic_pairs(x, tree_over(x, directions(4, 90)), least_cosine=np.cos(np.radians(5)))
    assert found(pairs) == [(0, 1), (1, 2)]
    twins = semantic_twins(pairs, 4)
    assert twins.row.tolist() == [-1, 0, -1, -1]
    assert twins.is_kept.tolist() == [True, False, True, True]
    assert twins.cosine[1] == pytest.approx(np.cos(np.radians(4)))


def test_precedence_decides_who_stays() -> None:
    x = directions(0, 4, 8, 90)
    pairs = semantic_pairs(x, tree_over(x, directions(4, 90)), least_cosine=np.cos(np.radians(5)))
    assert semantic_twins(pairs, 4, precedence=np.array([1, 0, 2, 3])).row.tolist() == [1, -1, 1, -1]
    assert semantic_twins(pairs, 4, precedence=np.array([3, 2, 1, 0])).row.tolist() == [-1, 2, -1, -1]


def test_the_most_similar_of_several_kept_twins_is_named() -> None:
    pairs = SemanticPairs(np.array([0, 1]), np.array([2, 2]), np.array([0.96, 0.97], np.float32))
    assert semantic_twins(pairs, 3).row.tolist() == [-1, -1, 1]


def test_a_tree_of_one_leaf_and_a_leaf_without_samples_are_searched() -> None:
    x = directions(0, 1)
    assert found(semantic_pairs(x, tree_over(x, directions(0)), least_cosine=0.99)) == [(0, 1)]
    assert found(semantic_pairs(x, tree_over(x, directions(0, 180)), least_cosine=0.99)) == [(0, 1)]
    assert found(semantic_pairs(x[:0], tree_over(x[:0], directions(0, 180)), least_cosine=0.99)) == []


def test_what_does_not_fit_is_an_error() -> None:
    x = directions(0, 1)
    tree = tree_over(x, directions(0))
    with pytest.raises(InvalidInput, match=r"x has shape \(1, 2\) but the tree holds 2 samples of 2 values"):
        semantic_pairs(x[:1], tree, least_cosine=0.9)
    with pytest.raises(InvalidInput, match=r"least_cosine is 1\.5"):
        semantic_pairs(x, tree, least_cosine=1.5)
    with pytest.raises(InvalidInput, match="n_probes is 0"):
        semantic_pairs(x, tree, least_cosine=0.9, n_probes=0)


def test_rows_of_equal_values_go_for_the_first_of_them_or_for_its_twin() -> None:
    x = directions(90, 4, 0, 4, 90, 4)
    tree = tree_over(x, directions(4, 90))
    least = float(np.cos(np.radians(5)))
    found = semantic_duplicates(x, tree, least_cosine=least, precedence=np.array([5, 4, 3, 2, 1, 0]))
    assert found.row.tolist() == [4, 5, 5, 5, -1, -1]
    found = semantic_duplicates(x, tree, least_cosine=least, precedence=np.array([3, 4, 0, 1, 5, 2]))
    assert found.row.tolist() == [-1, 2, -1, 2, 0, 2]
    assert found.cosine.tolist()[4] == 1.0


def test_a_leaf_full_of_equal_rows_is_no_more_work_than_one_row() -> None:
    x = np.repeat(directions(0, 90), 50_000, axis=0)
    tree = tree_over(x, directions(0, 90))
    found = semantic_duplicates(x, tree, least_cosine=0.9, precedence=np.arange(len(x)))
    assert np.flatnonzero(found.is_kept).tolist() == [0, 50_000]


def test_with_equal_rows_or_without_the_same_rows_stay() -> None:
    x = clouds(600, 6, seed=5)
    x[300:400] = x[:100]
    tree = tree_over(x, clouds(10, 6, seed=6))
    precedence = np.random.default_rng(7).permutation(600)
    found = semantic_duplicates(x, tree, least_cosine=0.98, precedence=precedence)
    pairs = semantic_pairs(x, tree, least_cosine=0.98)
    assert found.is_kept.tolist() == semantic_twins(pairs, 600, precedence=precedence).is_kept.tolist()
