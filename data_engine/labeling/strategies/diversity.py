"""Picking by clusters: typical samples of those without a label, and uncertain samples of different ones.

Strategies that need no clusters are in `coverage.py` and `hybrid.py`.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Floats, Integers, nearest
from data_engine.labeling.strategies.strategy import Pool, Strategy, Utilities
from data_engine.labeling.strategies.uncertainty import margin

_N_TYPICAL_NEIGHBOURS = 20
_MAX_CLUSTERS = 500
_SMALL_CLUSTER = 5
_MAX_ITERATIONS = 10
_CANDIDATES_PER_PICK = 10


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


def _pick_typical(pool: Pool, _utilities: Utilities | None, n_wanted: int) -> Integers:
    return pick_typical(pool.rows(), pool.labelled, n_wanted, seed=pool.seed)


def _margin(pool: Pool) -> Utilities:
    return margin(pool.free_probabilities())


def _pick_of_clusters(pool: Pool, utilities: Utilities | None, n_wanted: int) -> Integers:
    """Of the 10 n_wanted rows of smallest lead, one per cluster in turn, the clusters with the fewest of them first."""
    measured = _margin(pool) if utilities is None else utilities
    x = np.asarray(pool.rows()[pool.free], dtype=np.float32)
    assignment = _clusters(x, min(max(n_wanted, pool.n_classes), _MAX_CLUSTERS, len(x)), seed=pool.seed)
    candidates = np.argsort(-measured, kind="stable")[: _CANDIDATES_PER_PICK * n_wanted]
    queues: dict[int, list[int]] = {}
    for row in candidates.tolist():
        queues.setdefault(int(assignment[row]), []).append(row)
    ordered = sorted(queues.values(), key=lambda rows: (len(rows), rows))
    turns = (rows[turn] for turn in range(len(candidates)) for rows in ordered if turn < len(rows))
    return pool.free[[row for row, _ in zip(turns, range(n_wanted), strict=False)]]


TYPICALITY = Strategy(
    "typicality",
    "the most typical sample of each cluster, the clusters with the fewest labels first",
    lambda _pool: None,
    _pick_typical,
    needs_probabilities=False,
)
#: Citovsky et al. 2021, "Batch Active Learning at Scale", with k-means in the place of its agglomerative clustering,
#: whose cost grows with the square of the pool.
CLUSTER_MARGIN = Strategy(
    "cluster_margin",
    "of the samples with the smallest lead, one of each cluster in turn, the smallest clusters first",
    _margin,
    _pick_of_clusters,
)
