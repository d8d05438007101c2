"""Blocks hold every row once, neighbours together, and no more rows than asked for."""

import numpy as np

from data_engine.sampling.blocks import blocks


def test_two_groups_that_each_fill_a_block_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 0.1, (40, 3)), rng.normal(9, 0.1, (40, 3))]).astype(np.float32)
    found = blocks(x, rng.permutation(80), at_most=40, seed=1)
    assert all(len({row < 40 for row in part.tolist()}) == 1 for part in found)
    assert sorted(np.concatenate(found).tolist()) == list(range(80))


def test_a_pool_that_fits_is_one_block_in_its_order() -> None:
    (only,) = blocks(np.eye(4, dtype=np.float32), np.array([2, 0, 3, 1]), at_most=4, seed=0)
    assert only.tolist() == [2, 0, 3, 1]


def test_no_block_is_larger_than_asked_for_however_dense_the_pool_is() -> None:
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.normal(0, 1e-3, (900, 5)), rng.normal(0, 1, (100, 5))]).astype(np.float32)
    found = blocks(x, rng.permutation(1000), at_most=50, seed=3)
    assert max(map(len, found)) <= 50
    assert sorted(np.concatenate(found).tolist()) == list(range(1000))


def test_rows_that_are_all_equal_are_cut_where_the_limit_falls() -> None:
    found = blocks(np.ones((10, 2), np.float32), np.arange(10)[::-1], at_most=4, seed=0)
    assert [part.tolist() for part in found] == [[9, 8, 7, 6], [5, 4, 3], [2, 1, 0]]
