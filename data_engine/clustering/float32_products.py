"""Nearest centroids from float32 matrix products, with a proof for every label.

The product gives a lower bound of every distance: the score less the largest error that its rounding can have. The
nearest centroid is certain where only one lower bound lies below an upper bound of the smallest distance. The few
other rows are decided by distances in float64, so that labels depend on no rounding, no BLAS and no thread.
The faster way of large inputs is in `int8_products.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.parallel import over_chunks
from data_engine.clustering.types import Assignment, FloatMatrix

Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]

#: Scores that a thread holds at once (2 MiB of float32, so that they stay near its cache).
_TILE_SCORES = 1 << 19
_MAX_COLUMNS = 4096
#: Differences in float64 that a thread holds at once (8 MiB).
_TILE_DIFFERENCES = 1 << 20
#: Stands for what float32 loses below its smallest normal number.
_UNDERFLOW = 1e-36


@dataclass(frozen=True, eq=False)
class _Bounds:
    """Turns rows into lower bounds of distances: [row - shift, |row - shift|, 1] @ block, less |row - shift|^2."""

    shift: FloatMatrix
    scale: float
    """Power of two that brings the centroids near 1, so that their squares neither overflow nor vanish."""
    blocks: tuple[FloatMatrix, ...]
    """(dim + 2, up to 4096) each."""
    error: float
    """Largest relative error of a product, doubled for safety."""
    norms: NDArray[np.float32]
    """(k,) |centroid - shift|, scaled."""

    @classmethod
    def around(cls, centroids: FloatMatrix) -> "_Bounds":
        """Bounds for these centroids, taken around their mean, so that a common offset costs no precision."""
        shift = centroids.mean(axis=0, dtype=np.float64).astype(np.float32)
        farthest = max(float((centroids.max(axis=0) - shift).max()), float((shift - centroids.min(axis=0)).max()))
        scale = _power_of_two(farthest)
        error = 2 * (centroids.shape[1] + 8) * 2.0**-24
        norms = np.empty(len(centroids), dtype=np.float64)
        blocks = []
        for start in range(0, len(centroids), _MAX_COLUMNS):
            part = slice(start, start + _MAX_COLUMNS)
            moved = (centroids[part] - shift) * np.float32(scale)
            squares = np.einsum("ij,ij->i", moved, moved, dtype=np.float64)
            norms[part] = np.sqrt(squares)
            block = np.empty((centroids.shape[1] + 2, len(moved)), dtype=np.float32)
            np.multiply(moved.T, -2, out=block[:-2])
            block[-2] = -2 * error * norms[part]
            block[-1] = squares * (1 - error) - _UNDERFLOW
            blocks.append(block)
        return cls(shift, scale, tuple(blocks), error, norms.astype(np.float32))

    def width(self, label: NDArray[np.intp], row_norm: NDArray[np.float32]) -> NDArray[np.float32]:
        """(m,) upper minus lower bound of the distance of rows with these norms to these centroids."""
        norm = self.norms[label]
        wide: NDArray[np.float32] = (2 * self.error * norm * (2 * row_norm + norm) + 4 * _UNDERFLOW).astype(np.float32)
        return wide


def nearest_float32(rows: Rows, centroids: FloatMatrix) -> Assignment:
    """`nearest` by float32 products; takes a few MiB per thread and a copy of the centroids beside the result."""
    bounds = _Bounds.around(centroids)
    n_columns = bounds.blocks[0].shape[1]
    n_rows = int(np.clip(_TILE_SCORES // n_columns, 128, 1024))
    labels = np.empty(len(rows), dtype=np.int32)

    def label(chunk: slice) -> None:
        scores = np.empty(n_rows * n_columns, dtype=np.float32)
        for part, tile in rows.augmented_tiles(bounds.shift, bounds.scale, n_rows, chunk):
            found, close = _lowest(tile, bounds, scores)
            labels[part] = found
            if len(close):
                labels[close + part.start] = _decided(rows.take(part)[close], tile[close], centroids, bounds)

    over_chunks(label, len(rows), tile_rows=n_rows, n_columns=len(centroids) + rows.dim)
    return labels


def _lowest(tile: FloatMatrix, bounds: _Bounds, scores: FloatMatrix) -> Pairs:
    """(m,) column with the lowest bound, and which rows of the tile have another centroid that may be nearer."""
    label, lowest, second = _block_lowest(tile, bounds.blocks[0], scores)
    for number, block in enumerate(bounds.blocks[1:], start=1):
        column, score, runner_up = _block_lowest(tile, block, scores)
        closer = score < lowest
        second = np.where(closer, np.minimum(lowest, runner_up), np.minimum(second, score))
        label[closer] = column[closer] + number * _MAX_COLUMNS
        lowest[closer] = score[closer]
    return label, np.flatnonzero(second <= lowest + bounds.width(label, tile[:, -2]))


def _block_lowest(
    tile: FloatMatrix, block: FloatMatrix, scores: FloatMatrix
) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32]]:
    """(m,) column of the lowest score of a block, that score, and the lowest of the other columns."""
    view = scores[: len(tile) * block.shape[1]].reshape(len(tile), -1)
    np.matmul(tile, block, out=view)
    column = view.argmin(axis=1)
    at = np.arange(len(tile))
    lowest = view[at, column]
    view[at, column] = np.inf
    return column, lowest, view.min(axis=1)


def _decided(plain: FloatMatrix, tile: FloatMatrix, centroids: FloatMatrix, bounds: _Bounds) -> NDArray[np.intp]:
    """(m,) nearest centroid by float64 distances, among those that the bounds leave possible.

    Args:
        plain: (m, dim) rows as they are.
        tile: (m, dim + 2) the same, shifted, scaled, with norm and 1.
        centroids: (k, dim).
        bounds: of these centroids.
    """
    result = np.empty(len(plain), dtype=np.intp)
    step = max(1, _TILE_SCORES // len(centroids))
    for start in range(0, len(plain), step):
        part = slice(start, start + step)
        scores = np.concatenate([tile[part] @ block for block in bounds.blocks], axis=1)
        label = scores.argmin(axis=1)
        lowest = scores[np.arange(len(label)), label]
        # Twice the width: a product of another shape may round otherwise.
        possible = scores <= (lowest + 2 * bounds.width(label, tile[part, -2]))[:, None]
        row, column = np.nonzero(possible)
        result[part] = nearest_of_pairs(plain[part], centroids, (row, column))
    return result


def nearest_of_pairs(tile: FloatMatrix, centroids: FloatMatrix, pairs: Pairs) -> NDArray[np.intp]:
    """(m,) the candidate of every row with the smallest float64 distance; the lowest number wins a tie.

    Args:
        tile: (m, dim) rows.
        centroids: (k, dim).
        pairs: row numbers and centroid numbers of all candidates, ordered by both; at least one per row.
    """
    row, column = pairs
    distance = np.concatenate([_float64_distances(tile, centroids, row[p], column[p]) for p in _parts(len(row), tile)])
    starts = np.searchsorted(row, np.arange(len(tile)))
    smallest = np.minimum.reduceat(distance, starts)
    winners = np.flatnonzero(distance == smallest[row])
    return column[winners[np.searchsorted(row[winners], np.arange(len(tile)))]]


def _float64_distances(
    tile: FloatMatrix, centroids: FloatMatrix, row: NDArray[np.intp], column: NDArray[np.intp]
) -> NDArray[np.float64]:
    difference = tile[row].astype(np.float64)
    difference -= centroids[column]
    distances: NDArray[np.float64] = np.einsum("ij,ij->i", difference, difference)
    return distances


def _parts(n_pairs: int, tile: FloatMatrix) -> Iterator[slice]:
    step = max(1, _TILE_DIFFERENCES // tile.shape[1])
    for start in range(0, n_pairs, step):
        yield slice(start, start + step)


def _power_of_two(largest: float) -> float:
    """Power of two that brings the largest value to [0.5, 1); 1 where all values are 0."""
    return 1.0 if largest == 0 else float(2.0 ** -np.clip(np.frexp(largest)[1], -120, 120))
