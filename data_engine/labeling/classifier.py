"""The classifier of a corpus: one softmax layer on the embeddings, calibrated on the hold-out."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.calibration import fit_temperature, softmax
from data_engine.labeling.inputs import Floats, Integers, class_indices, matrix

_L2_WEIGHT = 0.05
_GRADIENT_TOLERANCE = 2e-5
_MAX_ITERATIONS = 200
_UNSEEN_LOGIT = -1e4


@dataclass(frozen=True, eq=False)
class Classifier:
    """A softmax layer; frozen from birth, `calibrate` gives a new one.

    `weights` is (n_classes, dim) float32 and `biases` (n_classes,) float32. A class without training examples has
    `has_examples` False and probability 0, but keeps its column. `temperature` divides the logits; 1 before
    calibration. `class_names` is empty when the caller gave none.
    """

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]
    has_examples: NDArray[np.bool_]
    temperature: float = 1.0
    class_names: tuple[str, ...] = ()

    @property
    def n_classes(self) -> int:
        """How many columns the probabilities have."""
        return len(self.biases)

    @cached_property
    def version(self) -> str:
        """Fingerprint of everything that decides a prediction and its name, 16 hex digits."""
        digest = hashlib.sha256()
        for part in (self.weights, self.biases, self.has_examples, np.float64(self.temperature)):
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
        arrays = {"weights": self.weights, "biases": self.biases, "has_examples": self.has_examples}
        names = np.array(self.class_names, dtype=np.str_)
        np.savez(buffer, allow_pickle=False, temperature=self.temperature, class_names=names, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, artefact: bytes) -> Self:
        """The classifier that `to_bytes` wrote.

        Raises: InvalidInput when the bytes are no such archive.
        """
        try:
            with np.load(io.BytesIO(artefact), allow_pickle=False) as archive:
                parts = {name: archive[name] for name in ("weights", "biases", "has_examples")}
                temperature = float(archive["temperature"])
                names = tuple(str(name) for name in archive["class_names"])
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise InvalidInput(
                f"the artefact of {len(artefact)} bytes is no classifier ({error}); give bytes written by to_bytes"
            ) from error
        return cls(**parts, temperature=temperature, class_names=names)

    def _logits(self, x: Floats) -> NDArray[np.float64]:
        x = matrix(x, "embeddings", n_columns=self.weights.shape[1])
        logits = np.asarray(x, dtype=np.float32) @ self.weights.T + self.biases
        return logits.astype(np.float64)


def fit_classifier(
    embeddings: Floats, labels: Integers, *, seed: int, n_classes: int, class_names: Sequence[str] = ()
) -> Classifier:
    """Train a softmax layer with a ridge penalty to its only optimum.

    Args:
        embeddings: (n, dim) unit rows.
        labels: (n,) class numbers; classes may be missing.
        seed: of the solver's start. The problem is convex, so seeds differ in the last digits only.
        n_classes: columns of the probabilities.
        class_names: names of the columns, kept with the classifier; none when empty.

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
    return Classifier(weights, biases, has_examples, class_names=tuple(class_names))


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
