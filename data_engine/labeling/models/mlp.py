"""A small network: one hidden layer with dropout, trained in NumPy.

Without a hidden layer it is the softmax layer of `labeling/classifier.py`.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Draw, Floats
from data_engine.labeling.models.adam import Arrays, descend
from data_engine.labeling.models.graph import INPUT, Graph
from data_engine.labeling.models.micro_model import UNSEEN_LOGIT, Examples, MicroModel
from data_engine.labeling.models.temperature import softmax

_N_HIDDEN, _DROPOUT = 128, 0.3
_RATE = 3e-3


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
    """Train on random rows, see `adam.py`; the same seed gives the same network.

    Source: Srivastava et al. 2014, "Dropout".
    """
    generator = np.random.default_rng(seed)
    n_seen, dim = len(examples.seen), examples.x.shape[1]
    arrays = [
        generator.normal(0, np.sqrt(2 / dim), (dim, _N_HIDDEN)).astype(np.float32),
        np.zeros(_N_HIDDEN, dtype=np.float32),
        generator.normal(0, np.sqrt(1 / _N_HIDDEN), (_N_HIDDEN, n_seen)).astype(np.float32),
        np.zeros(n_seen, dtype=np.float32),
    ]
    descend(
        arrays,
        lambda rows: _gradients(arrays, examples.x[rows], examples.compact[rows], generator),
        len(examples.x),
        generator,
        rates=[_RATE] * len(arrays),
    )
    weights = np.zeros((_N_HIDDEN, examples.n_classes), dtype=np.float32)
    biases = np.full(examples.n_classes, UNSEEN_LOGIT, dtype=np.float32)
    weights[:, examples.seen], biases[examples.seen] = arrays[2], arrays[3]
    return Mlp(arrays[0], arrays[1], weights, biases, examples.has_examples, class_names=examples.class_names)


def _gradients(arrays: Arrays, x: NDArray[np.float32], y: NDArray[np.int64], generator: np.random.Generator) -> Arrays:
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
