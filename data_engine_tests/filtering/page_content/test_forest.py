"""A forest of two trees that can be walked by hand, and one that is grown."""

import numpy as np

from data_engine.filtering.page_content.forest import Forest

#: The first tree asks whether feature 0 is above 0.5; the second one is a leaf.
BY_HAND = Forest(
    roots=np.array([0, 3], np.int32),
    feature=np.array([0, 0, 0, 0], np.int32),
    limit=np.array([0.5, 0.0, 0.0, 0.0]),
    children=np.array([[1, 2], [-1, -1], [-1, -1], [-1, -1]], np.int32),
    share=np.array([0.0, 0.25, 1.0, 0.5], np.float32),
)


def test_the_probability_is_the_mean_share_of_the_leaves_and_the_limit_itself_goes_left() -> None:
    assert BY_HAND.score(np.array([[0.5], [0.6]])).tolist() == [(0.25 + 0.5) / 2, (1.0 + 0.5) / 2]
    assert BY_HAND.score(np.empty((0, 1))).tolist() == []


def test_a_grown_forest_tells_what_it_has_learnt_the_same_for_the_same_seed() -> None:
    features = np.arange(40, dtype=np.float64).reshape(-1, 1)
    marks = features[:, 0] >= 20
    forest = Forest.grow(features, marks, seed=3)
    low, high = forest.score(np.array([[3.0], [36.0]]))
    assert low < 0.2
    assert high > 0.8
    again, other = Forest.grow(features, marks, seed=3), Forest.grow(features, marks, seed=4)
    assert np.array_equal(again.limit, forest.limit)
    assert not np.array_equal(other.limit[: len(forest.limit)], forest.limit[: len(other.limit)])


def test_where_all_rows_have_one_mark_every_row_gets_it() -> None:
    features = np.arange(10, dtype=np.float64).reshape(-1, 1)
    for mark in (True, False):
        forest = Forest.grow(features, np.full(10, mark), seed=0)
        assert forest.score(features).tolist() == [float(mark)] * 10
