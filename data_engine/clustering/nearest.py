"""Nearest centroid of every row, exact squared distances to it, and the means of the rows that share one."""

import numpy as np
from numpy.typing import NDArray

from data_engine.clustering.parallel import over_chunks
from data_engine.clustering.rows import FloatMatrix, Labels, Rows

#: Scores that a thread holds at once (4 MiB of float32).
_TILE_SCORES = 1 << 20
_MAX_COLUMNS = 4096
_MEAN_ROWS = 2048


def product_weights(centroids: FloatMatrix, shift: FloatMatrix) -> FloatMatrix:
    """(dim + 1, k) matrix W: [row - shift, 1] @ W is |row - centroid|^2 - |row - shift|^2."""
    moved = centroids - shift
    weights = np.empty((centroids.shape[1] + 1, len(centroids)), dtype=np.float32)
    np.multiply(moved.T, -2, out=weights[:-1])
    weights[-1] = np.einsum("ij,ij->i", moved, moved, dtype=np.float64)
    return weights


def nearest(rows: Rows, centroids: FloatMatrix) -> Labels:
    """(n,) number of the nearest centroid by squared L2; the lowest number wins a tie.

    Distances are taken around the mean of the centroids, so that a common offset costs no precision. The n x k
    matrix never exists: extra memory is a few MiB per thread plus one copy of the centroids.
    """
    shift = centroids.mean(axis=0, dtype=np.float64).astype(np.float32)
    starts = range(0, len(centroids), _MAX_COLUMNS)
    blocks = [product_weights(centroids[start : start + _MAX_COLUMNS], shift) for start in starts]
    n_columns = blocks[0].shape[1]
    n_rows = int(np.clip(_TILE_SCORES // n_columns, 128, 4096))
    labels = np.empty(len(rows), dtype=np.int32)

    def label(chunk: slice) -> None:
        buffer = np.empty(n_rows * n_columns, dtype=np.float32)
        for part, tile in rows.shifted_tiles(shift, n_rows, chunk):
            labels[part] = _lowest(tile, blocks, buffer)

    over_chunks(label, len(rows), tile_rows=n_rows, n_columns=len(centroids) + rows.dim)
    return labels


def _lowest(tile: FloatMatrix, blocks: list[FloatMatrix], buffer: FloatMatrix) -> NDArray[np.int64]:
    """(m,) column with the smallest score over all blocks of centroids."""
    best = _block_lowest(tile, blocks[0], buffer)
    if len(blocks) == 1:
        return best[0]
    column, score = best
    for number, block in enumerate(blocks[1:], start=1):
        other, other_score = _block_lowest(tile, block, buffer)
        closer = other_score < score
        column[closer] = other[closer] + number * _MAX_COLUMNS
        score[closer] = other_score[closer]
    return column


def _block_lowest(
    tile: FloatMatrix, block: FloatMatrix, buffer: FloatMatrix
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    shape = (len(tile), block.shape[1])
    scores = buffer[: shape[0] * shape[1]].reshape(shape)
    np.matmul(tile, block, out=scores)
    column = scores.argmin(axis=1)
    return column, scores[np.arange(len(tile)), column]


def squared_distances(rows: Rows, centroids: FloatMatrix, labels: Labels) -> NDArray[np.float32]:
    """(n,) squared L2 distance of every row to its centroid, from differences: never negative, 0 for equal rows."""
    distances = np.empty(len(rows), dtype=np.float32)
    for part, tile in rows.tiles(_MEAN_ROWS):
        difference = tile - centroids[labels[part]]
        np.einsum("ij,ij->i", difference, difference, out=distances[part])
    return distances


def means(rows: Rows, labels: Labels, centroids: FloatMatrix) -> FloatMatrix:
    """(k, dim) mean of the rows of every cluster, summed in float64; a cluster without rows keeps its centroid."""
    sums = np.zeros(centroids.shape, dtype=np.float64)
    for part, tile in rows.tiles(_MEAN_ROWS):
        present, which = np.unique(labels[part], return_inverse=True)
        sums[present] += _grouped_sums(tile, which, len(present))
    counts = np.bincount(labels, minlength=len(centroids))
    filled = counts > 0
    result = centroids.copy()
    result[filled] = sums[filled] / counts[filled, None]
    return result


def _grouped_sums(tile: FloatMatrix, group: NDArray[np.intp], n_groups: int) -> NDArray[np.float64]:
    """(n_groups, dim) sums in float64; a sparse product is five times as fast here as sorting or np.add.at."""
    from scipy.sparse import csr_array

    ones = np.ones(len(tile), dtype=np.float64)
    members = csr_array((ones, (group, np.arange(len(tile)))), shape=(n_groups, len(tile)))
    sums: NDArray[np.float64] = members @ tile.astype(np.float64)
    return sums
