"""Columns of profiles: memberships, norms and sums, computed in NumPy and Arrow, never row by row.

Running expectations on a profile is in `expectations.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.quality.expectations import Profile

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Vectors:
    """Measures of the float32 vectors in a binary column, one entry per row."""

    n_values: npt.NDArray[np.int64]
    is_finite: Bools
    norm: Floats
    """L2 norm; NaN where a value is not finite."""
    total: Floats
    """Sum of the values; NaN where a value is not finite."""


def one_row(**values: Any) -> Profile:
    """A profile of one row, for truths about figures; a null is a figure that there is not, and breaks nothing."""
    columns = {name: pa.array([value], pa.float64()) for name, value in values.items()}
    return Profile(pa.table(columns), None)


def membership(ids: pa.ChunkedArray, among: pa.ChunkedArray) -> pa.ChunkedArray:
    """(n,) bool: whether each id is among the others."""
    return pc.is_in(ids, value_set=pc.unique(among))


def occurrences(ids: pa.ChunkedArray, among: pa.ChunkedArray) -> pa.Array:
    """(n,) int64: how often each id occurs among the others."""
    counts = pc.value_counts(among)
    position = pc.index_in(ids, value_set=counts.field("values"))
    return pc.fill_null(pc.take(counts.field("counts"), position), 0)


def vectors(column: pa.ChunkedArray) -> Vectors:
    """Lengths, norms and sums of the float32 vectors in a binary column, without turning them into objects."""
    parts = [_of_chunk(chunk) for chunk in column.chunks]
    if not parts:
        return Vectors(np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0), np.zeros(0))
    return Vectors(*(np.concatenate(series) for series in zip(*parts, strict=True)))


def _of_chunk(chunk: pa.Array) -> Sequence[npt.NDArray[Any]]:
    n_values = np.asarray(pc.binary_length(chunk), dtype=np.int64) // 4
    is_finite, norm, total = np.ones(len(chunk), bool), np.zeros(len(chunk)), np.zeros(len(chunk))
    for length in np.unique(n_values):
        rows = np.flatnonzero(n_values == length)
        same = chunk if len(rows) == len(chunk) else chunk.take(pa.array(rows))
        matrix = _matrix(same, int(length))
        is_finite[rows] = np.isfinite(matrix).all(axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            norm[rows] = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
            total[rows] = matrix.sum(axis=1, dtype=np.float64)
    norm[~is_finite] = total[~is_finite] = np.nan
    return n_values, is_finite, norm, total


def _matrix(chunk: pa.Array, length: int) -> npt.NDArray[np.float32]:
    """(n, length) float32 view of a binary array whose entries all hold `length` values (and up to 3 odd bytes)."""
    if not length:
        return np.zeros((len(chunk), 0), np.float32)
    from data_engine.storage import float_rows

    widths = np.asarray(pc.binary_length(chunk), dtype=np.int64)
    return float_rows(pc.binary_slice(chunk, 0, 4 * length) if (widths != 4 * length).any() else chunk)
