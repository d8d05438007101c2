"""How clear every sample lies in its clusters, on all levels of a tree."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.clustering import ClusterTree
from data_engine.portraits.silhouette import simplified_silhouette
from data_engine.sampling import first_members, split

Rows = NDArray[np.int64]

#: Samples that are measured when a tree is built; beyond them every leaf gives the same number.
MOST_MEASURED = 50_000


@dataclass(frozen=True, eq=False)
class Measures:
    """Samples of a tree against the centroids of every level.

    Both are rounded, so that the last bits of a matrix product never decide which sample is shown.

    Attributes:
        rows: (m,) row numbers of the measured samples, ascending.
        distance: (n_levels, m) float32 L2 distances to the centroid of the own cluster, the finest level first.
        silhouette: (n_levels, m) float32 simplified silhouettes; NaN on a level of one cluster, where there is no
            other to compare with.
    """

    rows: Rows
    distance: NDArray[np.float32]
    silhouette: NDArray[np.float32]


def measure(tree: ClusterTree, x: NDArray[Any], rows: Rows | None = None) -> Measures:
    """Measure samples of a tree.

    Args:
        tree: n samples under it.
        x: (n, dim) their embeddings; may be a memory map.
        rows: (m,) row numbers of those to measure, ascending; None for all.
    """
    rows = np.arange(tree.n_samples, dtype=np.int64) if rows is None else rows
    levels = [_against_level(tree, x, rows, number) for number in range(1, len(tree.levels) + 1)]
    return Measures(rows, np.stack([a.round(4) for _, a in levels]), np.stack([s.round(4) for s, _ in levels]))


def evenly_from_leaves(tree: ClusterTree, most: int, *, seed: int) -> Rows:
    """Row numbers of at most `most` samples, ascending: the same number from every leaf, as far as it has them."""
    if tree.n_samples <= most:
        return np.arange(tree.n_samples, dtype=np.int64)
    rng = np.random.default_rng([seed, 2])
    quota = split(tree.levels[0].sizes, most, rng=rng)
    return first_members(tree, quota, (rng.random(tree.n_samples),))


def _against_level(
    tree: ClusterTree, x: NDArray[Any], rows: Rows, number: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Silhouettes and distances of the rows."""
    centroids = tree.levels[number - 1].centroids
    cluster = tree.ancestors(number)[tree.leaf[rows]]
    if len(centroids) > 1:
        return simplified_silhouette(x, centroids, cluster, rows=rows)
    difference = np.asarray(x[rows], dtype=np.float32) - centroids[0]
    distance: NDArray[np.float32] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return np.full(len(rows), np.nan, dtype=np.float32), distance
