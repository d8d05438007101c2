"""Picking by embeddings: typical samples of clusters without a label, and uncertain samples of different clusters.

The strategy that uses them is in `hybrid.py`.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Floats, Integers, nearest

_N_TYPICAL_NEIGHBOURS = 20
_MAX_CLUSTERS = 500
_SMALL_CLUSTER = 5
_CANDIDATES_PER_PICK = 8
_MAX_ITERATIONS = 10


def pick_typical(embeddings: Floats, labelled: Integers, n_wanted: int, *, seed: int) -> Integers:
    """The most typical samples of the largest clusters that hold no labelled sample.

    The pool is clustered into as many clusters as there will be labels (500 at most). Clusters with the fewest labels
    come first, larger ones before smaller ones, those below 5 samples last; each gives the sample with the smallest
    mean distance to its (up to) 20 nearest neighbours within the cluster.

    Args:
        embeddings: (n, dim) unit rows.
        labelled: row numbers that are not to be chosen and whose clusters count as covered.
        n_wanted: rows to choose, at most n - len(labelled).
        seed: of the clustering.

    Returns: (n_wanted,) row numbers in the order of choice.
    Source: Hacohen et al. 2022, "Active Learning on a Budget" (TypiClust).
    """
    n_clusters = min(len(labelled) + n_wanted, _MAX_CLUSTERS, len(embeddings))
    assignment = _clusters(embeddings, n_clusters, seed=seed)
    sizes = np.bincount(assignment, minlength=n_clusters)
    n_labelled = np.bincount(assignment[labelled], minlength=n_clusters)
    queues = _most_typical_first(embeddings, assignment, labelled)
    chosen: list[int] = []
    while len(chosen) < n_wanted:
        number = min(queues, key=lambda c: (n_labelled[c], sizes[c] < _SMALL_CLUSTER, -sizes[c], c))
        chosen.append(queues[number].pop(0))
        n_labelled[number] += 1
        if not queues[number]:
            del queues[number]
    return np.array(chosen, dtype=np.int64)


def pick_spread(embeddings: Floats, utilities: NDArray[np.float64], n_wanted: int, *, seed: int) -> Integers:
    """Uncertain samples that do not repeat each other.

    The 8 n_wanted rows of highest utility are put into n_wanted clusters. Every cluster gives its best row, the best
    of all first, then every cluster its second best, and so on.

    Args:
        embeddings: (n, dim) unit rows.
        utilities: (n,) higher is asked first.
        n_wanted: rows to choose, at most n.
        seed: of the clustering.

    Returns: (n_wanted,) row numbers in the order of choice.
    Source: after Zhdanov 2019, "Diverse mini-batch Active Learning", and Citovsky et al. 2021 (Cluster-Margin).
    """
    candidates = np.argsort(-utilities, kind="stable")[: _CANDIDATES_PER_PICK * n_wanted]
    assignment = _clusters(embeddings[candidates], min(n_wanted, len(candidates)), seed=seed)
    turn = np.zeros(len(candidates), dtype=np.int64)
    n_before: dict[int, int] = {}
    for position, number in enumerate(assignment.tolist()):
        turn[position] = n_before.get(number, 0)
        n_before[number] = turn[position] + 1
    order = np.argsort(turn, kind="stable")
    return np.asarray(candidates[order[:n_wanted]], dtype=np.int64)


def _most_typical_first(embeddings: Floats, assignment: Integers, labelled: Integers) -> dict[int, list[int]]:
    """Per cluster with rows left to choose: these rows, the most typical first."""
    is_labelled = np.zeros(len(embeddings), dtype=bool)
    is_labelled[labelled] = True
    queues = {}
    for number in np.unique(assignment):
        members = np.flatnonzero(assignment == number)
        ordered = members[np.argsort(-_typicality(embeddings[members]), kind="stable")]
        free = ordered[~is_labelled[ordered]]
        if len(free):
            queues[int(number)] = free.tolist()
    return queues


def _typicality(members: Floats) -> NDArray[np.float64]:
    """Mean inner product with the nearest members; (n,) higher is more typical. A lone member is typical by default."""
    n_neighbours = min(_N_TYPICAL_NEIGHBOURS, len(members) - 1)
    if n_neighbours < 1:
        return np.ones(len(members))
    _, products = nearest(members, members, n_neighbours, is_same=True)
    return np.asarray(products.mean(axis=1, dtype=np.float64))


def _clusters(x: Floats, n_clusters: int, *, seed: int) -> Integers:
    from data_engine.clustering import kmeans

    found = kmeans(np.asarray(x, dtype=np.float32), n_clusters, seed=seed, max_iterations=_MAX_ITERATIONS)
    return np.asarray(found.assignment, dtype=np.int64)
