"""Cuts a pool into blocks of neighbours that are small enough to look at every pair within.

What is done with them is in `facility_location.py`.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from data_engine.clustering.types import Matrix

#: Clusters that one cut makes, at most; larger pools are cut again.
_MOST_PARTS = 256
#: Rows per cluster on which its centroid is found.
_SAMPLED_ROWS = 64
#: Room for clusters that come out larger than the mean one.
_SLACK = 1.5


def blocks(x: "Matrix", in_order: NDArray[np.int64], *, at_most: int, seed: int) -> list[NDArray[np.int64]]:
    """Cut rows into blocks by k-means, and those that are still too large again.

    Args:
        x: (n, dim) floating point.
        in_order: (m,) row numbers of x. The centroids are found on the first of them, so they should be in an order
            that has nothing to do with their values.
        at_most: rows in a block, at least 1.
        seed: decides every k-means.

    Returns: arrays of row numbers, each in the given order; every row is in one. Rows that are all equal cannot be
        told apart and are cut where the limit falls.
    """
    waiting, done = [in_order], []
    while waiting:
        rows = waiting.pop()
        if len(rows) <= at_most:
            done.append(rows)
            continue
        parts = _parts(x, rows, at_most, seed + len(done))
        if len(parts) == 1:
            done += np.array_split(rows, -(-len(rows) // at_most))
        else:
            waiting += reversed(parts)
    return done


def _parts(x: "Matrix", rows: NDArray[np.int64], at_most: int, seed: int) -> list[NDArray[np.int64]]:
    """The clusters of these rows that have any, at most `_MOST_PARTS`."""
    from data_engine.clustering.lloyd import kmeans
    from data_engine.clustering.matrix_rows import Rows
    from data_engine.clustering.nearest import nearest
    from data_engine.clustering.parallel import TEAM

    n_parts = min(int(np.ceil(_SLACK * len(rows) / at_most)), _MOST_PARTS)
    some = np.asarray(x[rows[: _SAMPLED_ROWS * n_parts]], dtype=np.float32)
    centroids = kmeans(some, min(n_parts, len(some)), seed=seed).centroids
    with TEAM:
        label = nearest(Rows(x, rows), centroids)
    order = np.argsort(label, kind="stable")
    ends = np.cumsum(np.bincount(label, minlength=len(centroids)))
    return [rows[part] for part in np.split(order, ends[:-1]) if len(part)]
