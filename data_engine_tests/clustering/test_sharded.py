"""However the rows are divided, the tree is the one of a single process, bit for bit."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_engine.clustering import build_tree, kmeans
from data_engine.clustering.matrix_rows import Rows, sum_exponent
from data_engine.clustering.nearest import exact_sums, means
from data_engine.clustering.sharded import Shard, ShardedDevice, shard_edges
from data_engine.compute.engines import LocalWorkers


def rows_of(n: int, dim: int = 24, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (12, dim))[rng.integers(12, size=n)] + rng.normal(0, 0.5, (n, dim))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def device_over(x: np.ndarray, edges: list[int]) -> ShardedDevice:
    blocks = tuple(Shard(x[start:end]) for start, end in pairwise(edges))
    return ShardedDevice(LocalWorkers(blocks), edges, map)


X = rows_of(1500)
PLAIN = {
    "plain": build_tree(X, [60, 9], seed=3),
    "resampled": build_tree(X, [60, 9], seed=3, n_resamples=2, resample_sizes=[8, 3]),
    "in cells": build_tree(X, [60, 9], seed=3, two_stage=6),
}
HOW = {"plain": {}, "resampled": {"n_resamples": 2, "resample_sizes": [8, 3]}, "in cells": {"two_stage": 6}}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("n_shards", [1, 2, 3, 7])
def test_a_tree_over_shards_is_the_tree_of_one_process(how: str, n_shards: int) -> None:
    found = build_tree(
        X, [60, 9], seed=3, device=lambda x, _: device_over(x, shard_edges(len(x), n_shards)), **HOW[how]
    )
    assert found.version == PLAIN[how].version
    assert np.array_equal(found.leaf, PLAIN[how].leaf)
    assert np.array_equal(found.distance, PLAIN[how].distance)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 300), max_size=6),
    st.permutations(range(300)).map(lambda order: np.array(order[:200], np.int64)),
    st.sampled_from([1e-30, 1.0, 1e12]),
)
def test_labels_and_sums_do_not_depend_on_the_edges(cuts: list[int], order: np.ndarray, scale: float) -> None:
    x = X[:300] * np.float32(scale)
    edges = [0, *sorted(cuts), 300]
    device, centroids = device_over(x, edges), x[:10]
    plain, moved = Rows(x, order), Rows(x, order, device)
    labels = np.arange(200, dtype=np.int32) % 9
    exponent = sum_exponent(plain.largest(), 30)
    assert np.array_equal(device.nearest(moved, centroids), Shard(x).nearest(centroids, order))
    assert np.array_equal(device.sums(moved, labels, 10, exponent), exact_sums(plain, labels, 10, exponent))


def test_means_are_those_of_any_order_of_the_rows() -> None:
    # In float64 these add up to another number from the left than from the right.
    x = np.array([[1e8], [1.0], [-1e8], [2.0**-20]] * 7, np.float32)
    labels = np.zeros(len(x), np.int32)
    forth, back = (means(Rows(x, order), labels, x[:1]) for order in (np.arange(28), np.arange(28)[::-1].copy()))
    assert forth.tolist() == back.tolist() == [[np.float32((1 + 2.0**-20) / 4)]]


def test_a_shard_needs_nothing_but_its_rows() -> None:
    labels = Shard(X[:100]).nearest(X[:5], None)
    assert labels[:5].tolist() == [0, 1, 2, 3, 4]
    assert Shard(X[:100]).sums(2, 10, np.zeros(1, np.int32), np.array([4])).tolist()[1] == [0] * 24


@pytest.mark.parametrize(("n_rows", "n_shards", "edges"), [(10, 3, [0, 3, 6, 10]), (2, 5, [0, 1, 2]), (0, 4, [0, 0])])
def test_shards_are_of_nearly_the_same_size(n_rows: int, n_shards: int, edges: list[int]) -> None:
    assert shard_edges(n_rows, n_shards) == edges


def test_one_kmeans_of_equal_rows_ends_with_one_cluster() -> None:
    assert len(kmeans(np.ones((30, 3), np.float32), 4, seed=0).centroids) == 1
