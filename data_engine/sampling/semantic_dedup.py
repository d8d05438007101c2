"""Redundancy: the similarity of a sample to another one of its cluster, by which semantic duplicates go.

The method that chooses by it is in `methods.py`; duplicates above a fixed cosine are in `data_engine.duplicates`.

Source: Abbas et al. 2023, "SemDeDup: Data-efficient learning at web-scale through semantic deduplication"
(arXiv 2303.09540), section 3; written from the paper's text. There a cosine threshold decides what goes; ordered by
`redundancy`, the first `target_size` samples are those that the threshold leaves which leaves that many.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    from data_engine.clustering.types import Assignment, FloatMatrix, Matrix

#: Similarities held at once: 64 MiB.
_BLOCK_VALUES = 1 << 24


def redundancy(x: "Matrix", centroids: "FloatMatrix", assignment: "Assignment") -> NDArray[np.float32]:
    """The similarity of each sample to the most similar one of its cluster that lies farther from the centroid.

    Of a group of semantic duplicates the one farthest from the centroid is kept, as in the paper.

    Args:
        x: (n, dim) embeddings.
        centroids: (k, dim).
        assignment: (n,) cluster of every sample.

    Returns: (n,) cosine similarity in [-1, 1]; -inf for the farthest sample of each cluster, which repeats nothing.
    Raises: InvalidInput when there is not one cluster for each sample.
    """
    if len(assignment) != len(x):
        raise InvalidInput(f"x has {len(x)} rows but assignment has {len(assignment)}; give one cluster for each")
    found = np.empty(len(x), dtype=np.float32)
    order = np.argsort(assignment, kind="stable")
    ends = np.cumsum(np.bincount(assignment, minlength=len(centroids)))
    for centroid, members in zip(centroids, np.split(order, ends[:-1]), strict=True):
        if len(members):
            rows = _unit(x[members])
            outermost_first = np.argsort(rows @ _unit(centroid[None])[0], kind="stable")
            found[members[outermost_first]] = _most_similar_before(rows[outermost_first])
    return found


def _most_similar_before(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(m,) highest cosine similarity of each unit row to those above it; -inf for the first."""
    found = np.full(len(rows), -np.inf, dtype=np.float32)
    step = max(_BLOCK_VALUES // len(rows), 1)
    for start in range(0, len(rows), step):
        stop = min(start + step, len(rows))
        similarity = rows[start:stop] @ rows[:stop].T
        own = similarity[:, start:]
        place = np.arange(stop - start)
        own[place[:, None] <= place] = -np.inf
        found[start:stop] = similarity.max(axis=1)
    return np.clip(found, -np.inf, 1.0)


def _unit(rows: NDArray[Any]) -> NDArray[np.float32]:
    values = np.asarray(rows, dtype=np.float32)
    norm = np.linalg.norm(values, axis=1, keepdims=True)
    norm[norm == 0] = 1.0
    unit: NDArray[np.float32] = values / norm
    return unit
