"""Points on a line and a circle, where what is farthest can be seen."""

import numpy as np
import pytest
from skactiveml.pool import k_greedy_center

from data_engine.labeling import choose
from data_engine.labeling.strategies.coverage import farthest_first, gradient_norms
from data_engine.labeling.strategies.registry import find_strategy
from data_engine.labeling.strategies.strategy import Pool

LINE = np.array([[0.0], [1.0], [4.0], [10.0]], dtype=np.float32)
NONE = np.empty(0, np.int64)


def test_the_farthest_from_all_chosen_comes_next() -> None:
    assert farthest_first(LINE, np.array([0]), 3, first=1).tolist() == [3, 2, 1]
    assert farthest_first(LINE, NONE, 4, first=1).tolist() == [1, 3, 2, 0]


def test_equal_rows_are_each_chosen_once() -> None:
    same = np.ones((5, 2), dtype=np.float32)
    assert sorted(farthest_first(same, NONE, 5, first=2).tolist()) == [0, 1, 2, 3, 4]
    assert sorted(farthest_first(same, np.array([1]), 4, first=2).tolist()) == [0, 2, 3, 4]


def test_coreset_is_what_a_peer_computes(make_classes) -> None:
    x = np.asarray(make_classes(80, 4).x, dtype=np.float64)
    y = np.full(80, np.nan)
    y[[3, 50]] = 0
    expected, _ = k_greedy_center(x, y, batch_size=12, random_state=0)
    rows = choose("coreset", batch_size=12, seed=0, embeddings=x, labelled=[3, 50], labels=[0, 0])
    assert rows.tolist() == expected.tolist()


def test_labels_come_in_tiles_of_the_same_distances(make_classes, monkeypatch) -> None:
    x = make_classes(60, 4).x
    known = {"embeddings": x, "labelled": np.arange(0, 60, 3), "labels": np.zeros(20, dtype=np.int64)}
    whole = choose("coreset", batch_size=9, seed=0, **known)
    monkeypatch.setattr("data_engine.labeling.strategies.coverage._VALUES_PER_TILE", 200)
    assert choose("coreset", batch_size=9, seed=0, **known).tolist() == whole.tolist()


def test_the_gradient_is_the_outer_product_of_residual_and_embedding() -> None:
    x, p = np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[0.5, 0.5], [0.9, 0.1]])
    by_hand = [np.linalg.norm(np.outer([-0.5, 0.5], [3, 4])), np.linalg.norm(np.outer([-0.1, 0.1], [1, 0]))]
    assert gradient_norms(p, x) == pytest.approx(by_hand)


def test_the_longest_gradient_comes_first_and_no_row_twice() -> None:
    rng = np.random.default_rng(0)
    x, p = rng.normal(size=(40, 5)).astype(np.float32), rng.dirichlet([1, 1, 1], size=40)
    pool = Pool(np.arange(40), 3, 0, x, probabilities=p)
    rows = find_strategy("badge").pick(pool, None, 40).tolist()
    assert rows[0] == int(gradient_norms(p, x).argmax())
    assert sorted(rows) == list(range(40))


def test_gradients_far_from_the_chosen_are_chosen_more_often() -> None:
    # One row in its own direction among 30 that are alike, all of the same doubt: the second choice is mostly that one.
    x = np.array([[1.0, 0.001 * i] for i in range(30)] + [[-1.0, 0.0]], dtype=np.float32)
    p = np.full((31, 2), 0.5)
    seconds = [
        find_strategy("badge").pick(Pool(np.arange(31), 2, s, x, probabilities=p), None, 2).tolist() for s in range(50)
    ]
    assert sum(30 in rows for rows in seconds) >= 45


def test_rows_that_are_all_sure_are_still_chosen_once_each() -> None:
    pool = Pool(np.arange(6), 2, 0, np.eye(6, dtype=np.float32), probabilities=np.tile([1.0, 0.0], (6, 1)))
    assert sorted(find_strategy("badge").pick(pool, None, 6).tolist()) == list(range(6))
