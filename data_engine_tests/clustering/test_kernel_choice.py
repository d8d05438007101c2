"""Every way to compute gives the same labels, means and trees."""

import numpy as np
import pytest
from near_ties import CASES, by_definition
from threadpoolctl import threadpool_limits

from data_engine.clustering import build_tree, kernel_choice
from data_engine.clustering.float32_products import nearest_float32
from data_engine.clustering.int8_products import UNDECIDED, nearest_int8
from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.nearest import _cluster_sums, nearest
from data_engine.clustering.parallel import TEAM
from data_engine.kernels.cluster_sums import cluster_sums


def int8_labels(rows: Rows, centroids: np.ndarray) -> np.ndarray:
    """What the int8 kernel finds where there is one, else what stands in for it."""
    return (nearest_int8 if kernel_choice.fastest_kernel() == "int8" else nearest_float32)(rows, centroids)


@pytest.fixture
def unit_rows() -> np.ndarray:
    """(6000, 96): 30 concepts of very unequal size, 300 rows twice, 20 rows of zeros."""
    rng = np.random.default_rng(0)
    concept = np.minimum(rng.geometric(0.12, size=6000), 30) - 1
    x = rng.normal(size=(30, 96))[concept] + 0.8 * rng.normal(size=(6000, 96))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    x[300:600] = x[:300]
    x[-20:] = 0
    return x.astype(np.float32)


@pytest.mark.parametrize("case", CASES)
def test_int8_labels_are_right_or_undecided(case):
    x, centroids = CASES[case]
    labels = int8_labels(Rows(x), centroids)
    certain = labels != UNDECIDED
    assert np.array_equal(labels[certain], by_definition(x, centroids)[certain])


def test_int8_decides_nearly_every_row_of_ordinary_data(unit_rows):
    labels = int8_labels(Rows(unit_rows[:-20]), unit_rows[600:700])
    assert np.count_nonzero(labels == UNDECIDED) < 60


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_int8_reads_any_floating_point_and_any_selection(unit_rows, kind):
    rows = Rows(unit_rows.astype(kind), np.arange(0, 6000, 3))
    labels = int8_labels(rows, unit_rows[:77])
    certain = labels != UNDECIDED
    assert np.array_equal(labels[certain], nearest_float32(rows, unit_rows[:77])[certain])


def test_compiled_sums_are_equal_to_the_last_bit(unit_rows):
    labels = np.random.default_rng(1).integers(50, size=6000).astype(np.int32)
    expected = _cluster_sums(Rows(unit_rows), labels, 60)
    assert np.array_equal(cluster_sums(Rows(unit_rows), labels, 60), expected)
    with TEAM:
        assert np.array_equal(cluster_sums(Rows(unit_rows), labels, 60), expected)
    assert expected[7].tolist() == pytest.approx(unit_rows[labels == 7].sum(axis=0, dtype=np.float64).tolist())


@pytest.mark.parametrize("options", [{}, {"n_resamples": 2, "resample_sizes": (4, 3)}, {"two_stage": 5}])
def test_every_kernel_grows_the_same_tree(unit_rows, options, monkeypatch):
    monkeypatch.setattr(kernel_choice, "_WORTH_LOADING", np.inf)
    monkeypatch.setattr(kernel_choice, "_WORTH_CALLING", np.inf)
    monkeypatch.setattr(kernel_choice, "_VALUES_WORTH_SUMMING", np.inf)
    plain = build_tree(unit_rows, (300, 40), seed=3, **options)
    monkeypatch.setattr(kernel_choice, "_WORTH_LOADING", 0)
    monkeypatch.setattr(kernel_choice, "_WORTH_CALLING", 0)
    monkeypatch.setattr(kernel_choice, "_VALUES_WORTH_SUMMING", 0)
    fast = build_tree(unit_rows, (300, 40), seed=3, **options)
    assert fast.version == plain.version
    assert np.array_equal(fast.leaf, plain.leaf)
    assert np.array_equal(fast.distance, plain.distance)


def test_any_number_of_threads_grows_the_same_tree(unit_rows):
    versions = set()
    for n_threads in (1, 2, 3):
        with threadpool_limits(n_threads, user_api="blas"):
            versions.add(build_tree(unit_rows, (300, 40), seed=3).version)
    assert len(versions) == 1


def test_the_kernel_pays_for_long_rows_and_large_inputs_only(monkeypatch):
    monkeypatch.setattr(kernel_choice, "fastest_kernel", lambda: "int8")
    monkeypatch.setattr(kernel_choice, "_loads", lambda: True)
    monkeypatch.setattr(kernel_choice, "_is_loaded", lambda: False)
    assert kernel_choice.int8_pays(200_000, 1000, 384)
    assert not kernel_choice.int8_pays(2_000, 1000, 384)
    assert not kernel_choice.int8_pays(200_000_000, 1000, 2)
    assert not kernel_choice.int8_pays(200_000_000, 8, 384)
    monkeypatch.setattr(kernel_choice, "_is_loaded", lambda: True)
    assert kernel_choice.int8_pays(2_000, 1000, 384)
    monkeypatch.setattr(kernel_choice, "fastest_kernel", lambda: "float32")
    assert not kernel_choice.int8_pays(200_000, 1000, 384)


def test_where_the_kernel_cannot_be_loaded_float32_does_the_work(unit_rows, monkeypatch):
    monkeypatch.setattr(kernel_choice, "_WORTH_CALLING", 0)
    monkeypatch.setattr(kernel_choice, "_WORTH_LOADING", 0)
    monkeypatch.setattr(kernel_choice, "_loads", lambda: False)
    assert not kernel_choice.int8_pays(200_000, 1000, 384)
    assert np.array_equal(nearest(Rows(unit_rows), unit_rows[:50]), nearest_float32(Rows(unit_rows), unit_rows[:50]))


def test_where_numba_may_not_compile_nothing_is_loaded(monkeypatch):
    kernel_choice._loads.cache_clear()
    monkeypatch.setattr("numba.config.DISABLE_JIT", 1)
    assert not kernel_choice._loads()
    kernel_choice._loads.cache_clear()
    monkeypatch.setattr("numba.config.DISABLE_JIT", 0)
    assert kernel_choice._loads()
    kernel_choice._loads.cache_clear()
