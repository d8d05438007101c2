"""Picking by distances: the sample farthest from all that is chosen, in the embeddings or in the gradients.

Strategies that cluster are in `diversity.py`.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Floats, Integers
from data_engine.labeling.strategies.strategy import Pool, Strategy, Utilities

_VALUES_PER_TILE = 8_000_000


def farthest_first(x: Floats, chosen: Integers, n_wanted: int, first: int) -> Integers:
    """The row farthest from everything chosen, again and again.

    Args:
        x: (n, dim) floats.
        chosen: row numbers that are chosen already.
        n_wanted: rows to choose, at most n - len(chosen).
        first: the row to begin with where nothing is chosen.

    Returns: (n_wanted,) row numbers in the order of choice.
    Source: Sener and Savarese 2018, "Active Learning for Convolutional Neural Networks: A Core-Set Approach".
    """
    values = np.asarray(x, dtype=np.float32)
    norms = np.einsum("ij,ij->i", values, values)
    near = _least_distances(values, norms, chosen)
    picked: list[int] = []
    for _ in range(n_wanted):
        row = first if np.isinf(near).all() else int(near.argmax())
        picked.append(row)
        near = np.minimum(near, np.maximum(norms + norms[row] - 2 * (values @ values[row]), 0))
        near[picked] = -1
    return np.array(picked, dtype=np.int64)


def _least_distances(x: NDArray[np.float32], norms: NDArray[np.float32], chosen: Integers) -> NDArray[np.float32]:
    """(n,) squared distances to the nearest chosen row, -1 of the chosen themselves, infinite where there is none."""
    near = np.full(len(x), np.inf, dtype=np.float32)
    step = max(1, _VALUES_PER_TILE // max(1, len(x)))
    for start in range(0, len(chosen), step):
        rows = chosen[start : start + step]
        found = (norms[rows] - 2 * (x @ x[rows].T)).min(axis=1) + norms
        near = np.minimum(near, np.maximum(found, 0))
    near[chosen] = -1
    return near


def _pick_farthest(pool: Pool, _utilities: Utilities | None, n_wanted: int) -> Integers:
    first = int(pool.generator().choice(pool.free))
    return farthest_first(pool.rows(), pool.labelled, n_wanted, first)


def gradient_norms(probabilities: Floats, embeddings: Floats) -> Utilities:
    """Length of the gradient of the softmax layer were the most probable class true; (n,)."""
    off = _residuals(probabilities)
    return np.asarray(np.linalg.norm(off, axis=1) * np.linalg.norm(embeddings, axis=1), dtype=np.float64)


def _residuals(probabilities: Floats) -> NDArray[np.float32]:
    off = np.array(probabilities, dtype=np.float32)
    off[np.arange(len(off)), off.argmax(axis=1)] -= 1
    return off


def _gradients_measure(pool: Pool) -> Utilities:
    return gradient_norms(pool.free_probabilities(), pool.rows()[pool.free])


def _pick_gradients(pool: Pool, _utilities: Utilities | None, n_wanted: int) -> Integers:
    """k-means++ over the gradients: each next one with a chance in proportion to its squared distance to the chosen.

    A gradient is the outer product of the residual of the probabilities and the embedding, so products of gradients are
    products of the two, and none is ever built.
    """
    x, off = np.asarray(pool.rows()[pool.free], dtype=np.float32), _residuals(pool.free_probabilities())
    norms = np.einsum("ij,ij->i", x, x).astype(np.float64) * np.einsum("ij,ij->i", off, off)
    generator, near = pool.generator(), norms.copy()
    picked: list[int] = []
    is_left = np.ones(len(x), dtype=bool)
    for _ in range(n_wanted):
        chance = np.where(is_left, near, 0.0)
        if picked and chance.sum() > 0:
            row = int(np.searchsorted(np.cumsum(chance), generator.random() * chance.sum(), side="right"))
            row = min(row, len(x) - 1)
        else:
            row = int(np.flatnonzero(is_left)[np.argmax(norms[is_left])])
        if not is_left[row]:
            row = int(np.flatnonzero(is_left)[np.argmax(near[is_left])])
        picked.append(row)
        is_left[row] = False
        products = (x @ x[row]).astype(np.float64) * (off @ off[row])
        distances = np.maximum(norms + norms[row] - 2 * products, 0)
        near = distances if len(picked) == 1 else np.minimum(near, distances)
    return pool.free[picked]


CORESET = Strategy(
    "coreset",
    "the sample farthest from all labelled ones",
    lambda _pool: None,
    _pick_farthest,
    needs_probabilities=False,
)
#: Ash et al. 2020, "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds".
BADGE = Strategy(
    "badge", "samples whose gradients would be long and unlike each other", _gradients_measure, _pick_gradients
)
