"""No copy of the input is made: what a clustering takes on top depends on the centroids, not on the rows."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from data_engine.clustering import build_tree

N, DIM, N_CLUSTERS = 150_000, 128, 16
MIB = 2**20


@pytest.fixture
def half_precision(tmp_path: Path) -> np.memmap:
    """(150,000, 128) float16 in a file: 37 MiB, and 73 MiB as float32."""
    rng = np.random.default_rng(0)
    mapped = np.memmap(tmp_path / "x.bin", dtype=np.float16, mode="w+", shape=(N, DIM))
    mapped[:] = rng.standard_normal((N_CLUSTERS, DIM), dtype=np.float32)[rng.integers(N_CLUSTERS, size=N)]
    mapped += rng.standard_normal(DIM).astype(np.float16)
    return mapped


@pytest.mark.parametrize("seeding", ["greedy_kmeans++", "sampled_greedy_kmeans++"])
def test_half_precision_is_never_copied_whole(half_precision, seeding):
    tracemalloc.start()
    tree = build_tree(half_precision, [N_CLUSTERS], seed=0, seeding=seeding, max_iterations=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert tree.levels[0].sizes.sum() == N
    # Labels and distances are 8 bytes a row; the seeding keeps D^2 and a norm for each as well, 8 bytes more.
    assert peak <= 16 * N + 32 * MIB
