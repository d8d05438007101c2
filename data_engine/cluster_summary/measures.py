"""Simplified silhouettes of samples on every level of a tree: how clearly each lies in its cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.cluster_summary.silhouette import simplified_silhouette
from data_engine.clustering import ClusterTree
from data_engine.sampling.quotas import first_members, split, stable_priority

RowNumbers = NDArray[np.int64]

#: Samples that are measured; beyond them every leaf gives the same number.
MOST_MEASURED = 50_000


@dataclass(frozen=True, eq=False)
class ClusterMeasures:
    """Samples of a tree against the centroids of every level.

    Both are rounded, so that the last bits of a matrix product never decide which sample is shown.

    Attributes:
        rows: (m,) row numbers of the measured samples, ascending.
        distance: (n_levels, m) float32 L2 distances to the centroid of the own cluster, the finest level first.
        silhouette: (n_levels, m) float32 simplified silhouettes; NaN on a level of one cluster, where there is no
            other to compare with.
    """

    rows: RowNumbers
    distance: NDArray[np.float32]
    silhouette: NDArray[np.float32]

    def joined(self, others: "ClusterMeasures", rows: RowNumbers) -> "ClusterMeasures":
        """These and those of other samples.

        Args:
            others: of k samples.
            rows: (k,) their row numbers among the samples of these.
        """
        every = np.concatenate([self.rows, rows])
        order = np.argsort(every)
        distance = np.concatenate([self.distance, others.distance], axis=1)
        silhouette = np.concatenate([self.silhouette, others.silhouette], axis=1)
        return ClusterMeasures(every[order], distance[:, order], silhouette[:, order])


def measure(tree: ClusterTree, x: NDArray[Any], rows: RowNumbers | None = None) -> ClusterMeasures:
    """Measure samples of a tree.

    Args:
        tree: n samples under it.
        x: (n, dim) their embeddings; may be a memory map.
        rows: (m,) row numbers of those to measure, ascending; None for all.
    """
    rows = np.arange(tree.n_samples, dtype=np.int64) if rows is None else rows
    levels = [_against_level(tree, x, rows, number) for number in range(1, len(tree.levels) + 1)]
    return ClusterMeasures(rows, np.stack([a.round(4) for _, a in levels]), np.stack([s.round(4) for s, _ in levels]))


def evenly_from_leaves(
    tree: ClusterTree, most: int, sample_ids: Sequence[str] | pa.ChunkedArray, *, seed: int
) -> RowNumbers:
    """Row numbers of at most `most` samples, ascending: the same number from every leaf, as far as it has them.

    Members of a leaf are drawn by a hash of their ids and what remains goes to the first leaves, so that when samples
    join a frozen tree, each old one that is drawn was drawn before.

    Args:
        tree: n samples under it.
        most: samples to draw.
        sample_ids: (n,) in the order of `tree.leaf`.
        seed: of the hash.
    """
    if tree.n_samples <= most:
        return np.arange(tree.n_samples, dtype=np.int64)
    return first_members(tree, split(tree.levels[0].sizes, most), (stable_priority(sample_ids, seed),))


def _against_level(
    tree: ClusterTree, x: NDArray[Any], rows: RowNumbers, number: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Silhouettes and distances of the rows."""
    centroids = tree.levels[number - 1].centroids
    cluster = tree.ancestors(number)[tree.leaf[rows]]
    if len(centroids) > 1:
        return simplified_silhouette(x, centroids, cluster, rows=rows)
    difference = np.asarray(x[rows], dtype=np.float32) - centroids[0]
    distance: NDArray[np.float32] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return np.full(len(rows), np.nan, dtype=np.float32), distance
