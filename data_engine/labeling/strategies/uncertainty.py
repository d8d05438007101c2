"""Utilities: how much a label of each sample would teach, from class probabilities alone. Measuring, not picking."""

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import Floats, class_probabilities


def least_confidence(probabilities: Floats) -> NDArray[np.float64]:
    """1 - probability of the most probable class; (n, n_classes) to (n,) in [0, 1]. Source: Lewis and Gale 1994."""
    return np.asarray(1 - class_probabilities(probabilities).max(axis=1).astype(np.float64))


def margin(probabilities: Floats) -> NDArray[np.float64]:
    """1 - lead of the most probable class over the second; (n, n_classes) to (n,) in [0, 1].

    Source: Scheffer et al. 2001, "Active Hidden Markov Models for Information Extraction".
    """
    array = class_probabilities(probabilities).astype(np.float64)
    if array.shape[1] == 1:
        return np.zeros(len(array))
    top = np.partition(array, -2, axis=1)
    return np.asarray(1 - (top[:, -1] - top[:, -2]))


def entropy(probabilities: Floats) -> NDArray[np.float64]:
    """Entropy of the class probabilities in nats; (n, n_classes) to (n,) in [0, log n_classes]."""
    array = class_probabilities(probabilities).astype(np.float64)
    return np.asarray(-(array * np.log(np.maximum(array, 1e-300))).sum(axis=1))


def indifferent(probabilities: Floats) -> NDArray[np.float64]:
    """The same utility for every row: the random strategy prefers none; (n, n_classes) to (n,) ones."""
    return np.ones(len(class_probabilities(probabilities)))


def top_rows(utilities: NDArray[np.float64], n_wanted: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """The rows of highest utility, highest first; equals in random order.

    Raises: InvalidInput when fewer rows exist than wanted.
    """
    if n_wanted > len(utilities):
        raise InvalidInput(f"{n_wanted} rows are wanted of {len(utilities)}; ask for at most {len(utilities)}")
    order = np.lexsort((generator.random(len(utilities)), -utilities))
    return np.asarray(order[:n_wanted], dtype=np.int64)
