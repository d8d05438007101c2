"""Learning curves of query and control batches, and how many times fewer labels the query batches needed.

Both are judged on the same hold-out, so that the ratio has an interval by a paired bootstrap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.gate import binomial_interval
from data_engine.labeling.inputs import Integers
from data_engine.labeling.models.hold_out_figures import ACCURACY, OF_LABELS, Figure

N_POINTS = 8
"""Most points of a curve; of more rounds those that are evenly spaced."""
_N_DRAWS, _SEED, _LEVEL = 2000, 0, 0.9


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """What a number of labels teaches: (k,) numbers of labels, ascending, and (k, n_hold_out) whether it is right."""

    n_labels: Integers
    is_right: NDArray[np.bool_]

    def figures(self, trained_on: str) -> tuple[Figure, ...]:
        """The accuracy at every number of labels."""
        found = []
        for n_labels, right in zip(self.n_labels.tolist(), self.is_right, strict=True):
            low, high = binomial_interval(int(right.sum()), len(right), _LEVEL)
            share = float(right.mean())
            found.append(Figure(trained_on, OF_LABELS, str(n_labels), ACCURACY, share, low, high, len(right)))
        return tuple(found)


@dataclass(frozen=True)
class Boost:
    """Labels that control batches need / labels that query batches need for the same accuracy, with its interval.

    Above 1 the query strategy pays; where the interval holds 1, no gain was seen.
    """

    ratio: float
    low: float
    high: float


def learning_curve(
    round_of: Sequence[str], truth: Integers, predict: Callable[[NDArray[np.bool_]], Integers]
) -> LearningCurve:
    """What the labels of the first rounds teach, of the first two, and so on.

    Args:
        round_of: (m,) the round in which each training sample was asked; rounds come in the order of their names.
        truth: (n,) class numbers of the hold-out.
        predict: (m,) bool, the samples to train on, to (n,) predicted class numbers of the hold-out.
    """
    rounds = np.array(round_of)
    names = np.unique(rounds)
    ends = np.unique(np.linspace(0, len(names) - 1, min(N_POINTS, len(names))).round().astype(int))
    masks = [rounds <= names[end] for end in ends]
    return LearningCurve(
        np.array([int(mask.sum()) for mask in masks], dtype=np.int64),
        np.stack([predict(mask) == truth for mask in masks]) if masks else np.empty((0, len(truth)), dtype=bool),
    )


def boost(query: LearningCurve, control: LearningCurve) -> Boost | None:
    """How many times fewer labels the query batches needed for an accuracy that both reach.

    The accuracy is the lower one of what all labels of either teach; between two rounds a curve is a straight line.

    Returns: None below two rounds, and where the first batch of both teaches as much already: how large these are would
        be all that differs.

    Source: the paired bootstrap over the hold-out, Efron and Tibshirani 1993.
    """
    if min(len(query.n_labels), len(control.n_labels)) < 2:
        return None
    of_query, of_control = query.is_right.mean(axis=1), control.is_right.mean(axis=1)
    if min(of_query[0], of_control[0]) >= min(of_query[-1], of_control[-1]):
        return None
    n = query.is_right.shape[1]
    counts = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1 / n), size=_N_DRAWS) / n
    every = np.concatenate([np.full((1, n), 1 / n), counts])
    ratios = [
        _ratio(query.n_labels, drawn_query, control.n_labels, drawn_control)
        for drawn_query, drawn_control in zip(every @ query.is_right.T, every @ control.is_right.T, strict=True)
    ]
    low, high = np.quantile(ratios[1:], [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Boost(ratios[0], float(low), float(high))


def _ratio(
    n_query: Integers, of_query: NDArray[np.float64], n_control: Integers, of_control: NDArray[np.float64]
) -> float:
    reached = min(of_query[-1], of_control[-1])
    return _needed(n_control, of_control, reached) / _needed(n_query, of_query, reached)


def _needed(n_labels: Integers, accuracy: NDArray[np.float64], reached: float) -> float:
    """The least number of labels, one or more, at which a curve from (0, 0) is as high."""
    first = int(np.argmax(accuracy >= reached))
    before, low = (0, 0.0) if first == 0 else (int(n_labels[first - 1]), float(accuracy[first - 1]))
    rise = float(accuracy[first]) - low
    part = 1.0 if rise <= 0 else (reached - low) / rise
    return max(1.0, before + part * (int(n_labels[first]) - before))
