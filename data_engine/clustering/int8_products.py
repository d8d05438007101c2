"""Nearest centroids of rows by int8 products on the CPU, tile by tile in threads.

The kernel and the proof of its labels are in `kernels.int8_nearest`; `nearest.py` decides the rows left undecided.
"""

import numpy as np

from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.parallel import over_chunks
from data_engine.clustering.types import Assignment, FloatMatrix
from data_engine.kernels.int8_nearest import UNDECIDED, encode, label_rows

__all__ = ["UNDECIDED", "nearest_int8"]

#: Rows that a thread reads at once.
_TILE_ROWS = 960


def nearest_int8(rows: Rows, centroids: FloatMatrix) -> Assignment:
    """(n,) number of the nearest centroid by squared L2, or UNDECIDED where float32 cannot tell; see `nearest`."""
    codes = encode(centroids)
    # The kernel is compiled for writable arrays; those of a tree are read-only.
    centroids = np.require(centroids, requirements=["C", "W"])
    labels = np.empty(len(rows), dtype=np.int32)

    def label(chunk: slice) -> None:
        for part, tile in rows.tiles(_TILE_ROWS, chunk):
            labels[part] = label_rows(np.ascontiguousarray(tile), codes, centroids)

    over_chunks(label, len(rows), tile_rows=_TILE_ROWS, n_columns=len(centroids) + rows.dim)
    return labels
