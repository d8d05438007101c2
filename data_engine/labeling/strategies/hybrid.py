"""The hybrid strategies: typical samples while labels are few, then uncertain samples of different clusters.

How typical and how spread samples are found is in `diversity.py`.
"""

import numpy as np

from data_engine.labeling.inputs import Integers
from data_engine.labeling.strategies.diversity import pick_spread, pick_typical
from data_engine.labeling.strategies.strategy import Pool, Strategy, Utilities
from data_engine.labeling.strategies.uncertainty import margin

_START_LABELS_PER_CLASS = 2


def _measure(pool: Pool) -> Utilities | None:
    return None if pool.probabilities is None else margin(pool.free_probabilities())


def _measure_balanced(pool: Pool) -> Utilities | None:
    """The margin, divided by 1 + the labels that the predicted class has: rare classes come first."""
    utilities = _measure(pool)
    if utilities is None:
        return None
    n_labels = np.bincount(pool.labels, minlength=pool.n_classes)
    return np.asarray(utilities / (1 + n_labels[pool.free_probabilities().argmax(axis=1)]))


def _pick(pool: Pool, utilities: Utilities | None, n_wanted: int) -> Integers:
    """Typical samples until there are 2 labels per class on average, then uncertain ones of different clusters."""
    x = pool.rows()
    n_start = max(0, min(n_wanted, _START_LABELS_PER_CLASS * pool.n_classes - len(pool.labelled)))
    if utilities is None:
        n_start = n_wanted
    start = pick_typical(x, pool.labelled, n_start, seed=pool.seed) if n_start else pool.free[:0]
    if utilities is None or n_start == n_wanted:
        return start
    is_left = ~np.isin(pool.free, start)
    left = pool.free[is_left]
    spread = pick_spread(x[left], utilities[is_left], n_wanted - n_start, seed=pool.seed)
    return np.concatenate([start, left[spread]])


HYBRID = Strategy(
    "hybrid",
    "typical samples of clusters without a label until there are 2 labels per class, then uncertain ones of different "
    "clusters",
    _measure,
    _pick,
    needs_probabilities=False,
)
HYBRID_BALANCED = Strategy(
    "hybrid_balanced",
    "as hybrid, with uncertain samples of the classes that have the fewest labels first",
    _measure_balanced,
    _pick,
    needs_probabilities=False,
)
