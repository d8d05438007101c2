"""Query strategies by name: `STRATEGIES` is the only list of them, `choose` asks one.

What a strategy is, is in `strategy.py`; the strategies are in the modules beside it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import Floats, Integers, class_indices, class_probabilities, matrix
from data_engine.labeling.strategies.hybrid import HYBRID
from data_engine.labeling.strategies.random import RANDOM
from data_engine.labeling.strategies.strategy import Pool, Strategy, Utilities
from data_engine.labeling.strategies.uncertainty import ENTROPY, LEAST_CONFIDENCE, MARGIN

#: Every query strategy, by its name in the corpus' description. To add one: a module with a `Strategy`, and an entry
#: here; the tests of this module then cover it.
STRATEGIES: dict[str, Strategy] = {
    RANDOM.name: RANDOM,
    MARGIN.name: MARGIN,
    ENTROPY.name: ENTROPY,
    LEAST_CONFIDENCE.name: LEAST_CONFIDENCE,
    HYBRID.name: HYBRID,
}


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
    sampled_probabilities: Floats | None = None,
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
        sampled_probabilities: (n_draws, n, n_classes) of several classifiers, for strategies that compare them.

    Returns: (batch_size,) int64 row numbers, distinct, what is to be asked first in front.
    Raises: InvalidInput for an unknown strategy, one that needs probabilities and has none, or a batch_size above
        what is left.
    """
    chosen = find_strategy(strategy)
    pool = _pool(embeddings, labelled, labels, probabilities, sampled_probabilities, class_names, seed)
    if not 0 <= batch_size <= len(pool.free):
        raise InvalidInput(
            f"batch_size is {batch_size} but {len(pool.free)} of {len(pool.rows())} samples are not labelled yet; "
            f"choose between 0 and {len(pool.free)}"
        )
    if chosen.needs_probabilities and pool.probabilities is None:
        starting = " or ".join(name for name, each in STRATEGIES.items() if not each.needs_probabilities)
        raise InvalidInput(
            f"strategy {strategy!r} needs class probabilities and got None; train a classifier first, or start with "
            f"{starting}"
        )
    if batch_size == 0:
        return np.empty(0, dtype=np.int64)
    return chosen.pick(pool, chosen.measure(pool), batch_size)


def utility(
    strategy: str,
    probabilities: Floats,
    *,
    embeddings: Floats | None = None,
    labelled: Any = (),
    labels: Any = (),
) -> Utilities:
    """The utilities that a query strategy ranks by, of every row as if it were not labelled yet.

    Args:
        strategy: name of a strategy.
        probabilities: (n, n_classes) class probabilities.
        embeddings: (n, dim) unit rows, for strategies that measure by them.
        labelled: row numbers that are labelled, for strategies that compare with them.
        labels: their class numbers.

    Returns: (n,) float64; higher is asked first, and 0 everywhere where the strategy picks without measuring. Scales
        differ between strategies.
    Raises: InvalidInput for an unknown strategy, rows that are no probabilities, or a strategy that measures by what is
        not given.
    """
    chosen, array = find_strategy(strategy), class_probabilities(probabilities)
    # Whatever has n rows does, where no strategy asks for embeddings.
    pool = _pool(array if embeddings is None else embeddings, labelled, labels, array, None, None, 0)
    every = replace(pool, free=np.arange(len(array)), embeddings=None if embeddings is None else pool.embeddings)
    measured = chosen.measure(every)
    return np.zeros(len(array)) if measured is None else measured


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
    sampled_probabilities: Floats | None,
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
    if sampled_probabilities is not None:
        draws = [class_probabilities(draw, n_rows=len(x), n_classes=n_classes) for draw in sampled_probabilities]
        sampled_probabilities = np.stack(draws)
    rows, first = np.unique(rows, return_index=True)
    return Pool(
        free=np.flatnonzero(is_free),
        n_classes=n_classes,
        seed=seed,
        embeddings=x,
        labelled=rows,
        labels=known[first],
        probabilities=probabilities,
        sampled_probabilities=sampled_probabilities,
    )
