"""Nearest centroid of every row, exact squared distances to it, and the mean of the rows of every cluster.

`kernel_choice.py` says which of the equivalent ways computes them.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.clustering import kernel_choice
from data_engine.clustering.float32_products import nearest_float32
from data_engine.clustering.matrix_rows import Rows, cluster_sizes, sum_exponent
from data_engine.clustering.parallel import TEAM, over_chunks
from data_engine.clustering.types import Assignment, FloatMatrix

_MEAN_ROWS = 2048
_DISTANCE_ROWS = 256
_SUMMED_ROWS = 1024


def nearest(rows: Rows, centroids: FloatMatrix) -> Assignment:
    """(n,) number of the nearest centroid by squared L2; of equal distances in float64 the lowest number wins.

    The labels are those of distances computed in float64, whichever way they are found: fast products only sort out
    the centroids that are certainly farther. Sums in another order, as a device makes them, may break a tie within
    the rounding of float64 otherwise. The n x k matrix never exists.
    """
    if rows.device is not None:
        return rows.device.nearest(rows, centroids)
    if not kernel_choice.use_int8(len(rows), *centroids.shape):
        return nearest_float32(rows, centroids)
    from data_engine.clustering.int8_products import UNDECIDED, nearest_int8

    labels = nearest_int8(rows, centroids)
    undecided = np.flatnonzero(labels == UNDECIDED)
    labels[undecided] = nearest_float32(rows.narrowed(undecided), centroids)
    return labels


def squared_distances(rows: Rows, centroids: FloatMatrix, labels: Assignment) -> NDArray[np.float32]:
    """(n,) squared L2 distance of every row to its centroid, from differences: never negative, 0 for equal rows."""
    distances = np.empty(len(rows), dtype=np.float32)

    def measure(chunk: slice) -> None:
        for part, tile in rows.tiles(_DISTANCE_ROWS, chunk):
            difference = tile - centroids[labels[part]]
            np.einsum("ij,ij->i", difference, difference, out=distances[part])

    over_chunks(measure, len(rows), tile_rows=_DISTANCE_ROWS, n_columns=rows.dim)
    return distances


def means(rows: Rows, labels: Assignment, centroids: FloatMatrix, *, largest: float | None = None) -> FloatMatrix:
    """(k, dim) mean of the rows of every cluster; a cluster without rows keeps its centroid.

    The sums are whole numbers of a fixed step, so that their order, threads, shards and devices change no bit.

    Args:
        rows: n rows.
        labels: (n,) cluster of each.
        centroids: (k, dim).
        largest: largest absolute value of the rows where it is known, `Rows.largest`.
    """
    counts = cluster_sizes(labels, len(centroids))
    exponent = sum_exponent(rows.largest() if largest is None else largest, int(counts.max(initial=1)))
    sums = np.ldexp(exact_sums(rows, labels, len(centroids), exponent).astype(np.float64), -exponent)
    sums /= np.maximum(counts, 1)[:, None]
    result = sums.astype(np.float32)
    result[counts == 0] = centroids[counts == 0]
    return result


def exact_sums(rows: Rows, labels: Assignment, n_clusters: int, exponent: int) -> NDArray[np.int64]:
    """(n_clusters, dim) sums of the rows with each label, in steps of 2^-exponent to which every value is rounded."""
    if rows.device is not None:
        return rows.device.sums(rows, labels, n_clusters, exponent)
    if kernel_choice.use_compiled_sums(len(rows), rows.dim):
        return compiled_sums(rows, labels, n_clusters, exponent)
    return sums_by_sparse_product(rows, labels, n_clusters, exponent)


def compiled_sums(rows: Rows, labels: Assignment, n_clusters: int, exponent: int) -> NDArray[np.int64]:
    """`exact_sums` by the kernel; threads share the columns."""
    from data_engine.kernels.cluster_sums import add_rows

    sums = np.zeros((n_clusters, rows.dim), dtype=np.int64)

    def add(columns: slice) -> None:
        for part, tile in rows.tiles(_SUMMED_ROWS):
            add_rows(tile[:, columns], labels[part], sums[:, columns], 2.0**exponent)

    over_chunks(add, rows.dim, tile_rows=-(-rows.dim // TEAM.n_threads), n_columns=len(rows))
    return sums


def sums_by_sparse_product(rows: Rows, labels: Assignment, n_clusters: int, exponent: int) -> NDArray[np.int64]:
    """`exact_sums` without the kernel; a sparse product is five times as fast here as np.add.at."""
    from scipy.sparse import csr_array

    sums = np.zeros((n_clusters, rows.dim), dtype=np.int64)
    for part, tile in rows.tiles(_MEAN_ROWS):
        present, group = np.unique(labels[part], return_inverse=True)
        scaled = tile.astype(np.float64)
        scaled *= 2.0**exponent
        fixed = np.rint(scaled, out=scaled).astype(np.int64)
        at = (group, np.arange(len(fixed)))
        ones = np.ones(len(fixed), dtype=np.int64)
        sums[present] += csr_array((ones, at), shape=(len(present), len(fixed))) @ fixed
    return sums
