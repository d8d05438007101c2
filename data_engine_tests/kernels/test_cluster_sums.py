"""Sums are those of the sparse product, to the last bit."""

import numpy as np
import pytest

from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.nearest import compiled_sums, sums_by_sparse_product
from data_engine.clustering.parallel import TEAM
from data_engine.kernels import loading
from data_engine.kernels.cluster_sums import add_rows


def test_rows_are_added_to_the_sums_of_their_clusters_in_steps() -> None:
    rows = np.array([[1, 2], [3, 4], [5, 6.5]], np.float32)
    sums = np.array([[10, 10], [0, 0], [0, 0]], np.int64)
    add_rows(rows, np.array([0, 2, 0], np.int32), sums, 2.0)
    assert sums.tolist() == [[22, 27], [0, 0], [6, 8]]
    assert "cluster_sums._add" in loading.kernels_used()


def test_compiled_sums_are_equal_to_the_last_bit() -> None:
    x = np.random.default_rng(0).normal(size=(6000, 96)).astype(np.float32)
    labels = np.random.default_rng(1).integers(50, size=6000).astype(np.int32)
    expected = sums_by_sparse_product(Rows(x), labels, 60, 45)
    assert np.array_equal(compiled_sums(Rows(x), labels, 60, 45), expected)
    with TEAM:
        assert np.array_equal(compiled_sums(Rows(x), labels, 60, 45), expected)
    exact = x[labels == 7].sum(axis=0, dtype=np.float64).tolist()
    assert np.ldexp(expected[7].astype(np.float64), -45).tolist() == pytest.approx(exact)
