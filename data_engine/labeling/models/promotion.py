"""Promotion: whether a new micro-model is better than the one in service, by a paired bootstrap on the hold-out.

What a person promotes by hand is kept by the corpus at work, in `data_engine.runtime.models`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Floats, Integers
from data_engine.labeling.models.micro_model import MicroModel

LEVEL = 0.9
"""Of the intervals: a difference counts when the whole interval lies on one side of 0."""
N_DRAWS = 2000
_SEED = 0


Errors = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Of each sample of the hold-out the squared error of the probabilities, and whether it is right, as 1 and 0."""


@dataclass(frozen=True)
class Comparison:
    """Whether a new classifier takes over, and why; true in a condition when it does."""

    takes_over: bool
    reason: str

    def __bool__(self) -> bool:
        return self.takes_over


def compare(new: MicroModel, in_service: MicroModel | None, x: Floats, y: Integers) -> Comparison:
    """Whether a new model is better than the one in service, both on the same hold-out.

    It is where its probabilities are nearer to the truth, by the mean squared error over the classes (Brier score): the
    90 % interval of the difference lies above 0. Its accuracy may not be lower beyond the interval of that difference.
    The squared error tells two models apart on far fewer samples than the accuracy does.

    Args:
        new: calibrated.
        in_service: the model that proposals come from now; None when there is none.
        x: (n, dim) embeddings of the hold-out, n >= 1.
        y: (n,) their class numbers.

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap"; Brier 1950.
    """
    if in_service is None:
        return Comparison(True, "no classifier is in service yet")
    if in_service.class_names != new.class_names:
        return Comparison(True, "the classes have changed, so the classifier in service answers another question")
    if in_service.version == new.version:
        return Comparison(True, f"version {new.version} was trained again and is the same")
    return compare_errors(_errors(new, x, y), _errors(in_service, x, y), in_service.version)


def compare_errors(new: Errors, in_service: Errors, version: str) -> Comparison:
    """The same from what both models said of the hold-out.

    Args:
        new: (n,) squared errors of its probabilities, and (n,) whether it is right, as 1 and 0.
        in_service: the same of the model in service, on the same hold-out.
        version: of the model in service.
    """
    (error, is_right), (old_error, was_right) = new, in_service
    low, high = interval(old_error - error)
    least, most = interval(is_right - was_right)
    told = (
        f"hold-out accuracy {is_right.mean():.3f} against {was_right.mean():.3f} of version {version} "
        f"(90 % interval of the difference {least:+.3f} to {most:+.3f}), squared error of the probabilities "
        f"{error.mean():.3f} against {old_error.mean():.3f} (lower by {low:+.3f} to {high:+.3f}); paired bootstrap of "
        f"{N_DRAWS:,} draws, n = {len(error)}"
    )
    stays = f"so version {version} stays in service"
    if most < 0:
        return Comparison(False, f"{told}: less accurate, {stays}")
    if low <= 0:
        return Comparison(False, f"{told}: not better beyond the interval, {stays}")
    return Comparison(True, f"{told}: better")


def interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    """The 90 % percentile interval of the mean of (n,) paired differences, from 2,000 draws that are always the same.

    Returns: (low, high); of differences that are all equal, their value twice.
    """
    n = len(differences)
    counts = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1 / n), size=N_DRAWS)
    low, high = np.quantile(counts @ differences / n, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _errors(model: MicroModel, x: Floats, y: Integers) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) squared errors over the classes, and whether the most probable class is right, as 1 and 0."""
    probabilities = model.predict_proba(x).astype(np.float64)
    is_right = (probabilities.argmax(axis=1) == y).astype(np.float64)
    of_truth = probabilities[np.arange(len(y)), y]
    return (probabilities**2).sum(axis=1) - 2 * of_truth + 1, is_right
