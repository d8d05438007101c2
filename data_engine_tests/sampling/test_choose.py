"""The call that does what a corpus does by default: exact, repeatable, and nowhere behind random samples."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.sampling import METHODS, choose_subset

N_RANDOM = 5


def mean_distance(x: NDArray[np.float32], chosen: NDArray[np.int64]) -> float:
    """Mean Euclidean distance of every sample to the nearest chosen one."""
    near = np.full(len(x), np.inf)
    for row in chosen:
        near = np.minimum(near, ((x - x[row]) ** 2).sum(axis=1))
    return float(np.sqrt(near).mean())


def random_distance(x: NDArray[np.float32], target: int) -> float:
    draws = (np.random.default_rng(seed).choice(len(x), target, replace=False) for seed in range(N_RANDOM))
    return float(np.mean([mean_distance(x, draw) for draw in draws]))


@given(
    n=st.integers(30, 300),
    dim=st.integers(2, 24),
    share=st.floats(0.02, 0.9),
    seed=st.integers(0, 1000),
    kind=st.sampled_from(["gaussian", "cube", "sphere"]),
)
@settings(max_examples=40, deadline=None)
def test_without_structure_the_pool_is_covered_no_worse_than_at_random(
    n: int, dim: int, share: float, seed: int, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.random((n, dim)) if kind == "cube" else rng.normal(size=(n, dim))
    if kind == "sphere":
        x /= np.linalg.norm(x, axis=1, keepdims=True)
    x, target = x.astype(np.float32), max(round(share * n), 2)
    chosen = choose_subset(x, target, seed=seed, evenness=0.0)
    assert len(set(chosen.tolist())) == target
    at_random = random_distance(x, target)
    assert mean_distance(x, chosen) <= at_random
    # Below one sample in 32 the default evens out even what is uneven by chance, so distances are not what it lowers.
    if target * 32 >= n:
        assert mean_distance(x, choose_subset(x, target, seed=seed)) <= at_random


@given(n=st.integers(2, 200), share=st.floats(0.01, 1.0), n_distinct=st.integers(1, 5), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_rows_that_repeat_are_chosen_as_often_as_asked_and_every_distinct_one_first(
    n: int, share: float, n_distinct: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_distinct, 4)).astype(np.float32)[rng.integers(n_distinct, size=n)]
    target = max(round(share * n), 1)
    chosen = choose_subset(x, target, seed=seed)
    assert len(set(chosen.tolist())) == target
    assert len(np.unique(x[chosen], axis=0)) == min(target, len(np.unique(x, axis=0)))


@pytest.mark.parametrize("target", [10, 60, 300])
def test_one_cluster_and_outliers_are_covered_no_worse_than_at_random(target: int) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 0.2, (550, 12)) + 1, rng.normal(0, 2, (50, 12))]).astype(np.float32)
    chosen = choose_subset(x, target, seed=1)
    assert mean_distance(x, chosen) < random_distance(x, target)
    # The cluster is not left out for the sake of the outliers.
    assert (chosen < 550).any()


def test_ten_thousand_singletons_are_covered_no_worse_than_at_random() -> None:
    x = np.random.default_rng(0).normal(size=(10_000, 48)).astype(np.float32)
    chosen = choose_subset(x, 200, seed=0)
    assert len(np.unique(chosen)) == 200
    some = np.random.default_rng(1).choice(10_000, 1_000, replace=False)

    def seen_by(rows: NDArray[np.int64]) -> float:
        return float(np.sqrt(((x[some, None] - x[rows]) ** 2).sum(axis=2).min(axis=1)).mean())

    draws = [np.random.default_rng(seed).choice(10_000, 200, replace=False) for seed in range(N_RANDOM)]
    assert seen_by(chosen) < float(np.mean([seen_by(draw) for draw in draws]))


def test_the_same_seed_gives_the_same_subset_and_given_priorities_make_it_independent_of_the_order() -> None:
    rng = np.random.default_rng(5)
    x, priority, shuffled = rng.normal(size=(400, 8)).astype(np.float32), rng.random(400), rng.permutation(400)
    for method in ("balanced", "facility_location", "random"):
        chosen = choose_subset(x, 40, method=method, seed=3)
        assert chosen.tolist() == choose_subset(x, 40, method=method, seed=3).tolist()
        own = choose_subset(x, 40, method=method, seed=3, priority=priority)
        moved = choose_subset(x[shuffled], 40, method=method, seed=3, priority=priority[shuffled])
        assert sorted(shuffled[moved].tolist()) == own.tolist()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_the_rows_asked_for_in_ascending_order(method: str) -> None:
    x = np.random.default_rng(2).normal(size=(90, 6)).astype(np.float32)
    chosen = choose_subset(x, 30, method=method, seed=0, n_concepts=5)
    assert chosen.dtype == np.int64
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert len(chosen) == 30


def test_wrong_arguments_are_named() -> None:
    x = np.eye(4, dtype=np.float32)
    with pytest.raises(InvalidInput, match="target_size is 5 but the clusters hold 4 samples"):
        choose_subset(x, 5, seed=0)
    with pytest.raises(InvalidInput, match="method is 'best'; it must be one of balanced, facility_location"):
        choose_subset(x, 2, method="best", seed=0)
    with pytest.raises(InvalidInput, match="n_concepts is 0; it must be at least 1"):
        choose_subset(x, 2, seed=0, n_concepts=0)
    with pytest.raises(InvalidInput, match="evenness is 2; it must be at least 0"):
        choose_subset(x, 2, seed=0, evenness=2)
    with pytest.raises(InvalidInput, match=r"x holds NaN, infinite .* in rows \[0, 1, 2\]"):
        choose_subset(np.full((3, 2), np.nan, np.float32), 2, seed=0)
    with pytest.raises((InvalidInput, NotEnoughData)):
        choose_subset(np.empty((0, 2), np.float32), 1, seed=0)
