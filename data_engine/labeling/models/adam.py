"""Training small networks in NumPy: the rows of every step, and the steps of Adam.

What is trained by it is in `mlp.py` and `adapted.py`.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Arrays = list[NDArray[np.float32]]

_N_STEPS, _ROWS_OF_A_STEP = 600, 128
_DECAY = 1e-2
_FIRST_MOMENT, _SECOND_MOMENT, _LEAST = 0.9, 0.999, 1e-8


def descend(
    arrays: Arrays,
    gradients_of: Callable[[NDArray[np.int64]], Arrays],
    n_rows: int,
    generator: np.random.Generator,
    *,
    rates: Sequence[float],
) -> None:
    """Move arrays, in place, by 600 steps of Adam with decoupled weight decay; matrices decay to 0, vectors do not.

    One BLAS thread: the matrices are small, and sums in another order would be another network.

    Args:
        arrays: what is trained.
        gradients_of: row numbers of a step to the gradients, one for each array.
        n_rows: rows to learn from.
        generator: of the order of the rows.
        rates: of the first step, one for each array; they fall to 0 along half a cosine.

    Source: Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization".
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    moments = [(np.zeros_like(array), np.zeros_like(array)) for array in arrays]
    with threadpool_limits(1):
        for step, rows in enumerate(_draws(n_rows, generator), start=1):
            falling = (1 + np.cos(np.pi * step / (_N_STEPS + 1))) / 2
            _move(arrays, gradients_of(rows), moments, step, [rate * falling for rate in rates])


def _draws(n: int, generator: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The rows of every step: all in a random order, then in another."""
    size, left = min(n, _ROWS_OF_A_STEP), np.empty(0, dtype=np.int64)
    for _ in range(_N_STEPS):
        if len(left) < size:
            left = generator.permutation(n)
        yield left[:size]
        left = left[size:]


def _move(
    arrays: Arrays,
    gradients: Arrays,
    moments: list[tuple[NDArray[np.float32], NDArray[np.float32]]],
    step: int,
    rates: Sequence[float],
) -> None:
    for array, gradient, (first, second), rate in zip(arrays, gradients, moments, rates, strict=True):
        np.add(first, (1 - _FIRST_MOMENT) * (gradient - first), out=first)
        np.add(second, (1 - _SECOND_MOMENT) * (gradient**2 - second), out=second)
        slope = first / (1 - _FIRST_MOMENT**step)
        spread = np.sqrt(second / (1 - _SECOND_MOMENT**step)) + _LEAST
        decay = _DECAY * array if array.ndim == 2 else 0
        np.subtract(array, (rate * (slope / spread + decay)).astype(np.float32), out=array)
