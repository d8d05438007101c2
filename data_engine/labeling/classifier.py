"""The classifier of a corpus: one softmax layer on the embeddings, calibrated on the hold-out.

It may also remember its training samples and let the nearest of them vote: a layer is most sure far away from what it
has seen, the neighbours are not, so the two together rank right before wrong much better than the layer alone.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.calibration import fit_temperature, softmax
from data_engine.labeling.inputs import Floats, Integers, class_indices, matrix, nearest

_L2_WEIGHT = 0.05
_GRADIENT_TOLERANCE = 2e-5
_MAX_ITERATIONS = 200
_UNSEEN_LOGIT = -1e4
_VOTE_SHARPNESS = 10.0
_LEAST_PROBABILITY = 1e-6


@dataclass(frozen=True, eq=False)
class Classifier:
    """A softmax layer; frozen from birth, `calibrate` gives a new one.

    `weights` is (n_classes, dim) float32 and `biases` (n_classes,) float32. A class without training examples has
    `has_examples` False and probability 0, but keeps its column. `temperature` divides the logits; 1 before
    calibration. `class_names` is empty when the caller gave none. `memory` (m, dim) float32 and `memory_classes` (m,)
    are the training samples, of which the `n_neighbours` nearest vote; all empty for a softmax layer alone.
    """

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]
    has_examples: NDArray[np.bool_]
    temperature: float = 1.0
    class_names: tuple[str, ...] = ()
    memory: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), dtype=np.float32))
    memory_classes: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    n_neighbours: int = 0

    @property
    def n_classes(self) -> int:
        """How many columns the probabilities have."""
        return len(self.biases)

    @cached_property
    def version(self) -> str:
        """Fingerprint of everything that decides a prediction and its name, 16 hex digits."""
        digest = hashlib.sha256()
        numbers = np.array([self.temperature, self.n_neighbours], dtype=np.float64)
        for part in (self.weights, self.biases, self.has_examples, numbers, self.memory, self.memory_classes):
            digest.update(np.ascontiguousarray(part).tobytes())
        digest.update("\x00".join(self.class_names).encode())
        return digest.hexdigest()[:16]

    def predict_proba(self, x: Floats) -> NDArray[np.float32]:
        """Calibrated class probabilities: (n, dim) embeddings to (n, n_classes) float32, rows summing to 1."""
        return softmax(self._logits(x) / self.temperature).astype(np.float32)

    def calibrate(self, x_holdout: Floats, y_holdout: Integers) -> Self:
        """A new classifier whose temperature suits a random hold-out that was never trained on.

        Args:
            x_holdout: (n, dim) embeddings. Actively chosen samples do not do: they make it look unsure by far.
            y_holdout: (n,) true class numbers.

        Raises: NotEnoughData for an empty hold-out, InvalidInput for wrong shapes or class numbers.
        """
        logits = self._logits(x_holdout)
        labels = class_indices(y_holdout, "y_holdout", n_rows=len(logits), n_classes=self.n_classes)
        if self.has_examples.sum() == 1:
            return replace(self, temperature=1.0)
        return replace(self, temperature=fit_temperature(logits, labels, self.has_examples))

    def to_bytes(self) -> bytes:
        """A NumPy archive without pickled objects; equal classifiers give equal bytes."""
        buffer = io.BytesIO()
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        names = np.array(self.class_names, dtype=np.str_)
        np.savez(buffer, allow_pickle=False, **_numbers(self), class_names=names, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, artefact: bytes) -> Self:
        """The classifier that `to_bytes` wrote.

        Raises: InvalidInput when the bytes are no such archive.
        """
        try:
            with np.load(io.BytesIO(artefact), allow_pickle=False) as archive:
                parts = {name: archive[name] for name in _ARRAYS}
                temperature, n_neighbours = float(archive["temperature"]), int(archive["n_neighbours"])
                names = tuple(str(name) for name in archive["class_names"])
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise InvalidInput(
                f"the artefact of {len(artefact)} bytes is no classifier ({error}); give bytes written by to_bytes"
            ) from error
        return cls(**parts, temperature=temperature, n_neighbours=n_neighbours, class_names=names)

    def _logits(self, x: Floats) -> NDArray[np.float64]:
        x = matrix(x, "embeddings", n_columns=self.weights.shape[1])
        logits = (np.asarray(x, dtype=np.float32) @ self.weights.T + self.biases).astype(np.float64)
        if self.n_neighbours == 0:
            return logits
        votes = _votes(x, self.memory, self.memory_classes, self.n_classes, self.n_neighbours)
        pooled = (softmax(logits) + votes) / 2
        return np.where(self.has_examples, np.log(np.maximum(pooled, _LEAST_PROBABILITY)), _UNSEEN_LOGIT)


_ARRAYS = ("weights", "biases", "has_examples", "memory", "memory_classes")


def _numbers(classifier: Classifier) -> dict[str, float]:
    return {"temperature": classifier.temperature, "n_neighbours": classifier.n_neighbours}


def _votes(
    x: Floats, memory: NDArray[np.float32], classes: NDArray[np.int64], n_classes: int, n_neighbours: int
) -> NDArray[np.float64]:
    """(n, n_classes) shares of the vote of the nearest remembered samples, nearer ones weighing more."""
    rows, similarities = nearest(x, memory, min(n_neighbours, len(memory)))
    weights = np.exp(_VOTE_SHARPNESS * (np.asarray(similarities, dtype=np.float64) - 1))
    votes = np.zeros((len(x), n_classes))
    np.add.at(votes, (np.arange(len(x))[:, None], classes[rows]), weights)
    return np.asarray(votes / votes.sum(axis=1, keepdims=True))


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
    x = matrix(embeddings, "embeddings")
    y = class_indices(labels, "labels", n_rows=len(x), n_classes=n_classes)
    if len(y) == 0:
        raise NotEnoughData("there are 0 labelled samples to train on; label at least one")
    if class_names and len(class_names) != n_classes:
        raise InvalidInput(f"class_names has {len(class_names)} names but n_classes is {n_classes}; give one per class")
    seen, compact = np.unique(y, return_inverse=True)
    weights = np.zeros((n_classes, x.shape[1]), dtype=np.float32)
    biases = np.full(n_classes, _UNSEEN_LOGIT, dtype=np.float32)
    weights[seen], biases[seen] = _solve(np.asarray(x, dtype=np.float32), compact, len(seen), seed)
    has_examples = np.zeros(n_classes, dtype=bool)
    has_examples[seen] = True
    trained = Classifier(weights, biases, has_examples, class_names=tuple(class_names))
    if n_neighbours == 0:
        return trained
    return replace(trained, memory=np.asarray(x, dtype=np.float32), memory_classes=y, n_neighbours=n_neighbours)


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
