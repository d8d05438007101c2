"""Strategy and Pool: what every query strategy measures and picks, and from what.

The strategies are in the modules beside this one, one per family; `registry.py` lists them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import Draw, Floats, Integers

N_DRAWS = 20
"""Classifiers drawn by dropout where the caller gives none."""
DROPOUT = 0.2
"""Share of the embedding's columns that a draw leaves out."""
_VALUES_PER_BLOCK = 4_000_000

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
    draw: Draw | None = None
    """Draws classifiers of the present one where it can; see `choose`."""
    layer: tuple[Floats, Floats] | None = None
    """(n_classes, dim) weights and (n_classes,) biases of a softmax layer trained on the labelled rows."""

    def generator(self) -> np.random.Generator:
        """A new generator, always at the start of the same random numbers."""
        return np.random.default_rng(self.seed)

    def rows(self) -> Floats:
        """(n, dim) embeddings. Raises: InvalidInput where the pool has none."""
        return _given(self.embeddings, "embeddings are", "give the (n, dim) unit rows of the pool")

    def free_probabilities(self) -> Floats:
        """(m, n_classes) class probabilities of the free rows. Raises: InvalidInput where the pool has none."""
        return _given(self.probabilities, "class probabilities are", "train a classifier first")[self.free]

    def draws(self) -> Iterator[Floats]:
        """Class probabilities of the free rows by several classifiers, (n_draws, rows, n_classes) of a block at a time.

        Without `sampled_probabilities` they are 20 of `draw`; without that those of `layer`, 20 times with another
        fifth of the embedding's columns left out (Monte Carlo dropout; Gal and Ghahramani 2016, "Dropout as a Bayesian
        Approximation"). Without a `layer` there is nothing to draw: one draw, the probabilities themselves.
        """
        step = max(1, _VALUES_PER_BLOCK // (N_DRAWS * max(self.n_classes, 1)))
        for start in range(0, len(self.free), step):
            yield self._draws_of(self.free[start : start + step])

    def _draws_of(self, rows: Integers) -> Floats:
        if self.sampled_probabilities is not None:
            return self.sampled_probabilities[:, rows]
        if self.draw is not None:
            return self.draw(self.rows()[rows], N_DRAWS, self.seed)
        if self.layer is None:
            return _given(self.probabilities, "class probabilities are", "train a classifier first")[None, rows]
        (weights, biases), x = self.layer, np.asarray(self.rows()[rows], dtype=np.float32)
        kept = self.generator().random((N_DRAWS, x.shape[1])) >= DROPOUT
        drawn = weights[None] * (kept / (1 - DROPOUT)).astype(np.float32)[:, None]
        return np.stack([_float32_softmax(x @ each.T + biases) for each in drawn])


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
    """Whether it cannot choose before there is a classifier; until then the picks are random."""
    needs_layer: bool = False
    """Whether it measures by draws of classifiers, for which a softmax layer is trained where none are given."""


def _float32_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """`calibration.softmax` in float32 and in place: 20 draws of a large pool are billions of values."""
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def _given(values: Floats | None, what: str, remedy: str) -> Floats:
    if values is None:
        raise InvalidInput(f"{what} None, and this strategy measures or picks by them; {remedy}")
    return values
