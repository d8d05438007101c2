"""Asking about samples that arrive one by one: a threshold that a budget holds.

The threshold falls while too little is asked and rises with every question, so that no number has to be guessed.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import Integers
from data_engine.labeling.strategies.strategy import Pool, Strategy, Utilities
from data_engine.labeling.strategies.uncertainty import least_confidence, top_rows

_STEP = 0.01
_QUESTIONS_IN_MEMORY = 10


@dataclass(frozen=True)
class StreamThreshold:
    """Whether to ask about the next sample; frozen, `after` gives the one to go on with.

    Source: Zliobaite et al. 2014, "Active Learning With Drifting Streaming Data" (variable uncertainty).
    """

    budget: float
    """Share of the samples to ask about, in (0, 1]."""
    confidence: float = 1.0
    """A sample whose most probable class is less probable than this is asked about."""
    spent: float = 0.0
    """Questions so far, each counting less with every sample after it; about 10 when the budget is used up."""

    def __post_init__(self) -> None:
        if not 0 < self.budget <= 1:
            raise InvalidInput(
                f"budget is {self.budget}; give the share of samples to ask about, above 0 and at most 1"
            )

    def asks(self, utility: float) -> bool:
        """Whether a sample of this `least_confidence` (1 - the highest probability) is asked about."""
        return self.spent + 1 <= _QUESTIONS_IN_MEMORY and 1 - utility < self.confidence

    def after(self, utility: float) -> Self:
        """The threshold after this sample."""
        spent = self.spent * (1 - self.budget / _QUESTIONS_IN_MEMORY)
        if self.spent + 1 > _QUESTIONS_IN_MEMORY:
            return replace(self, spent=spent)
        if self.asks(utility):
            return replace(self, confidence=self.confidence * (1 - _STEP), spent=spent + 1)
        return replace(self, confidence=min(self.confidence * (1 + _STEP), 1.0), spent=spent)


def asked(utilities: Utilities, threshold: StreamThreshold) -> tuple[np.ndarray, StreamThreshold]:
    """Which samples of a stream are asked about.

    Args:
        utilities: (n,) least_confidence of the samples in the order in which they arrive.
        threshold: as the samples before left it.

    Returns: (n,) bool, and the threshold to go on with.
    """
    is_asked = np.zeros(len(utilities), dtype=bool)
    for row, value in enumerate(utilities.tolist()):
        is_asked[row] = threshold.asks(value)
        threshold = threshold.after(value)
    return is_asked, threshold


def _measure(pool: Pool) -> Utilities:
    return least_confidence(pool.free_probabilities())


def _pick(pool: Pool, utilities: Utilities | None, n_wanted: int) -> Integers:
    """The pool in random order as a stream with the batch for a budget, filled up with the most uncertain others."""
    measured = _measure(pool) if utilities is None else utilities
    order = pool.generator().permutation(len(measured))
    is_asked, _ = asked(measured[order], StreamThreshold(n_wanted / len(measured)))
    first, rest = order[is_asked][:n_wanted], order[~is_asked]
    more = rest[top_rows(measured[rest], n_wanted - len(first), pool.generator())]
    return np.asarray(pool.free[np.concatenate([first, more])])


STREAM = Strategy(
    "stream",
    "what is less sure than a threshold that the size of the batch holds, one sample after the other",
    _measure,
    _pick,
)
