"""Query synthesis: which images made of answered ones are asked about.

The images are made in `data_engine.images.children`; everything that picks from the pool is in the modules beside this.
"""

import numpy as np

from data_engine.labeling.inputs import Floats, Integers, class_indices, class_probabilities
from data_engine.labeling.strategies.strategy import Utilities


def departure(probabilities: Floats, answered: Integers) -> Utilities:
    """How far the classifier departs, at a child, from what people say its parent is.

    Args:
        probabilities: (n, n_classes) of the children.
        answered: (n,) class numbers of their parents.

    Returns: (n,) float64 in [0, 1], 1 - the probability of the parent's class; higher is asked first.
    Raises: InvalidInput for rows that are no probabilities, or class numbers that do not match.
    """
    array = class_probabilities(probabilities)
    classes = class_indices(answered, "answered", n_rows=len(array), n_classes=array.shape[1])
    return np.asarray(1 - array[np.arange(len(array)), classes], dtype=np.float64)


def pick_children(parents: Integers, utilities: Utilities, n_wanted: int) -> Integers:
    """The children of the highest utility, at most one of each parent; the lower row first among equals.

    Args:
        parents: (n,) number of each child's parent.
        utilities: (n,) the highest asked first.
        n_wanted: rows wanted; fewer where there are fewer parents.
    """
    order = np.argsort(-utilities, kind="stable")
    _, first = np.unique(parents[order], return_index=True)
    return np.asarray(order[np.sort(first)][:n_wanted])
