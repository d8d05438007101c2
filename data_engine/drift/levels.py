"""Coarser clusters above those that are counted: a shift of a whole topic is spread thinly over many fine ones.

The test that looks at all levels at once is in `mass.py`.
"""

from collections.abc import Sequence

import numpy as np

from data_engine.labeling.inputs import Floats, Integers

MOST_CLUSTERS = 150
_HALVINGS, _FEWEST, _ROWS_PER_CLUSTER = 3, 6, 20


def levels_above(centroids: Floats, counts: Integers, *, seed: int) -> Sequence[Integers]:
    """Of each level that is tested, (k,) the cluster of that level for each of the k clusters; the finest level first.

    The finest has the clusters themselves, or 150 where there are more; up to three follow, each with half as many, and
    never fewer than 6. They come from k-means of the centroids, each as often as there are samples for it.

    Args:
        centroids: (k, dim) of the clusters.
        counts: (k,) samples of the reference in each.
        seed: of the k-means.
    """
    n, levels = len(centroids), []
    finest = min(n, MOST_CLUSTERS)
    if n <= MOST_CLUSTERS:
        levels.append(np.arange(n))
    wanted = [finest] * (n > MOST_CLUSTERS) + [finest >> halving for halving in range(1, _HALVINGS + 1)]
    return [*levels, *(_joined(centroids, counts, k, seed) for k in wanted if k >= min(finest, _FEWEST))]


def _joined(centroids: Floats, counts: Integers, n_clusters: int, seed: int) -> Integers:
    """(k,) the coarser cluster of each; a cluster stands in the k-means as often as its share of the samples asks."""
    from data_engine.clustering import kmeans

    times = np.maximum(1, np.rint(counts * (_ROWS_PER_CLUSTER * len(counts) / max(1, counts.sum())))).astype(np.int64)
    rows = np.repeat(np.arange(len(counts)), times)
    found = kmeans(np.asarray(centroids, np.float32)[rows], n_clusters, seed=seed)
    first = np.concatenate([[0], np.cumsum(times)[:-1]])
    return np.unique(np.asarray(found.assignment)[first], return_inverse=True)[1].astype(np.int64)
