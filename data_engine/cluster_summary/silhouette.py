"""The simplified silhouette: how much nearer a sample is to its own centroid than to the nearest other one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

#: Products of a row with a centroid that are held at once (16 MiB of float32).
_TILE_PRODUCTS = 1 << 22


def simplified_silhouette(
    x: NDArray[Any], centroids: NDArray[np.float32], own: NDArray[np.integer], *, rows: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The simplified silhouette of samples, and their distances to their own centroids.

    With a the L2 distance of a sample to the centroid of its own cluster, and b that to the nearest centroid of any
    other cluster, it is (b - a) / max(a, b). It needs n x k distances where the silhouette needs n x n.
    Source: Hruschka, de Castro and Campello 2004, "Evolutionary algorithms for clustering gene-expression data";
    compared with the silhouette by Vendramin, Campello and Hruschka 2010.

    Args:
        x: (n, dim) floating point array or memory map.
        centroids: (k, dim), at least two.
        own: (m,) number of the own cluster of every wanted row.
        rows: (m,) the wanted rows of x; None for all.

    Returns: (m,) float32 in [-1, 1], higher is clearer, 0 on the border between two clusters (and where a and b are
        both 0), negative where another centroid is nearer; and (m,) float32 distances a.
    Raises: InvalidInput with fewer than two centroids, or when `own` is not as long as the rows.
    """
    if len(centroids) < 2:
        raise InvalidInput(f"there is {len(centroids)} centroid and a silhouette compares two; give all of the level")
    n_rows = len(x) if rows is None else len(rows)
    if len(own) != n_rows:
        raise InvalidInput(f"own has {len(own)} clusters for {n_rows} rows; give one for each")
    # Around their mean, so that a common offset costs no precision.
    middle = centroids.mean(axis=0, dtype=np.float64).astype(np.float32)
    moved = centroids - middle
    half_norms = 0.5 * np.einsum("ij,ij->i", moved, moved)
    weights = np.ascontiguousarray(-moved.T)
    a, b = np.empty(n_rows, dtype=np.float32), np.empty(n_rows, dtype=np.float32)
    step = max(1, _TILE_PRODUCTS // len(centroids))
    for start in range(0, n_rows, step):
        part = slice(start, start + step)
        tile = np.asarray(x[part] if rows is None else x[rows[part]], dtype=np.float32)
        # |x - c|^2 grows as |c|^2 / 2 - x c does, which tells the nearest; its distance is taken from the difference.
        score = (tile - middle) @ weights
        score += half_norms
        score[np.arange(len(tile)), own[part]] = np.inf
        a[part] = _distance(tile, centroids[own[part]])
        b[part] = _distance(tile, centroids[score.argmin(axis=1)])
    larger = np.maximum(a, b)
    return np.divide(b - a, larger, out=np.zeros_like(a), where=larger > 0), a


def _distance(tile: NDArray[np.float32], centroids: NDArray[np.float32]) -> NDArray[np.float32]:
    difference = tile - centroids
    distance: NDArray[np.float32] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return distance
