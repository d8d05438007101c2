"""The hybrid strategies: samples that stand for all that the classifier is unsure of, and are unlike what is labelled.

What `margin` measures is in `uncertainty.py`; picks by distances alone are in `coverage.py`.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Integers
from data_engine.labeling.strategies.strategy import Pool, Strategy, Utilities
from data_engine.labeling.strategies.uncertainty import margin

#: Rows looked at at once: their similarities to each other are 67 MB.
LARGEST = 4096
#: Picks from one look; what is picked then counts as labelled for the next.
_AT_ONCE = 1024
_LEAST_WEIGHT = 1e-12


def pick_for_doubt(pool: Pool, utilities: Utilities | None, n_wanted: int) -> Integers:
    """The rows that add most to the coverage of doubt, one after the other.

    A row covers another by the square of their cosine (0 where that is negative), and labelled rows cover from the
    start. What is maximised is the sum over the free rows of the square of the utility times the best coverage; without
    utilities every row counts the same. That is weighted facility location: dense doubt comes before lone outliers, and
    a second pick in the same place adds next to nothing. Of more than 4,096 free rows as many are looked at, drawn with
    chances in proportion to the squared utilities.

    Source: Wei, Iyer and Bilmes 2015, "Submodularity in Data Subset Selection and Active Learning".
    """
    weights = np.ones(len(pool.free)) if utilities is None else np.maximum(utilities, 0) ** 2
    generator, labelled = pool.generator(), pool.labelled
    is_left, picked = np.ones(len(pool.free), dtype=bool), [pool.free[:0]]
    while n_wanted > 0:
        places, counting = _looked_at(weights, np.flatnonzero(is_left), generator)
        n_now = min(n_wanted, _AT_ONCE, len(places))
        places = places[_most_covering(pool, pool.free[places], counting, labelled, n_now)]
        is_left[places] = False
        picked.append(pool.free[places])
        labelled, n_wanted = np.concatenate([labelled, picked[-1]]), n_wanted - n_now
    return np.concatenate(picked)


def _looked_at(
    weights: NDArray[np.float64], left: Integers, generator: np.random.Generator
) -> tuple[Integers, NDArray[np.float64]]:
    """At most 4,096 of the places that are left, ascending, and what each counts so that their sum stands for all.

    Drawn without replacement, with chances in proportion to the weights; one counts its weight over the chance that it
    was drawn.
    """
    if len(left) <= LARGEST:
        return left, weights[left]
    of_left = np.maximum(weights[left], _LEAST_WEIGHT)
    keys = np.log(of_left) + generator.gumbel(size=len(left))
    drawn = np.sort(np.argpartition(-keys, LARGEST)[:LARGEST])
    # The largest key that was not drawn is the threshold that the drawn ones passed, each with this chance.
    threshold = np.partition(keys, -LARGEST - 1)[-LARGEST - 1]
    chance = -np.expm1(-of_left[drawn] * np.exp(-threshold))
    return np.asarray(left[drawn]), of_left[drawn] / chance


def _most_covering(
    pool: Pool, rows: Integers, weights: NDArray[np.float64], labelled: Integers, n_wanted: int
) -> Integers:
    """Positions among `rows` in the order in which they add most to the weighted coverage."""
    from data_engine.kernels.facility_location import greedy_order

    x = np.asarray(pool.rows()[rows], dtype=np.float32)
    uncovered = _coverage(x, x)
    if len(labelled):
        known = np.asarray(pool.rows()[labelled], dtype=np.float32)
        uncovered -= _coverage(x, known).max(axis=1)
        np.maximum(uncovered, 0, out=uncovered)
    np.subtract(1, uncovered, out=uncovered)
    order, _ = greedy_order(uncovered, weights, 1.0, n_wanted)
    return order


def _coverage(x: NDArray[np.float32], by: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, m) how well each of m rows covers each of n, in [0, 1]."""
    products = x @ by.T
    np.clip(products, 0, 1, out=products)
    products *= products
    return products


def _measure(pool: Pool) -> Utilities | None:
    return None if pool.probabilities is None else margin(pool.free_probabilities())


def _measure_balanced(pool: Pool) -> Utilities | None:
    """The margin, divided by 1 + the labels that the predicted class has: rare classes come first."""
    utilities = _measure(pool)
    if utilities is None:
        return None
    n_labels = np.bincount(pool.labels, minlength=pool.n_classes)
    return np.asarray(utilities / (1 + n_labels[pool.free_probabilities().argmax(axis=1)]))


HYBRID = Strategy(
    "hybrid",
    "what stands best for all samples that the classifier is unsure of and that no labelled one resembles",
    _measure,
    pick_for_doubt,
    needs_probabilities=False,
)
HYBRID_BALANCED = Strategy(
    "hybrid_balanced",
    "as hybrid, where samples of the classes with the fewest labels count more",
    _measure_balanced,
    pick_for_doubt,
    needs_probabilities=False,
)
