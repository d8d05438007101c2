"""Strategy and Pool: what every query strategy measures and picks, and from what.

The strategies are in the modules beside this one, one per family; `registry.py` lists them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import Floats, Integers

Utilities = NDArray[np.float64]


def _none() -> Integers:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Pool:
    """The n samples that a strategy chooses from, with all that it may look at."""

    free: Integers
    """(m,) row numbers that are not labelled yet, ascending."""
    n_classes: int
    seed: int
    """Of ties, random picks and clusterings."""
    embeddings: Floats | None = None
    """(n, dim) unit rows."""
    labelled: Integers = field(default_factory=_none)
    """Row numbers that are labelled, ascending; none at the start, and never those of the hold-out."""
    labels: Integers = field(default_factory=_none)
    """Their class numbers."""
    probabilities: Floats | None = None
    """(n, n_classes) of the present classifier; None before there is one."""
    sampled_probabilities: Floats | None = None
    """(n_draws, n, n_classes) of several classifiers, or of one with weights drawn several times."""

    def generator(self) -> np.random.Generator:
        """A new generator, always at the start of the same random numbers."""
        return np.random.default_rng(self.seed)

    def rows(self) -> Floats:
        """(n, dim) embeddings. Raises: InvalidInput where the pool has none."""
        return _given(self.embeddings, "embeddings are", "give the (n, dim) unit rows of the pool")

    def free_probabilities(self) -> Floats:
        """(m, n_classes) class probabilities of the free rows. Raises: InvalidInput where the pool has none."""
        return _given(self.probabilities, "class probabilities are", "train a classifier first")[self.free]

    def free_draws(self) -> Floats:
        """(n_draws, m, n_classes) class probabilities of the free rows. Raises: InvalidInput where there are none."""
        remedy = "give those of several classifiers, (n_draws, n, n_classes)"
        return _given(self.sampled_probabilities, "sampled_probabilities are", remedy)[:, self.free]


@dataclass(frozen=True)
class Strategy:
    """A query strategy: what it measures, how it picks by that, and what it promises."""

    name: str
    meaning: str
    """Which samples it asks about, as the corpus' schema says it."""
    measure: Callable[[Pool], Utilities | None]
    """The (m,) utilities of the free rows, the highest asked first; None where it picks without."""
    pick: Callable[[Pool, Utilities | None, int], Integers]
    """(pool, utilities, n) to n different free row numbers of the pool, what is to be asked first in front."""
    needs_probabilities: bool = True
    """Whether it cannot choose before there is a classifier."""
    is_order_free: bool = False
    """Whether it chooses the same samples in whatever order they are, as long as no two utilities are equal."""


def _given(values: Floats | None, what: str, remedy: str) -> Floats:
    if values is None:
        raise InvalidInput(f"{what} None, and this strategy measures or picks by them; {remedy}")
    return values
