"""The classifier of a corpus: one softmax layer on the embeddings, calibrated on the hold-out.

It may also remember its training samples and let the nearest of them vote: a layer is most sure far away from what it
has seen, the neighbours are not, so the two together rank right before wrong much better than the layer alone. Other
micro-models are in `models/`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Floats, Integers
from data_engine.labeling.models.graph import INPUT, Graph
from data_engine.labeling.models.micro_model import UNSEEN_LOGIT, Examples, MicroModel, examples_of
from data_engine.labeling.models.temperature import softmax
from data_engine.labeling.models.voting import LEAST_PROBABILITY, draw_log, draw_votes, votes

_L2_WEIGHT = 0.05
_GRADIENT_TOLERANCE = 2e-5
_MAX_ITERATIONS = 200
_N_NEIGHBOURS = 5


@dataclass(frozen=True, eq=False)
class Classifier(MicroModel):
    """A softmax layer, and the nearest training samples that vote beside it.

    `weights` is (n_classes, dim) float32 and `biases` (n_classes,) float32. `memory` (m, dim) float32 and
    `memory_classes` (m,) are the training samples, of which the `n_neighbours` nearest vote; all empty for a softmax
    layer alone.
    """

    kind: ClassVar[str] = "softmax"
    array_names: ClassVar[tuple[str, ...]] = ("weights", "biases", "memory", "memory_classes")
    number_names: ClassVar[tuple[str, ...]] = ("n_neighbours",)

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]
    has_examples: NDArray[np.bool_]
    temperature: float = 1.0
    class_names: tuple[str, ...] = ()
    memory: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), dtype=np.float32))
    memory_classes: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    n_neighbours: int = 0

    @property
    def dim(self) -> int:
        """How many columns an embedding has."""
        return int(self.weights.shape[1])

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of the layer; where neighbours vote, the logarithms of the mean of its probabilities and their shares."""
        logits = (x @ self.weights.T + self.biases).astype(np.float64)
        if self.n_neighbours == 0:
            return logits
        shares = votes(x, self.memory, self.memory_classes, self.n_classes, self.n_neighbours)
        pooled = (softmax(logits) + shares) / 2
        return np.where(self.has_examples, np.log(np.maximum(pooled, LEAST_PROBABILITY)), UNSEEN_LOGIT)

    def draw(self, graph: Graph) -> str:
        """The same as operations."""
        layer = graph.add("Gemm", INPUT, graph.constant(self.weights), graph.constant(self.biases), transB=1)
        if self.n_neighbours == 0:
            return str(layer)
        shares = draw_votes(graph, self.memory, self.memory_classes, self.n_classes, self.n_neighbours)
        pooled = graph.add("Add", graph.add("Softmax", layer, axis=1), shares)
        halved = graph.add("Div", pooled, graph.constant(2))
        return draw_log(graph, str(halved), self.has_examples, UNSEEN_LOGIT)

    def _parts(self) -> Iterator[bytes]:
        """In the order that versions have been fingerprints of since before there were other models."""
        numbers = np.array([self.temperature, self.n_neighbours], dtype=np.float64)
        for part in (self.weights, self.biases, self.has_examples, numbers, self.memory, self.memory_classes):
            yield np.ascontiguousarray(part).tobytes()


def fit_softmax(examples: Examples, seed: int) -> Classifier:
    """A softmax layer with the vote of the five nearest samples beside it."""
    return _fitted(examples, seed, _N_NEIGHBOURS)


def fit_classifier(
    embeddings: Floats,
    labels: Integers,
    *,
    seed: int,
    n_classes: int,
    class_names: Sequence[str] = (),
    n_neighbours: int = 0,
) -> Classifier:
    """Train a softmax layer with a ridge penalty to its only optimum.

    Args:
        embeddings: (n, dim) unit rows.
        labels: (n,) class numbers; classes may be missing.
        seed: of the solver's start. The problem is convex, so seeds differ in the last digits only.
        n_classes: columns of the probabilities.
        class_names: names of the columns, kept with the classifier; none when empty.
        n_neighbours: nearest training samples that vote beside the layer; 0 for the layer alone.

    Returns: the classifier, not calibrated.
    Raises: NotEnoughData without samples, InvalidInput for wrong shapes, class numbers or count of names.
    """
    examples = examples_of(embeddings, labels, n_classes=n_classes, class_names=class_names)
    return _fitted(examples, seed, n_neighbours)


def _fitted(examples: Examples, seed: int, n_neighbours: int) -> Classifier:
    weights = np.zeros((examples.n_classes, examples.x.shape[1]), dtype=np.float32)
    biases = np.full(examples.n_classes, UNSEEN_LOGIT, dtype=np.float32)
    weights[examples.seen], biases[examples.seen] = _solve(examples.x, examples.compact, len(examples.seen), seed)
    layer = (weights, biases, examples.has_examples)
    if n_neighbours == 0:
        return Classifier(*layer, class_names=examples.class_names)
    return Classifier(
        *layer,
        class_names=examples.class_names,
        memory=examples.x,
        memory_classes=examples.classes,
        n_neighbours=n_neighbours,
    )


def _solve(x: NDArray[np.float32], y: Integers, n_classes: int, seed: int) -> tuple[Any, Any]:
    """Weights (n_classes, dim) and biases (n_classes,) by L-BFGS; the products run in float32, the steps in float64.

    One BLAS thread: the matrices are small, and on a busy machine threads that wait for each other cost tenfold.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    n, dim = x.shape
    if n_classes == 1:
        return np.zeros((1, dim)), np.zeros(1)
    one_hot = np.zeros((n, n_classes), dtype=np.float32)
    one_hot[np.arange(n), y] = 1
    rows = np.arange(n)

    def loss_and_gradient(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        parameters = flat.reshape(n_classes, dim + 1)
        weights = parameters[:, :dim]
        logits = x @ weights.T.astype(np.float32) + parameters[:, dim].astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        log_norm = np.log(np.exp(logits).sum(axis=1, keepdims=True))
        log_likelihood = (logits[rows, y] - log_norm[:, 0]).sum(dtype=np.float64)
        residuals = np.exp(logits - log_norm) - one_hot
        gradient = np.empty_like(parameters)
        gradient[:, :dim] = residuals.T @ x + _L2_WEIGHT * weights
        gradient[:, dim] = residuals.sum(axis=0, dtype=np.float64)
        penalty = 0.5 * _L2_WEIGHT * float((weights**2).sum())
        return (penalty - float(log_likelihood)) / n, gradient.ravel() / n

    start = np.random.default_rng(seed).normal(0, 1e-3, n_classes * (dim + 1))
    options = {"maxiter": _MAX_ITERATIONS, "gtol": _GRADIENT_TOLERANCE, "maxcor": 10}
    with threadpool_limits(1):
        found = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", options=options).x
    parameters = found.reshape(n_classes, dim + 1)
    return parameters[:, :dim], parameters[:, dim]
