"""Difficulty: easy, medium or hard, from the gate and from whether two views of a sample agree."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import Floats, Integers, class_indices, class_probabilities, matrix, nearest

EASY, MEDIUM, HARD = "easy", "medium", "hard"

_N_NEIGHBOURS = 10
_HARD_QUANTILE = 0.75


def difficulty(
    probabilities: Floats, accepted_mask: NDArray[np.bool_], *, neighbour_classes: Integers | None = None
) -> NDArray[Any]:
    """How hard each sample is.

    Args:
        probabilities: (n, n_classes) calibrated probabilities.
        accepted_mask: (n,) bool, what the certified gate accepts.
        neighbour_classes: (n,) class numbers by the nearest labelled neighbours, the second view; None to do without.

    Returns: (n,) strings. easy: accepted by the gate. hard: the rest of the top quarter of uncertainty
        (1 - probability of the most probable class), or where the two views disagree. medium: what is left.
    Raises: InvalidInput for shapes that do not match.
    """
    probabilities = class_probabilities(probabilities)
    n, n_classes = probabilities.shape
    accepted = np.asarray(accepted_mask)
    if accepted.shape != (n,) or accepted.dtype != np.bool_:
        raise InvalidInput(f"accepted_mask is {accepted.dtype} of shape {accepted.shape}; give ({n},) booleans")
    if n == 0:
        return np.empty(0, dtype="<U6")
    uncertainty = 1 - probabilities.max(axis=1)
    is_hard = uncertainty > np.quantile(uncertainty, _HARD_QUANTILE)
    if neighbour_classes is not None:
        second = class_indices(neighbour_classes, "neighbour_classes", n_rows=n, n_classes=n_classes)
        is_hard |= second != probabilities.argmax(axis=1)
    return np.where(accepted, EASY, np.where(is_hard, HARD, MEDIUM))


def neighbour_classes(embeddings: Floats, labelled_embeddings: Floats, labels: Integers) -> Integers:
    """The class that most of the 10 nearest labelled samples have; among equals the one of the nearest sample.

    Args:
        embeddings: (n, dim) unit rows.
        labelled_embeddings: (m, dim) unit rows, m >= 1.
        labels: (m,) class numbers of these.

    Returns: (n,) int64 class numbers.
    Raises: InvalidInput when nothing is labelled or shapes do not match.
    """
    x = matrix(embeddings, "embeddings")
    known = matrix(labelled_embeddings, "labelled_embeddings", n_columns=x.shape[1])
    y = class_indices(labels, "labels", n_rows=len(known))
    if len(y) == 0:
        raise InvalidInput("there are 0 labelled samples; label some before asking for neighbours")
    rows, _ = nearest(x, known, min(_N_NEIGHBOURS, len(y)))
    near = y[rows]
    n_votes = (near[:, :, None] == near[:, None, :]).sum(axis=2)
    return np.asarray(near[np.arange(len(x)), n_votes.argmax(axis=1)])
