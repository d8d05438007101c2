"""Query strategies by name: `STRATEGIES` is the only list of them, `choose` asks one.

What a strategy is, is in `strategy.py`; the strategies are in the modules beside it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from data_engine.errors import InvalidInput
from data_engine.labeling.classifier import fit_classifier
from data_engine.labeling.inputs import Draw, Floats, Integers, class_indices, class_probabilities, matrix
from data_engine.labeling.strategies.bayesian import BALD, MC_DIRICHLET, MC_DROPOUT
from data_engine.labeling.strategies.coverage import BADGE, CORESET
from data_engine.labeling.strategies.diversity import CLUSTER_MARGIN, TYPICALITY
from data_engine.labeling.strategies.hybrid import HYBRID, HYBRID_BALANCED
from data_engine.labeling.strategies.random import RANDOM
from data_engine.labeling.strategies.strategy import Pool, Strategy, Utilities
from data_engine.labeling.strategies.stream import STREAM
from data_engine.labeling.strategies.uncertainty import ENTROPY, LEAST_CONFIDENCE, MARGIN

#: Every query strategy, by its name in the corpus' description. To add one: a module with a `Strategy`, and an entry
#: here; the tests of this module then cover it.
STRATEGIES: dict[str, Strategy] = {
    RANDOM.name: RANDOM,
    MARGIN.name: MARGIN,
    ENTROPY.name: ENTROPY,
    LEAST_CONFIDENCE.name: LEAST_CONFIDENCE,
    HYBRID.name: HYBRID,
    HYBRID_BALANCED.name: HYBRID_BALANCED,
    TYPICALITY.name: TYPICALITY,
    CORESET.name: CORESET,
    CLUSTER_MARGIN.name: CLUSTER_MARGIN,
    BADGE.name: BADGE,
    MC_DROPOUT.name: MC_DROPOUT,
    BALD.name: BALD,
    MC_DIRICHLET.name: MC_DIRICHLET,
    STREAM.name: STREAM,
}

_ROWS_PER_BLOCK = 8192


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
    draw: Draw | None = None,
) -> Integers:
    """Choose the samples of a query batch. The order of the rows decides nothing: they are put into one of their own.

    Args:
        strategy: a key of `STRATEGIES`.
        batch_size: rows wanted; 0 gives none, more than are left gives all of them.
        seed: of ties, random picks and clusterings.
        embeddings: (n, dim) unit rows of the pool.
        labelled: row numbers that are labelled already; they are never chosen.
        labels: their class numbers.
        probabilities: (n, n_classes) of the present classifier. None trains one on the labels where the strategy needs
            it; without a label such a strategy starts with random rows.
        class_names: the classes; without them and without probabilities their number is taken from the labels.
        sampled_probabilities: (n_draws, n, n_classes) of several classifiers, for strategies that compare them; None
            draws them by dropout.
        draw: draws them from the present classifier, as `MicroModel.draws` of one with dropout; None trains a softmax
            layer on the labels and leaves out columns of the embeddings.

    Returns: int64 row numbers, distinct, what is to be asked first in front; batch_size of them, or all that are left.
    Raises: InvalidInput for an unknown strategy, a negative batch_size, or arrays that do not match.
    """
    chosen = find_strategy(strategy)
    if batch_size < 0:
        raise InvalidInput(f"batch_size is {batch_size}; give how many samples to choose, 0 or more")
    pool, rows = _pool(embeddings, labelled, labels, probabilities, sampled_probabilities, class_names, seed)
    n_wanted = min(batch_size, len(pool.free))
    if n_wanted == 0:
        return np.empty(0, dtype=np.int64)
    if chosen.needs_probabilities and pool.probabilities is None and len(pool.labelled) == 0:
        chosen = RANDOM
    pool = _with_classifier(replace(pool, draw=draw), chosen)
    return rows[chosen.pick(pool, chosen.measure(pool), n_wanted)]


def utility(
    strategy: str,
    probabilities: Floats,
    *,
    embeddings: Floats | None = None,
    labelled: Any = (),
    labels: Any = (),
    draw: Draw | None = None,
) -> Utilities:
    """The utilities that a query strategy ranks by, of every row as if it were not labelled yet.

    Args:
        strategy: name of a strategy.
        probabilities: (n, n_classes) class probabilities.
        embeddings: (n, dim) unit rows, for strategies that measure by them.
        labelled: row numbers that are labelled, for strategies that compare with them.
        labels: their class numbers.
        draw: as for `choose`.

    Returns: (n,) float64; higher is asked first, and 0 everywhere where the strategy picks without measuring. Scales
        differ between strategies.
    Raises: InvalidInput for an unknown strategy, rows that are no probabilities, or a strategy that measures by what is
        not given.
    """
    chosen, array = find_strategy(strategy), class_probabilities(probabilities)
    # Whatever has n rows does, where no strategy asks for embeddings.
    pool, rows = _pool(array if embeddings is None else embeddings, labelled, labels, array, None, None, 0)
    every = replace(pool, free=np.arange(len(array)), embeddings=None if embeddings is None else pool.embeddings)
    every = replace(every, draw=None if embeddings is None else draw)
    measured = chosen.measure(_with_classifier(every, chosen))
    utilities = np.zeros(len(array))
    utilities[rows] = 0 if measured is None else measured
    return utilities


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
) -> tuple[Pool, Integers]:
    """The pool with its rows in the order of their contents, and the row number that each had."""
    x = matrix(embeddings, "embeddings")
    rows = class_indices(np.asarray(labelled, dtype=np.int64), "labelled", n_classes=len(x))
    known = class_indices(np.asarray(labels, dtype=np.int64), "labels", n_rows=len(rows))
    n_classes = len(class_names or ()) or int(known.max(initial=-1)) + 1
    if probabilities is not None:
        probabilities = class_probabilities(probabilities, n_rows=len(x))
        n_classes = probabilities.shape[1]
    if sampled_probabilities is not None:
        draws = [class_probabilities(draw, n_rows=len(x), n_classes=n_classes) for draw in sampled_probabilities]
        sampled_probabilities = np.stack(draws)
    rows, first = np.unique(rows, return_index=True)
    order = _order_of_contents(x)
    label_of = np.full(len(x), -1)
    label_of[rows] = known[first]
    label_of = label_of[order]
    is_labelled = label_of >= 0
    pool = Pool(
        free=np.flatnonzero(~is_labelled),
        n_classes=n_classes,
        seed=seed,
        embeddings=x[order],
        labelled=np.flatnonzero(is_labelled),
        labels=label_of[is_labelled],
        probabilities=None if probabilities is None else probabilities[order],
        sampled_probabilities=None if sampled_probabilities is None else sampled_probabilities[:, order],
    )
    return pool, order


def _with_classifier(pool: Pool, strategy: Strategy) -> Pool:
    """The pool with what the strategy needs of a classifier trained on its labels; as it is where it has none."""
    needs_probabilities = strategy.needs_probabilities and pool.probabilities is None
    needs_layer = strategy.needs_layer and pool.sampled_probabilities is None and pool.draw is None
    if len(pool.labelled) == 0 or not (needs_probabilities or needs_layer):
        return pool
    x = pool.rows()
    trained = fit_classifier(x[pool.labelled], pool.labels, seed=pool.seed, n_classes=pool.n_classes)
    probabilities = trained.predict_proba(x) if pool.probabilities is None else pool.probabilities
    return replace(pool, probabilities=probabilities, layer=(trained.weights, trained.biases))


def _order_of_contents(x: Floats) -> Integers:
    """Row numbers in the order of a hash of each row, so that what is chosen depends on the samples alone.

    Equal rows keep their order; which of them is chosen says nothing.
    """
    factors = np.random.default_rng(0).integers(1, 2**63, size=x.shape[1], dtype=np.uint64) | np.uint64(1)
    hashes = np.empty(len(x), dtype=np.uint64)
    for start in range(0, len(x), _ROWS_PER_BLOCK):
        words = np.ascontiguousarray(x[start : start + _ROWS_PER_BLOCK], dtype=np.float32).view(np.uint32)
        mixed = (words.astype(np.uint64) * factors).sum(axis=1)
        hashes[start : start + len(words)] = mixed ^ (mixed >> np.uint64(29))
    return np.argsort(hashes, kind="stable")
