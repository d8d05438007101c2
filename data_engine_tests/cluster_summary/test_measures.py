"""Four samples on a line, at 0, 1, 4 and 6, in two leaves with centroids at 0 and 4, below one top at 2."""

import numpy as np

from data_engine.cluster_summary.measures import evenly_from_leaves, measure
from data_engine.clustering import ClusterTree

NUMBERS = [str(number) for number in range(1000)]
X = np.array([[0.0], [1.0], [4.0], [6.0]], np.float32)


def _line() -> ClusterTree:
    leaves, top = np.array([[0.0], [4.0]], np.float32), np.array([[2.0]], np.float32)
    return ClusterTree.from_centroids([leaves, top], [np.array([0, 0])], np.array([0, 0, 1, 1]))


def test_distances_are_to_the_own_centroid_of_each_level_and_a_level_of_one_cluster_has_no_silhouette() -> None:
    measures = measure(_line(), X)
    assert measures.rows.tolist() == [0, 1, 2, 3]
    assert measures.distance.tolist() == [[0, 1, 0, 2], [2, 1, 2, 4]]
    # (b - a) / max(a, b): (4 - 0) / 4, (3 - 1) / 3, (4 - 0) / 4, (6 - 2) / 6, rounded to four digits.
    assert measures.silhouette[0].round(4).tolist() == [1.0, np.float32(0.6667), 1.0, np.float32(0.6667)]
    assert np.isnan(measures.silhouette[1]).all()


def test_measures_of_some_rows_are_those_of_all_rows_and_join_in_the_order_of_the_rows() -> None:
    every = measure(_line(), X)
    some, others = (measure(_line(), X, np.array(rows)) for rows in ([1, 2], [0, 3]))
    assert some.distance.tolist() == every.distance[:, [1, 2]].tolist()
    joined = some.joined(others, others.rows)
    assert joined.rows.tolist() == [0, 1, 2, 3]
    assert np.array_equal(joined.distance, every.distance)
    assert np.array_equal(joined.silhouette, every.silhouette, equal_nan=True)


def test_a_tree_of_no_more_samples_than_wanted_is_measured_whole() -> None:
    assert evenly_from_leaves(_line(), 4, NUMBERS[:4], seed=0).tolist() == [0, 1, 2, 3]


def test_of_a_large_tree_every_leaf_is_measured_alike() -> None:
    leaf = np.repeat([0, 1, 2], [90, 8, 2])
    tree = ClusterTree.from_centroids([np.eye(3, dtype=np.float32)], [], leaf)
    rows = evenly_from_leaves(tree, 12, NUMBERS[:100], seed=3)
    assert np.bincount(leaf[rows]).tolist() == [5, 5, 2]
    assert rows.tolist() == evenly_from_leaves(tree, 12, NUMBERS[:100], seed=3).tolist() == sorted(set(rows.tolist()))


def test_what_is_drawn_does_not_depend_on_the_order_of_the_rows() -> None:
    leaf = np.arange(200) % 3
    there = ClusterTree.from_centroids([np.eye(3, dtype=np.float32)], [], leaf)
    back = ClusterTree.from_centroids([np.eye(3, dtype=np.float32)], [], leaf[::-1])
    rows = evenly_from_leaves(back, 20, NUMBERS[199::-1], seed=3)
    assert (199 - rows[::-1]).tolist() == evenly_from_leaves(there, 20, NUMBERS[:200], seed=3).tolist()


def test_old_samples_of_a_tree_that_grows_are_drawn_only_if_they_were_before() -> None:
    # First there is one leaf, then two, at last seven: they get 20, then 10 each, at last 2 or 3.
    leaf = np.repeat([6, 2, 5, 0, 3, 1, 4], 20)
    before = set(range(20))
    for n in range(20, 141):
        tree = ClusterTree.from_centroids([np.eye(7, dtype=np.float32)], [], leaf[:n])
        drawn = set(evenly_from_leaves(tree, 20, NUMBERS[:n], seed=0).tolist())
        assert len(drawn) == 20
        assert drawn <= before
        before = drawn | set(range(n, 140))
