"""Every way to compute gives the same labels, means and trees."""

import numpy as np
import pytest
from cpu_features import has_vnni
from threadpoolctl import threadpool_limits

from data_engine.clustering import build_tree, kernel_choice
from data_engine.clustering.float32_products import nearest_float32
from data_engine.clustering.int8_products import nearest_int8
from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.nearest import compiled_sums, nearest, sums_by_sparse_product
from data_engine.kernels import loading


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


@pytest.mark.parametrize("options", [{}, {"n_resamples": 2, "resample_sizes": (4, 3)}, {"two_stage": 5}])
def test_every_kernel_grows_the_same_tree(unit_rows, options, monkeypatch):
    ran = []

    def told(name, function):
        monkeypatch.setattr(name, lambda *arguments: ran.append(name.rpartition(".")[2]) or function(*arguments))

    told("data_engine.clustering.int8_products.nearest_int8", nearest_int8)
    told("data_engine.clustering.nearest.compiled_sums", compiled_sums)
    told("data_engine.clustering.nearest.sums_by_sparse_product", sums_by_sparse_product)
    monkeypatch.setattr(kernel_choice, "use_int8", lambda *_: False)
    monkeypatch.setattr(kernel_choice, "use_compiled_sums", lambda *_: False)
    plain = build_tree(unit_rows, (300, 40), seed=3, **options)
    assert set(ran) == {"sums_by_sparse_product"}
    ran.clear()
    monkeypatch.setattr(kernel_choice, "use_int8", lambda *_: has_vnni())
    monkeypatch.setattr(kernel_choice, "use_compiled_sums", lambda *_: True)
    fast = build_tree(unit_rows, (300, 40), seed=3, **options)
    assert set(ran) == {"compiled_sums", *(["nearest_int8"] if has_vnni() else [])}
    assert fast.version == plain.version
    assert np.array_equal(fast.leaf, plain.leaf)
    assert np.array_equal(fast.distance, plain.distance)


def test_any_number_of_threads_grows_the_same_tree(unit_rows):
    versions = set()
    for n_threads in (1, 2, 3):
        with threadpool_limits(n_threads, user_api="blas"):
            versions.add(build_tree(unit_rows, (300, 40), seed=3).version)
    assert len(versions) == 1


def test_the_kernel_is_used_for_long_rows_and_large_inputs_only(monkeypatch):
    monkeypatch.setattr(kernel_choice, "fastest_kernel", lambda: "int8")
    monkeypatch.setattr(loading, "is_loaded", lambda _: False)
    assert kernel_choice.use_int8(200_000, 1000, 384)
    assert not kernel_choice.use_int8(2_000, 1000, 384)
    assert not kernel_choice.use_int8(200_000_000, 1000, 2)
    assert not kernel_choice.use_int8(200_000_000, 8, 384)
    assert not kernel_choice.use_compiled_sums(200_000, 384)
    monkeypatch.setattr(loading, "is_loaded", lambda kernel: kernel == "int8_nearest")
    assert kernel_choice.use_int8(2_000, 1000, 384)
    assert kernel_choice.use_compiled_sums(200_000, 384)
    assert not kernel_choice.use_compiled_sums(2_000, 384)
    monkeypatch.setattr(kernel_choice, "fastest_kernel", lambda: "float32")
    assert not kernel_choice.use_int8(200_000, 1000, 384)


def test_where_numba_may_not_compile_float32_does_the_work(unit_rows, monkeypatch):
    kernel_choice.fastest_kernel.cache_clear()
    monkeypatch.setattr("numba.config.DISABLE_JIT", 1)
    assert kernel_choice.fastest_kernel() == "float32"
    assert not kernel_choice.use_int8(200_000, 1000, 384)
    kernel_choice.fastest_kernel.cache_clear()
    monkeypatch.setattr("numba.config.DISABLE_JIT", 0)
    assert kernel_choice.use_int8(200_000, 1000, 384) == has_vnni()


def test_rows_that_int8_cannot_decide_are_decided_in_float32(unit_rows, monkeypatch):
    monkeypatch.setattr(kernel_choice, "use_int8", lambda *_: has_vnni())
    # Each centroid twice: nothing is decided by less than float64.
    centroids = np.repeat(unit_rows[600:650], 2, axis=0)
    labels = nearest(Rows(unit_rows), centroids)
    assert np.array_equal(labels, nearest_float32(Rows(unit_rows), centroids))
    assert (labels % 2 == 0).all()
