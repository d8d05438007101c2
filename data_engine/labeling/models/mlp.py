"""A small network: one hidden layer with dropout, trained by Adam in NumPy.

Without a hidden layer it is the softmax layer of `labeling/classifier.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Draw, Floats
from data_engine.labeling.models.graph import INPUT, Graph
from data_engine.labeling.models.micro_model import UNSEEN_LOGIT, Examples, MicroModel
from data_engine.labeling.models.temperature import softmax

_N_HIDDEN, _DROPOUT = 128, 0.3
_N_STEPS, _ROWS_OF_A_STEP = 600, 128
_RATE, _DECAY = 3e-3, 1e-2
_FIRST_MOMENT, _SECOND_MOMENT, _LEAST = 0.9, 0.999, 1e-8

_Arrays = list[NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Mlp(MicroModel):
    """`hidden` (dim, n_hidden) and `hidden_biases`, then `weights` (n_hidden, n_classes) and `biases`, all float32."""

    kind: ClassVar[str] = "mlp"
    array_names: ClassVar[tuple[str, ...]] = ("hidden", "hidden_biases", "weights", "biases")
    number_names: ClassVar[tuple[str, ...]] = ()

    hidden: NDArray[np.float32]
    hidden_biases: NDArray[np.float32]
    weights: NDArray[np.float32]
    biases: NDArray[np.float32]
    has_examples: NDArray[np.bool_]
    temperature: float = 1.0
    class_names: tuple[str, ...] = ()

    @property
    def dim(self) -> int:
        """How many columns an embedding has."""
        return int(self.hidden.shape[0])

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Without dropout, which is of the training alone."""
        active = np.maximum(x @ self.hidden + self.hidden_biases, 0)
        return np.asarray(active @ self.weights + self.biases, dtype=np.float64)

    @property
    def draws(self) -> Draw:
        """By dropout of the hidden layer."""
        return self._drawn

    def _drawn(self, x: Floats, n_draws: int, seed: int) -> NDArray[np.float32]:
        """(n_draws, n, n_classes) probabilities: as large a part of the hidden layer is left out as while it learnt.

        Source: Gal and Ghahramani 2016, "Dropout as a Bayesian Approximation".
        """
        values = np.asarray(x, dtype=np.float32)
        active = np.maximum(values @ self.hidden + self.hidden_biases, 0)
        kept = np.random.default_rng(seed).random((n_draws, active.shape[1])) >= _DROPOUT
        drawn = (active @ (self.weights * (each / (1 - _DROPOUT))[:, None]) + self.biases for each in kept)
        return np.stack([softmax(logits / self.temperature).astype(np.float32) for logits in drawn])

    def draw(self, graph: Graph) -> str:
        """The same as operations."""
        summed = graph.add("Gemm", INPUT, graph.constant(self.hidden), graph.constant(self.hidden_biases))
        active = graph.add("Relu", summed)
        return str(graph.add("Gemm", active, graph.constant(self.weights), graph.constant(self.biases)))


def fit_mlp(examples: Examples, seed: int) -> Mlp:
    """Train by Adam with decoupled weight decay on random rows; the same seed gives the same network.

    One BLAS thread: the matrices are small, and sums in another order would be another network.

    Source: Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization"; Srivastava et al. 2014, "Dropout".
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    generator = np.random.default_rng(seed)
    n_seen, dim = len(examples.seen), examples.x.shape[1]
    arrays = [
        generator.normal(0, np.sqrt(2 / dim), (dim, _N_HIDDEN)).astype(np.float32),
        np.zeros(_N_HIDDEN, dtype=np.float32),
        generator.normal(0, np.sqrt(1 / _N_HIDDEN), (_N_HIDDEN, n_seen)).astype(np.float32),
        np.zeros(n_seen, dtype=np.float32),
    ]
    moments = [(np.zeros_like(array), np.zeros_like(array)) for array in arrays]
    with threadpool_limits(1):
        for step, rows in enumerate(_draws(len(examples.x), generator), start=1):
            gradients = _gradients(arrays, examples.x[rows], examples.compact[rows], generator)
            # The rate falls to 0 along half a cosine.
            _move(arrays, gradients, moments, step, _RATE * (1 + np.cos(np.pi * step / (_N_STEPS + 1))) / 2)
    weights = np.zeros((_N_HIDDEN, examples.n_classes), dtype=np.float32)
    biases = np.full(examples.n_classes, UNSEEN_LOGIT, dtype=np.float32)
    weights[:, examples.seen], biases[examples.seen] = arrays[2], arrays[3]
    return Mlp(arrays[0], arrays[1], weights, biases, examples.has_examples, class_names=examples.class_names)


def _draws(n: int, generator: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The rows of every step: all in a random order, then in another."""
    size, left = min(n, _ROWS_OF_A_STEP), np.empty(0, dtype=np.int64)
    for _ in range(_N_STEPS):
        if len(left) < size:
            left = generator.permutation(n)
        yield left[:size]
        left = left[size:]


def _gradients(
    arrays: _Arrays, x: NDArray[np.float32], y: NDArray[np.int64], generator: np.random.Generator
) -> _Arrays:
    """Of the mean cross-entropy, with a random part of the hidden layer left out."""
    hidden, hidden_biases, weights, biases = arrays
    summed = x @ hidden + hidden_biases
    kept = ((generator.random(summed.shape) >= _DROPOUT) / (1 - _DROPOUT)).astype(np.float32)
    active = np.maximum(summed, 0) * kept
    residuals = softmax(active @ weights + biases)
    residuals[np.arange(len(y)), y] -= 1
    outer = (residuals / len(y)).astype(np.float32)
    inner = (outer @ weights.T) * kept * (summed > 0)
    return [x.T @ inner, inner.sum(axis=0), active.T @ outer, outer.sum(axis=0)]


def _move(
    arrays: _Arrays,
    gradients: _Arrays,
    moments: list[tuple[NDArray[np.float32], NDArray[np.float32]]],
    step: int,
    rate: float,
) -> None:
    """One step of Adam, in place; weights decay, biases do not."""
    for array, gradient, (first, second) in zip(arrays, gradients, moments, strict=True):
        np.add(first, (1 - _FIRST_MOMENT) * (gradient - first), out=first)
        np.add(second, (1 - _SECOND_MOMENT) * (gradient**2 - second), out=second)
        slope = first / (1 - _FIRST_MOMENT**step)
        spread = np.sqrt(second / (1 - _SECOND_MOMENT**step)) + _LEAST
        decay = _DECAY * array if array.ndim == 2 else 0
        np.subtract(array, (rate * (slope / spread + decay)).astype(np.float32), out=array)
