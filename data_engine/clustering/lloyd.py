"""k-means for inputs of any size: k-means++ seeding, then Lloyd iterations over tiles of rows.

Seeding is in `seeding.py`, assignment and means in `nearest.py`.
"""

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.clustering.devices import open_device
from data_engine.clustering.matrix_rows import Rows, check_matrix, check_spread, cluster_sizes
from data_engine.clustering.nearest import means, nearest, squared_distances
from data_engine.clustering.parallel import TEAM
from data_engine.clustering.seeding import DEFAULT_SEEDING, checked_seeding, seed_positions
from data_engine.clustering.types import Assignment, FloatMatrix, Matrix
from data_engine.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class KMeans:
    """A clustering in which every cluster has at least one member."""

    centroids: FloatMatrix
    """(k, dim) float32."""
    assignment: Assignment
    """(n,) int32 number of the nearest centroid."""
    distance: NDArray[np.float32]
    """(n,) squared L2 distance to that centroid, >= 0."""
    inertia: float
    """Sum of the distances."""
    n_iterations: int
    """Lloyd iterations done."""


def kmeans(
    x: Matrix,
    n_clusters: int,
    *,
    seed: int,
    init: NDArray[Any] | str | None = None,
    max_iterations: int = 50,
    tolerance: float = 1e-3,
    device: str | None = None,
) -> KMeans:
    """Cluster the rows of x by squared L2 distance.

    Greedy seeding is the default because the trees built on it are much better balanced: samples chosen from 200
    concepts of very unequal size come out at a KL divergence from uniform of .12 against .47 with "kmeans++", for
    three to five times the seeding time (`benchmarks/kmeans.py` prints the times).

    Args:
        x: (n, dim) floating point array or memory map; computed in float32, never copied whole.
        n_clusters: clusters wanted, 1 to n; fewer come back when x has fewer distinct rows.
        seed: decides every draw; same x and seed, same result.
        init: (n_clusters, dim) first centroids, or how to seed: "greedy_kmeans++" (default), "kmeans++", or
            "sampled_greedy_kmeans++" for inputs larger than memory.
        max_iterations: most Lloyd iterations; 0 only assigns to the first centroids.
        tolerance: stop when less than this share of the rows changes cluster.
        device: torch device that computes, such as "cuda"; None for NumPy on the CPU. Draws and labels are the
            same but for what the last bits of sums decide.

    Raises: InvalidInput when n_clusters is not in 1..n, when the device is not there, when x or init has a wrong
        shape or dtype, or values that are not finite (the rows are named), or when float32 loses how the rows differ.
    """
    check_matrix(x, "x")
    check_spread(x, "x")
    n_wanted = checked_count(n_clusters, "n_clusters")
    if n_wanted > len(x):
        raise InvalidInput(f"n_clusters is {n_wanted} but x has {len(x)} rows; ask for at most {len(x)} clusters")
    limit, fixed_seed = checked_count(max_iterations, "max_iterations", least=0), checked_count(seed, "seed", least=0)
    if not 0 <= tolerance < 1:
        raise InvalidInput(f"tolerance is {tolerance}; it is a share of the rows: give at least 0 and below 1")
    first = _checked_init(init, n_wanted, x.shape[1])
    with TEAM:
        rows = Rows(x, device=open_device(device, x))
        return cluster_rows(rows, n_wanted, seed=fixed_seed, init=first, max_iterations=limit, tolerance=tolerance)


def cluster_rows(
    rows: Rows,
    n_clusters: int,
    *,
    seed: int,
    init: FloatMatrix | str = DEFAULT_SEEDING,
    max_iterations: int = 50,
    tolerance: float = 1e-3,
) -> KMeans:
    """`kmeans` on checked rows; asks for at most one cluster per row instead of refusing more."""
    if isinstance(init, str):
        rng = np.random.default_rng(seed)
        n_clusters = min(n_clusters, len(rows))
        centroids = rows.take(seed_positions(rows, n_clusters, seeding=init, rng=rng))
    else:
        centroids = init
    labels, largest = nearest(rows, centroids), rows.largest()
    n_iterations = 0
    while n_iterations < max_iterations:
        n_iterations += 1
        centroids = means(rows, labels, centroids, largest=largest)
        previous, labels = labels, nearest(rows, centroids)
        n_changed = np.count_nonzero(previous != labels)
        if n_changed == 0 or n_changed < tolerance * len(rows):
            break
    return _finished(rows, centroids, labels, n_iterations)


def assign_rows(rows: Rows, centroids: FloatMatrix) -> KMeans:
    """Every row to its nearest centroid; centroids without a row are left out."""
    return _finished(rows, centroids, nearest(rows, centroids), 0)


def _finished(rows: Rows, centroids: FloatMatrix, labels: Assignment, n_iterations: int) -> KMeans:
    counts = cluster_sizes(labels, len(centroids))
    if (counts == 0).any():
        # A stale centroid must not be taken for a cluster. No row was nearest to it, so all keep theirs, renumbered.
        labels = (np.cumsum(counts > 0) - 1).astype(np.int32)[labels]
        centroids = centroids[counts > 0]
    distance = squared_distances(rows, centroids, labels)
    return KMeans(centroids, labels, distance, float(distance.sum(dtype=np.float64)), n_iterations)


def checked_count(value: int, name: str, *, least: int = 1) -> int:
    """The value as an int.

    Raises: InvalidInput when it is not a whole number or below the least one.
    """
    try:
        count = int(operator.index(value))
    except TypeError:
        raise InvalidInput(f"{name} is {value!r}; it must be a whole number") from None
    if count < least:
        raise InvalidInput(f"{name} is {count}; it must be at least {least}")
    return count


def _checked_init(init: NDArray[Any] | str | None, n_clusters: int, dim: int) -> FloatMatrix | str:
    if init is None:
        return DEFAULT_SEEDING
    if isinstance(init, str):
        return checked_seeding(init, "init")
    check_matrix(init, "init", dim=dim)
    if len(init) != n_clusters:
        raise InvalidInput(f"init has {len(init)} rows but n_clusters is {n_clusters}; give one row per cluster")
    return np.array(init, dtype=np.float32)
