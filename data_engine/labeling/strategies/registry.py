"""Query strategies by name: whom to ask about next. Each measures a utility and picks by it; see `STRATEGIES`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import Floats, Integers, class_indices, class_probabilities, matrix
from data_engine.labeling.strategies.diversity import pick_spread, pick_typical
from data_engine.labeling.strategies.uncertainty import entropy, indifferent, least_confidence, margin, top_rows

Utility = Callable[[Floats], NDArray[np.float64]]

_START_LABELS_PER_CLASS = 2


@dataclass(frozen=True)
class Pool:
    """What a strategy may look at. `free` are the row numbers not labelled yet, ascending."""

    embeddings: Floats
    labelled: Integers
    labels: Integers
    free: Integers
    probabilities: Floats | None
    n_classes: int
    seed: int


@dataclass(frozen=True)
class Strategy:
    """A query strategy: what it ranks by, how it picks, and whether it can do without probabilities.

    `pick` gets the pool, the utility of each free row (None without probabilities) and the number of rows wanted;
    it returns row numbers of the whole pool.
    """

    name: str
    utility: Utility
    pick: Callable[[Pool, NDArray[np.float64] | None, int], Integers]
    needs_probabilities: bool = True


def choose(
    strategy: str,
    *,
    batch_size: int,
    seed: int,
    embeddings: Floats,
    labelled: Any,
    labels: Any,
    probabilities: Floats | None = None,
    class_names: Sequence[str] | None = None,
) -> Integers:
    """Choose the samples of a query batch.

    Args:
        strategy: a key of `STRATEGIES`.
        batch_size: rows wanted; 0 gives none.
        seed: of ties, random picks and clusterings.
        embeddings: (n, dim) unit rows of the pool.
        labelled: row numbers that are labelled already; they are never chosen.
        labels: their class numbers.
        probabilities: (n, n_classes) of the present classifier; None before there is one.
        class_names: the classes; without them and without probabilities their number is taken from the labels.

    Returns: (batch_size,) int64 row numbers, distinct, what is to be asked first in front.
    Raises: InvalidInput for an unknown strategy, one that needs probabilities and has none, or a batch_size above
        what is left.
    """
    chosen = find_strategy(strategy)
    pool = _pool(embeddings, labelled, labels, probabilities, class_names, seed)
    if not 0 <= batch_size <= len(pool.free):
        raise InvalidInput(
            f"batch_size is {batch_size} but {len(pool.free)} of {len(pool.embeddings)} samples are not labelled yet; "
            f"choose between 0 and {len(pool.free)}"
        )
    if chosen.needs_probabilities and pool.probabilities is None:
        raise InvalidInput(
            f"strategy {strategy!r} needs class probabilities and got None; train a classifier first, or start with "
            "hybrid or random"
        )
    if batch_size == 0:
        return np.empty(0, dtype=np.int64)
    utilities = None if pool.probabilities is None else chosen.utility(pool.probabilities[pool.free])
    return chosen.pick(pool, utilities, batch_size)


def utility(strategy: str, probabilities: Floats) -> NDArray[np.float64]:
    """What a query strategy ranks by.

    Args:
        strategy: name of a strategy.
        probabilities: (n, n_classes) class probabilities.

    Returns: (n,) float64; higher is asked first. Scales differ between strategies.
    Raises: InvalidInput for an unknown strategy or rows that are no probabilities.
    """
    return find_strategy(strategy).utility(probabilities)


def find_strategy(name: str) -> Strategy:
    """The strategy of this name.

    Raises: InvalidInput listing the names there are.
    """
    if name not in STRATEGIES:
        raise InvalidInput(f"strategy is {name!r}, which does not exist; use one of {', '.join(STRATEGIES)}")
    return STRATEGIES[name]


def _pool(
    embeddings: Floats,
    labelled: Any,
    labels: Any,
    probabilities: Floats | None,
    class_names: Sequence[str] | None,
    seed: int,
) -> Pool:
    x = matrix(embeddings, "embeddings")
    rows = class_indices(np.asarray(labelled, dtype=np.int64), "labelled", n_classes=len(x))
    known = class_indices(np.asarray(labels, dtype=np.int64), "labels", n_rows=len(rows))
    is_free = np.ones(len(x), dtype=bool)
    is_free[rows] = False
    n_classes = len(class_names or ()) or int(known.max(initial=-1)) + 1
    if probabilities is not None:
        probabilities = class_probabilities(probabilities, n_rows=len(x))
        n_classes = probabilities.shape[1]
    return Pool(x, np.unique(rows), known, np.flatnonzero(is_free), probabilities, n_classes, seed)


def _pick_random(pool: Pool, _: NDArray[np.float64] | None, n_wanted: int) -> Integers:
    return np.random.default_rng(pool.seed).choice(pool.free, size=n_wanted, replace=False)


def _pick_top(pool: Pool, utilities: NDArray[np.float64] | None, n_wanted: int) -> Integers:
    if utilities is None:
        raise InvalidInput("utilities are None; this strategy picks by class probabilities, train a classifier first")
    return pool.free[top_rows(utilities, n_wanted, np.random.default_rng(pool.seed))]


def _pick_hybrid(pool: Pool, utilities: NDArray[np.float64] | None, n_wanted: int) -> Integers:
    """Typical samples until there are 2 labels per class on average, then uncertain ones that are kept apart."""
    n_start = max(0, min(n_wanted, _START_LABELS_PER_CLASS * pool.n_classes - len(pool.labelled)))
    if utilities is None:
        n_start = n_wanted
    start = pick_typical(pool.embeddings, pool.labelled, n_start, seed=pool.seed) if n_start else pool.free[:0]
    if utilities is None or n_start == n_wanted:
        return start
    is_left = ~np.isin(pool.free, start)
    left = pool.free[is_left]
    spread = pick_spread(pool.embeddings[left], utilities[is_left], n_wanted - n_start, seed=pool.seed)
    return np.concatenate([start, left[spread]])


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy("random", indifferent, _pick_random, needs_probabilities=False),
        Strategy("margin", margin, _pick_top),
        Strategy("entropy", entropy, _pick_top),
        Strategy("least_confidence", least_confidence, _pick_top),
        Strategy("hybrid", margin, _pick_hybrid, needs_probabilities=False),
    )
}
"""All query strategies. Adding one adds an entry here; every one of them passes the same contract test."""
