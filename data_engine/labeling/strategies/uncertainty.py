"""Uncertainty: how much a label of each sample would teach, from class probabilities alone; the most uncertain first.

Uncertain samples that do not repeat each other are in `hybrid.py`.
"""

from collections.abc import Callable

import numpy as np

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import Floats, Integers, class_probabilities
from data_engine.labeling.strategies.strategy import Pool, Strategy, Utilities


def least_confidence(probabilities: Floats) -> Utilities:
    """1 - probability of the most probable class; (n, n_classes) to (n,) in [0, 1]. Source: Lewis and Gale 1994."""
    return np.asarray(1 - class_probabilities(probabilities).max(axis=1).astype(np.float64))


def margin(probabilities: Floats) -> Utilities:
    """1 - lead of the most probable class over the second; (n, n_classes) to (n,) in [0, 1].

    Source: Scheffer et al. 2001, "Active Hidden Markov Models for Information Extraction".
    """
    array = class_probabilities(probabilities).astype(np.float64)
    if array.shape[1] == 1:
        return np.zeros(len(array))
    top = np.partition(array, -2, axis=1)
    return np.asarray(1 - (top[:, -1] - top[:, -2]))


def entropy(probabilities: Floats) -> Utilities:
    """Entropy of the class probabilities in nats; (n, n_classes) to (n,) in [0, log n_classes]."""
    array = class_probabilities(probabilities).astype(np.float64)
    return np.asarray(-(array * np.log(np.maximum(array, 1e-300))).sum(axis=1))


def top_rows(utilities: Utilities, n_wanted: int, generator: np.random.Generator) -> Integers:
    """The rows of highest utility, highest first; equals in random order.

    Raises: InvalidInput when fewer rows exist than wanted.
    """
    if n_wanted > len(utilities):
        raise InvalidInput(f"{n_wanted} rows are wanted of {len(utilities)}; ask for at most {len(utilities)}")
    order = np.lexsort((generator.random(len(utilities)), -utilities))
    return np.asarray(order[:n_wanted], dtype=np.int64)


def pick_top(pool: Pool, utilities: Utilities | None, n_wanted: int) -> Integers:
    """The free rows of highest utility. Raises: InvalidInput without utilities."""
    if utilities is None:
        raise InvalidInput("utilities are None; this strategy picks by class probabilities, train a classifier first")
    return pool.free[top_rows(utilities, n_wanted, pool.generator())]


def _by(name: str, meaning: str, utility: Callable[[Floats], Utilities]) -> Strategy:
    return Strategy(name, meaning, lambda pool: utility(pool.free_probabilities()), pick_top)


MARGIN = _by("margin", "the smallest lead of the most probable class over the second first", margin)
ENTROPY = _by("entropy", "the highest entropy of the class probabilities first", entropy)
LEAST_CONFIDENCE = _by("least_confidence", "the lowest probability of the most probable class first", least_confidence)
