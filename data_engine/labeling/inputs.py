"""What every function of this package asks of its arrays; a broken rule is an error that names rows and numbers."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]

Draw = Callable[[Floats, int, int], Floats]
"""(rows, n_draws, seed) to the (n_draws, n, n_classes) probabilities of the rows by as many drawn classifiers."""

EmbeddingsOf = Callable[[Sequence[str]], Floats] | Mapping[str, Floats]
"""Sample ids to their (n, dim) unit rows, or each id to its (dim,) row; a mapping need not know every id."""

_MAX_NAMED = 10


def matrix(values: Any, name: str, *, n_rows: int | None = None, n_columns: int | None = None) -> Floats:
    """The values as a finite two-dimensional float array; float32 and memory maps are not copied.

    Raises: InvalidInput naming the shape, or the rows that are not finite.
    """
    array: Floats = np.asanyarray(values)
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.floating):
        raise InvalidInput(
            f"{name} is a {array.dtype} array of shape {array.shape}; give a float array of shape (rows, columns)"
        )
    for axis, wanted in enumerate((n_rows, n_columns)):
        if wanted is not None and array.shape[axis] != wanted:
            what = ("rows", "columns")[axis]
            raise InvalidInput(f"{name} has {array.shape[axis]} {what} but {wanted} are needed; give matching arrays")
    bad = np.flatnonzero(~np.isfinite(array.sum(axis=1)))
    bad = bad[~np.isfinite(array[bad]).all(axis=1)]
    if len(bad):
        raise InvalidInput(f"{name} has NaN or infinite values in {rows_named(bad)}; remove or repair these rows")
    return array


def class_probabilities(values: Any, *, n_rows: int | None = None, n_classes: int | None = None) -> Floats:
    """The values as class probabilities: finite, within [0, 1], every row summing to 1 (to 1e-3).

    Raises: InvalidInput naming the offending rows.
    """
    array = matrix(values, "probabilities", n_rows=n_rows, n_columns=n_classes)
    if array.shape[1] == 0:
        raise InvalidInput("probabilities has 0 columns; give one column per class")
    outside = np.flatnonzero((array < 0).any(axis=1) | (np.abs(array.sum(axis=1) - 1) > 1e-3))
    if len(outside):
        raise InvalidInput(
            f"probabilities are negative or do not sum to 1 in {rows_named(outside)}; give the output of predict_proba"
        )
    return array


def class_indices(values: Any, name: str, *, n_rows: int | None = None, n_classes: int | None = None) -> Integers:
    """The values as int64 class numbers in 0 .. n_classes - 1.

    Raises: InvalidInput naming the shape, or the rows and values out of range.
    """
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise InvalidInput(f"{name} is a {array.dtype} array of shape {array.shape}; give integers of shape (rows,)")
    if n_rows is not None and len(array) != n_rows:
        raise InvalidInput(f"{name} has {len(array)} rows but {n_rows} are needed; give matching arrays")
    array = array.astype(np.int64)
    top = np.iinfo(np.int64).max if n_classes is None else n_classes
    bad = np.flatnonzero((array < 0) | (array >= top))
    if len(bad):
        limit = "0 and up" if n_classes is None else f"0 .. {n_classes - 1}"
        raise InvalidInput(f"{name} has the value {array[bad[0]]} in {rows_named(bad)}; class numbers are {limit}")
    return array


def find_embeddings(embeddings_of: EmbeddingsOf, sample_ids: Sequence[str]) -> tuple[NDArray[np.bool_], Floats]:
    """Which samples have an embedding, (n,) bool, and the (n_known, dim) rows of those.

    A sample can lose its embedding after it was answered, when a stricter first pass rejects it.

    Raises: InvalidInput when the rows are not finite or their number is wrong.
    """
    if not isinstance(embeddings_of, Mapping):
        rows = (
            matrix(embeddings_of(sample_ids), "embeddings", n_rows=len(sample_ids)) if sample_ids else np.empty((0, 0))
        )
        return np.ones(len(sample_ids), dtype=bool), rows
    known = np.array([sample_id in embeddings_of for sample_id in sample_ids], dtype=bool)
    found = [embeddings_of[sample_id] for sample_id in sample_ids if sample_id in embeddings_of]
    return known, matrix(np.stack(found), "embeddings") if found else np.empty((0, 0))


def rows_named(rows: NDArray[Any]) -> str:
    """`row 3` or `rows 1, 2, 3 and 40 more`."""
    named = ", ".join(str(int(row)) for row in rows[:_MAX_NAMED])
    rest = f" and {len(rows) - _MAX_NAMED} more" if len(rows) > _MAX_NAMED else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {named}{rest}"


def nearest(x: Floats, others: Floats, n_neighbours: int, *, is_same: bool = False) -> tuple[Integers, Floats]:
    """The nearest rows of `others` by inner product (cosine for unit rows), in tiles of bounded memory.

    Args:
        x: (n, dim) floats.
        others: (m, dim) floats, m >= n_neighbours (m > n_neighbours with `is_same`).
        n_neighbours: how many.
        is_same: true when `others` is `x`; a row is then no neighbour of itself.

    Returns: (n, n_neighbours) row numbers, the nearest first and the lower row number first among equals, and their
        inner products.
    """
    from joblib import cpu_count

    rows = np.empty((len(x), n_neighbours), dtype=np.int64)
    products = np.empty((len(x), n_neighbours), dtype=np.float32)
    step = max(1, 8_000_000 // max(1, len(others)))
    transposed = np.ascontiguousarray(np.asarray(others, dtype=np.float32).T)
    n_threads = cpu_count()
    with ThreadPoolExecutor(n_threads) as pool:
        for start in range(0, len(x), step):
            tile = np.asarray(x[start : start + step], dtype=np.float32) @ transposed
            if is_same:
                tile[np.arange(len(tile)), np.arange(start, start + len(tile))] = -np.inf
            ends = np.linspace(0, len(tile), n_threads + 1).astype(int).tolist()
            parts = [tile[a:b] for a, b in itertools.pairwise(ends)]
            found = list(pool.map(_largest, parts, [n_neighbours] * n_threads))
            rows[start : start + step] = np.concatenate([numbers for numbers, _ in found])
            products[start : start + step] = np.concatenate([values for _, values in found])
    return rows, products


def _largest(tile: Floats, n: int) -> tuple[Integers, Floats]:
    """The column numbers and values of the n largest of every row, the largest first."""
    if n == 1:
        first = tile.argmax(axis=1)[:, None]
        return first, np.take_along_axis(tile, first, axis=1)
    top = np.sort(np.argpartition(-tile, n - 1, axis=1)[:, :n], axis=1)
    values = np.take_along_axis(tile, top, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1), np.take_along_axis(values, order, axis=1)
