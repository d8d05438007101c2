"""A last layer put behind the encoder's own and trained together with a softmax layer on what it gives.

The encoder itself is not touched: what is learnt from are its embeddings, not the samples. Without the layer it is the
model of `labeling/classifier.py`.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Integers
from data_engine.labeling.models.adam import Arrays, descend
from data_engine.labeling.models.graph import INPUT, Graph
from data_engine.labeling.models.micro_model import UNSEEN_LOGIT, Examples, MicroModel
from data_engine.labeling.models.temperature import softmax
from data_engine.labeling.models.voting import LEAST_PROBABILITY, draw_log, draw_votes, votes

_RANK = 32
_START = 10.0
_RATES = (1e-4, 1e-4, 1e-2, 1e-2)
"""Of the four arrays: the last layer moves slowly, or few examples bend it to themselves."""
_N_NEIGHBOURS = 5
_LEAST_LENGTH = 1e-6


@dataclass(frozen=True, eq=False)
class AdaptedModel(MicroModel):
    """Embeddings moved by a matrix of low rank, a softmax layer on them, and the nearest samples that vote there.

    An embedding x becomes (x + x down up) / |x + x down up|: `down` (dim, rank), `up` (rank, dim), which is 0 before
    training. `weights` (dim, n_classes) and `biases` are the softmax layer; `memory` (m, dim) and `memory_classes` (m,)
    are the training samples, moved. All but the classes are float32.
    """

    kind: ClassVar[str] = "adapted"
    array_names: ClassVar[tuple[str, ...]] = ("down", "up", "weights", "biases", "memory", "memory_classes")
    number_names: ClassVar[tuple[str, ...]] = ()

    down: NDArray[np.float32]
    up: NDArray[np.float32]
    weights: NDArray[np.float32]
    biases: NDArray[np.float32]
    memory: NDArray[np.float32]
    memory_classes: Integers
    has_examples: NDArray[np.bool_]
    temperature: float = 1.0
    class_names: tuple[str, ...] = ()

    @property
    def dim(self) -> int:
        """How many columns an embedding has."""
        return int(self.down.shape[0])

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Logarithms of the mean of the layer's probabilities and the shares of the vote, both of the moved rows."""
        moved = _moved(x, self.down, self.up)[0]
        layer = softmax((moved @ self.weights + self.biases).astype(np.float64))
        pooled = (layer + votes(moved, self.memory, self.memory_classes, self.n_classes, _N_NEIGHBOURS)) / 2
        return np.where(self.has_examples, np.log(np.maximum(pooled, LEAST_PROBABILITY)), UNSEEN_LOGIT)

    def draw(self, graph: Graph) -> str:
        """The same as operations."""
        step = graph.add("MatMul", graph.add("MatMul", INPUT, graph.constant(self.down)), graph.constant(self.up))
        summed = graph.add("Add", INPUT, step)
        squares = graph.add("ReduceSum", graph.add("Mul", summed, summed), graph.constant([1], np.int64), keepdims=1)
        length = graph.add("Max", graph.add("Sqrt", squares), graph.constant(_LEAST_LENGTH))
        moved = graph.add("Div", summed, length)
        layer = graph.add("Gemm", moved, graph.constant(self.weights), graph.constant(self.biases))
        shares = draw_votes(graph, self.memory, self.memory_classes, self.n_classes, _N_NEIGHBOURS, moved)
        pooled = graph.add("Add", graph.add("Softmax", layer, axis=1), shares)
        return draw_log(graph, graph.add("Div", pooled, graph.constant(2)), self.has_examples, UNSEEN_LOGIT)


def fit_adapted(examples: Examples, seed: int) -> AdaptedModel:
    """Train the layer behind the encoder and the softmax layer together, see `adam.py`.

    At first no embedding is moved, and the weights of a class are 10 times the mean of its examples. The same seed
    gives the same model.
    """
    generator = np.random.default_rng(seed)
    dim = examples.x.shape[1]
    rank = min(_RANK, dim)
    means = np.zeros((dim, len(examples.seen)), dtype=np.float32)
    np.add.at(means.T, examples.compact, examples.x)
    means /= np.bincount(examples.compact)
    arrays = [
        generator.normal(0, np.sqrt(1 / dim), (dim, rank)).astype(np.float32),
        np.zeros((rank, dim), dtype=np.float32),
        _START * means,
        np.zeros(len(examples.seen), dtype=np.float32),
    ]
    descend(
        arrays,
        lambda rows: _gradients(arrays, examples.x[rows], examples.compact[rows]),
        len(examples.x),
        generator,
        rates=_RATES,
    )
    weights = np.zeros((dim, examples.n_classes), dtype=np.float32)
    biases = np.full(examples.n_classes, UNSEEN_LOGIT, dtype=np.float32)
    weights[:, examples.seen], biases[examples.seen] = arrays[2], arrays[3]
    memory = _moved(examples.x, arrays[0], arrays[1])[0]
    return AdaptedModel(
        arrays[0],
        arrays[1],
        weights,
        biases,
        memory,
        examples.classes,
        examples.has_examples,
        class_names=examples.class_names,
    )


def _moved(
    x: NDArray[np.float32], down: NDArray[np.float32], up: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The moved rows, of length 1, and their lengths before that."""
    summed = x + (x @ down) @ up
    lengths = np.maximum(np.sqrt((summed * summed).sum(axis=1, keepdims=True)), _LEAST_LENGTH)
    return summed / lengths, lengths


def _gradients(arrays: Arrays, x: NDArray[np.float32], y: NDArray[np.int64]) -> Arrays:
    """Of the mean cross-entropy."""
    down, up, weights, biases = arrays
    moved, lengths = _moved(x, down, up)
    residuals = softmax(moved @ weights + biases)
    residuals[np.arange(len(y)), y] -= 1
    outer = (residuals / len(y)).astype(np.float32)
    of_moved = outer @ weights.T
    of_summed = (of_moved - moved * (moved * of_moved).sum(axis=1, keepdims=True)) / lengths
    return [x.T @ (of_summed @ up.T), (x @ down).T @ of_summed, moved.T @ outer, outer.sum(axis=0)]
