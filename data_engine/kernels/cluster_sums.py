"""Sums of the rows of every cluster, compiled; adds in the same order as `means` does without it."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from data_engine.clustering.matrix_rows import Labels, Rows
from data_engine.clustering.parallel import TEAM, over_chunks

_TILE_ROWS = 1024


def cluster_sums(rows: Rows, labels: Labels, n_clusters: int) -> NDArray[np.float64]:
    """(n_clusters, dim) float64 sums of the rows with each label, added one after the other.

    Threads share the columns, not the rows, so that their number changes no sum.
    """
    sums = np.zeros((n_clusters, rows.dim), dtype=np.float64)

    def add(columns: slice) -> None:
        for part, tile in rows.tiles(_TILE_ROWS):
            _add(tile[:, columns], labels[part], sums[:, columns])

    over_chunks(add, rows.dim, tile_rows=-(-rows.dim // TEAM.n_threads), n_columns=len(rows))
    return sums


@njit(nogil=True, cache=True)
def _add(tile, labels, sums):
    for i in range(len(tile)):
        total = sums[labels[i]]
        row = tile[i]
        for t in range(len(row)):
            total[t] += row[t]
