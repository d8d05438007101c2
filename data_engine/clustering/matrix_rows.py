"""Reads the rows of a matrix tile by tile, so that no step of the clustering holds more than a few MiB beside it.

Threads share tiles by `parallel.py`; the types of arrays are in `types.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.clustering.types import Assignment, Device, FloatMatrix, Matrix
from data_engine.errors import InvalidInput

#: Largest absolute value whose squared distances are safe in float32.
_MAX_VALUE = 1e15
#: Values of rows have to differ by this much somewhere, or their squared distances vanish in float32.
_LEAST_SPREAD = 1e-15
#: The same as a share of the largest value, or wider numbers that differ are a few steps of float32 apart.
_LEAST_SHARE = 1e-6
_CHECK_ROWS = 4096
_COUNTED_ROWS = 1 << 20
#: Bits of a sum of rows in whole numbers.
_SUM_BITS = 61


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a matrix, all of them or a selection, in the order of the selection.

    A selection is gathered tile by tile, so that clustering a part of a memory map never copies that part whole.
    """

    x: Matrix
    """(n, dim) floating point array or memory map."""
    selection: NDArray[np.int64] | None = None
    """(m,) row numbers of x; None for all rows."""
    device: "Device[Rows] | None" = None
    """The device that computes over these rows; None for the CPU."""

    def __len__(self) -> int:
        return len(self.x) if self.selection is None else len(self.selection)

    @property
    def dim(self) -> int:
        """Values per row."""
        return int(self.x.shape[1])

    def take(self, positions: NDArray[np.int64] | slice) -> FloatMatrix:
        """The rows at these positions as float32; a view where x is float32 and the positions are a slice of all."""
        chosen = positions if self.selection is None else self.selection[positions]
        return np.asarray(self.x[chosen], dtype=np.float32)

    def narrowed(self, positions: NDArray[np.int64]) -> "Rows":
        """The rows at these positions only."""
        return Rows(self.x, positions if self.selection is None else self.selection[positions], self.device)

    def tiles(self, n_rows: int, within: slice | None = None) -> Iterator[tuple[slice, FloatMatrix]]:
        """Slices of at most `n_rows` positions with their rows; all positions, or those of one slice."""
        whole = slice(0, len(self)) if within is None else within
        for start in range(whole.start, whole.stop, n_rows):
            part = slice(start, min(start + n_rows, whole.stop))
            yield part, self.take(part)

    def shifted_tiles(self, shift: FloatMatrix, n_rows: int, within: slice) -> Iterator[tuple[slice, FloatMatrix]]:
        """Tiles of (rows - shift) with a last column of ones, in a buffer that the next tile overwrites.

        The ones meet the squared norms of the centroids inside the matrix product, which saves a pass over its result.
        """
        buffer = np.ones((min(n_rows, within.stop - within.start), self.dim + 1), dtype=np.float32)
        for part, tile in self.tiles(n_rows, within):
            view = buffer[: len(tile)]
            np.subtract(tile, shift, out=view[:, :-1])
            yield part, view

    def augmented_tiles(
        self, shift: FloatMatrix, scale: float, n_rows: int, within: slice
    ) -> Iterator[tuple[slice, FloatMatrix]]:
        """Tiles of [(row - shift) * scale, its norm, 1], in a buffer that the next tile overwrites."""
        buffer = np.ones((min(n_rows, within.stop - within.start), self.dim + 2), dtype=np.float32)
        for part, tile in self.tiles(n_rows, within):
            view = buffer[: len(tile)]
            values = view[:, :-2]
            np.subtract(tile, shift, out=values)
            if scale != 1:
                values *= np.float32(scale)
            np.sqrt(np.einsum("ij,ij->i", values, values), out=view[:, -2])
            yield part, view

    def rough_middle(self) -> FloatMatrix:
        """(dim,) mean of up to 4,096 evenly spaced rows; near enough to take a large common offset away."""
        step = max(1, len(self) // _CHECK_ROWS)
        positions = np.arange(0, len(self), step, dtype=np.int64)[:_CHECK_ROWS]
        return np.asarray(self.take(positions).mean(axis=0, dtype=np.float64), dtype=np.float32)

    def largest(self) -> float:
        """Largest absolute value; 0 of no rows."""
        tiles = (tile for _, tile in self.tiles(_CHECK_ROWS))
        return max((max(float(tile.max()), -float(tile.min())) for tile in tiles), default=0.0)


def sum_exponent(largest: float, most_rows: int) -> int:
    """The power of two whose inverse is the step of exact sums: the finest at which none of them overflows.

    The rounding of a value is at most largest x most_rows / 2^60, which is finer than that of a sum in float64.

    Args:
        largest: largest absolute value of the rows.
        most_rows: rows of the largest cluster.
    """
    return _SUM_BITS - int(np.frexp(largest)[1]) - most_rows.bit_length()


def cluster_sizes(labels: Assignment, n_clusters: int) -> NDArray[np.int64]:
    """(k,) rows of every cluster; piece by piece, because counting int32 numbers at once copies them to int64."""
    counts = np.zeros(n_clusters, dtype=np.int64)
    for start in range(0, len(labels), _COUNTED_ROWS):
        counts += np.bincount(labels[start : start + _COUNTED_ROWS], minlength=n_clusters)
    return counts


def check_matrix(x: Matrix, name: str, *, dim: int | None = None) -> None:
    """Refuse what cannot be clustered.

    Raises: InvalidInput when x is not a floating point array of two dimensions, has no columns or another number of
        them than `dim`, or when rows hold NaN, infinite or enormous values; the message has up to ten row numbers.
    """
    if not isinstance(x, np.ndarray) or x.ndim != 2:
        found = f"has shape {x.shape}" if isinstance(x, np.ndarray) else f"is a {type(x).__name__}"
        raise InvalidInput(f"{name} {found}; it must be an array of shape (n, dim): reshape it")
    if isinstance(x, np.ma.MaskedArray):
        raise InvalidInput(f"{name} is a masked array, and masked values cannot be left out; drop rows or fill them in")
    if not np.issubdtype(x.dtype, np.floating):
        raise InvalidInput(f"{name} has dtype {x.dtype}; it must be floating point: use {name}.astype('float32')")
    if x.shape[1] == 0:
        raise InvalidInput(f"{name} has shape {x.shape}; rows need at least one value")
    if dim is not None and x.shape[1] != dim:
        raise InvalidInput(f"{name} has {x.shape[1]} values per row but {dim} are needed; use the same encoder")
    bad = _unusable_rows(x)
    if bad:
        raise InvalidInput(
            f"{name} holds NaN, infinite or larger than {_MAX_VALUE:g} values in rows {bad}"
            f"{' and maybe more' if len(bad) == 10 else ''}; remove these rows"
        )


def check_spread(x: Matrix, name: str) -> None:
    """Refuse rows that differ, but by so little that float32 takes them for duplicates; rows may well be equal.

    Reads no further than it takes to see that they differ enough.

    Raises: InvalidInput when all values lie too near together, around 0 or around a large common offset.
    """
    low, high = np.full(x.shape[1], np.inf), np.full(x.shape[1], -np.inf)
    least_share = 0 if x.dtype.itemsize <= 4 else _LEAST_SHARE
    spread = 0.0
    for start in range(0, len(x), _CHECK_ROWS):
        tile = np.asarray(x[start : start + _CHECK_ROWS], dtype=np.float64)
        low, high = np.minimum(low, tile.min(axis=0)), np.maximum(high, tile.max(axis=0))
        spread, largest = float((high - low).max()), float(np.maximum(-low, high).max())
        if spread >= max(_LEAST_SPREAD, least_share * largest):
            return
    if spread > 0:
        remedy = "multiply it by a power of two" if spread < _LEAST_SPREAD else "subtract its mean first"
        raise InvalidInput(
            f"the rows of {name} differ by at most {spread:.3g} in values of up to {largest:.3g}, which float32 cannot "
            f"tell apart; {remedy}"
        )


def _unusable_rows(x: Matrix) -> list[int]:
    """Up to ten row numbers with a value that is not finite or beyond the limit."""
    bad: list[int] = []
    for start in range(0, len(x), _CHECK_ROWS):
        tile = x[start : start + _CHECK_ROWS]
        # NaN travels through max and min and fails the comparison.
        if float(tile.max()) <= _MAX_VALUE and float(tile.min()) >= -_MAX_VALUE:
            continue
        rows = np.flatnonzero(~(np.abs(tile.astype(np.float64)) <= _MAX_VALUE).all(axis=1))
        bad.extend((rows + start).tolist())
        if len(bad) >= 10:
            break
    return bad[:10]
