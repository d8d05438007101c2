"""The gate: the lowest confidence at which the hold-out certifies that proposals can do without a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import Floats, Integers, class_indices, class_probabilities


@dataclass(frozen=True)
class Gate:
    """What is accepted without a person, and what was promised about it.

    `threshold` is the least probability of the most probable class; None accepts nothing, and `lower_bound` is then
    None and `n_checked` 0. `lower_bound` is the Clopper-Pearson lower bound, at `confidence`, of the precision of the
    `n_checked` hold-out samples at or above the threshold. `of_class` are the gates of classes, by number,
    that have one of their own; the rest of the gate is then for all other classes.
    """

    threshold: float | None
    lower_bound: float | None
    n_checked: int
    target_precision: float
    confidence: float
    of_class: Mapping[int, "Gate"] = field(default_factory=dict)

    def accepts(self, probabilities: Floats) -> NDArray[np.bool_]:
        """Which rows need no person: (n, n_classes) calibrated probabilities to (n,) bool."""
        array = class_probabilities(probabilities)
        scores, top = array.max(axis=1).astype(np.float64), array.argmax(axis=1)
        accepted = self.accepts_scores(scores)
        for number, own in self.of_class.items():
            accepted[top == number] = own.accepts_scores(scores[top == number])
        return accepted

    def for_class(self, number: int) -> "Gate":
        """The gate of what is proposed to be this class."""
        return self.of_class.get(number, self)

    def accepts_scores(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """The same for (n,) scores of the decider that the gate was certified for."""
        if self.threshold is None:
            return np.zeros(len(scores), dtype=bool)
        return np.asarray(scores >= self.threshold)


def certify(probabilities: Floats, labels: Integers, *, target_precision: float, confidence: float = 0.9) -> Gate:
    """Find the lowest threshold that keeps the promise on a random hold-out.

    Walks down the hold-out in the order of confidence and keeps the lowest threshold at which the part at or above
    it has a Clopper-Pearson lower bound of at least the target. Samples of equal confidence are accepted together
    or not at all. A promise of 0.95 at confidence 0.9 needs 45 faultless checks, 0.99 needs 230.

    Many thresholds are looked at and one bound is used, so the promise leans on confidence that ranks right before
    wrong. Where it does, simulated runs break it as seldom as promised; where confidence says nothing and the true
    precision lies just below the target, up to a third of the runs do. Wrong labels in the hold-out count against the
    gate: with 5 % of them, 0.95 cannot be certified.

    Args:
        probabilities: (n, n_classes) calibrated probabilities of the hold-out.
        labels: (n,) true class numbers.
        target_precision: share of the accepted samples that must be right, in (0, 1).
        confidence: one-sided confidence of the lower bound, in (0, 1).

    Returns: the gate; with threshold None when no part of the hold-out supports the promise.
    Raises: InvalidInput for shares outside (0, 1), wrong shapes, or labels outside the columns.
    """
    _check_share("target_precision", target_precision)
    _check_share("confidence", confidence)
    probabilities = class_probabilities(probabilities)
    labels = class_indices(labels, "labels", n_rows=len(probabilities), n_classes=probabilities.shape[1])
    confidences = probabilities.max(axis=1).astype(np.float64)
    is_right = probabilities.argmax(axis=1) == labels
    return certify_scores(confidences, is_right, target_precision=target_precision, confidence=confidence)


def certify_scores(
    scores: NDArray[np.float64], is_right: NDArray[np.bool_], *, target_precision: float, confidence: float = 0.9
) -> Gate:
    """The same for any decider: from the score of each of its answers on the hold-out, and whether it is right.

    Args:
        scores: (n,) floats; higher is surer.
        is_right: (n,) bool, by `answers.kind.AnswerKind.is_right`.
        target_precision: share of the accepted answers that must be right, in (0, 1).
        confidence: one-sided confidence of the lower bound, in (0, 1).

    Raises: InvalidInput for shares outside (0, 1).
    """
    _check_share("target_precision", target_precision)
    _check_share("confidence", confidence)
    order = np.argsort(-scores, kind="stable")
    n_right = np.cumsum(is_right[order], dtype=np.int64)
    n_accepted = np.arange(1, len(scores) + 1)
    bounds = lower_bound(n_right, n_accepted, confidence)
    ordered = scores[order]
    ends_a_tie = np.append(ordered[1:] < ordered[:-1], True)[: len(ordered)]
    valid = np.flatnonzero(ends_a_tie & (bounds >= target_precision))
    if len(valid) == 0:
        return Gate(None, None, 0, target_precision, confidence)
    last = valid[-1]
    return Gate(float(ordered[last]), float(bounds[last]), int(last) + 1, target_precision, confidence)


def lower_bound(successes: Integers, n: Integers, confidence: float) -> NDArray[np.float64]:
    """One-sided Clopper-Pearson lower bound of a share, elementwise; 0 where there is no success.

    Source: Clopper and Pearson 1934.
    """
    from scipy.special import betaincinv

    successes, n = np.asarray(successes), np.asarray(n)
    some = successes > 0
    bound = betaincinv(np.where(some, successes, 1), n - successes + 1, 1 - confidence)
    return np.where(some, bound, 0.0)


def binomial_interval(successes: int, n: int, confidence: float = 0.9) -> tuple[float, float]:
    """Two-sided Clopper-Pearson interval of a share; (0, 1) when nothing was observed.

    Args:
        successes: how often it happened, 0 .. n.
        n: how often it could have happened.
        confidence: probability that the interval covers the true share, in (0, 1); half of the rest on either side.

    Raises: InvalidInput for counts that contradict each other or a confidence outside (0, 1).
    """
    _check_share("confidence", confidence)
    if not 0 <= successes <= n:
        raise InvalidInput(f"successes is {successes} of n = {n}; it must lie in 0 .. n: check the counts")
    one_sided = (1 + confidence) / 2
    if n == 0:
        return 0.0, 1.0
    low = float(lower_bound(np.asarray(successes), np.asarray(n), one_sided))
    high = 1 - float(lower_bound(np.asarray(n - successes), np.asarray(n), one_sided))
    return low, high


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise InvalidInput(f"{name} is {value}; it must lie strictly between 0 and 1, such as 0.95")
