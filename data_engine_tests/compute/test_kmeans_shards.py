import numpy as np
import pytest

from data_engine.clustering import build_tree
from data_engine.compute.choice import Compute
from data_engine.compute.engines import LocalEngine
from data_engine.compute.kmeans_shards import kmeans_minutes, sharded_levels, tree_device

X = np.random.default_rng(0).normal(size=(400, 8)).astype(np.float32)


def test_minutes_grow_with_rows_clusters_and_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    # 20 iterations of 2 x 1e6 x 1e4 x 768 operations at 200e9 a second on each of two cores.
    assert kmeans_minutes(1_000_000, 10_000, 768) == pytest.approx(12.8)


def test_levels_go_to_shards_where_they_are_long_enough_only() -> None:
    least = kmeans_minutes(400, 20, 8)
    with sharded_levels(LocalEngine(3), from_minutes=least) as opened:
        assert opened(X, 20) is not None
        assert opened(X, 19) is None


def test_the_tree_over_an_engine_is_the_local_one() -> None:
    plain = build_tree(X, [20, 4], seed=1, two_stage=4)
    with sharded_levels(LocalEngine(3), from_minutes=0) as opened:
        found = build_tree(X, [20, 4], seed=1, two_stage=4, device=opened)
    assert found.version == plain.version


def test_a_gpu_and_the_local_engine_need_no_shards() -> None:
    with tree_device(Compute(engine="ray"), "cuda", X, 20, 0) as found:
        assert found == ("cuda", "local")
    with tree_device(Compute(engine="local"), None, X, 20, 0) as found:
        assert found == (None, "local")


def test_a_small_tree_stays_here_and_says_so() -> None:
    with tree_device(Compute(engine="ray"), None, X, 20, 2) as (device, said):
        assert device is None
        assert said == (
            "local: clustering 400 rows takes about 0.0 minutes here, less than the 5 of compute.from_minutes"
        )
