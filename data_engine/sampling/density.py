"""Local density of samples, estimated from their nearest neighbours.

The method that draws by it is in `methods.py`.

A subset drawn with a chance inverse to the density covers the space more evenly than the data does: Sachdeva et al.
2024, "How to Train Data-Efficient LLMs" (arXiv 2402.09668), section 3.2, with a kernel density. Here the density is
that of the k-th nearest neighbour, proportional to 1 / r_k ** d (Loftsgaarden & Quesenberry 1965), which needs no
bandwidth; d is the dimension that the data fills, not that of its vectors (Levina & Bickel 2004).
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import NotEnoughData

if TYPE_CHECKING:
    from data_engine.clustering.types import Matrix

N_NEIGHBOURS = 10
#: Neighbours are looked for among this many samples, drawn at random, so that the cost grows with n and not with n^2.
MAX_REFERENCES = 16_384
#: Distances held at once: 16 MiB, and 32 MiB for their order.
_BLOCK_VALUES = 1 << 22


def log_inverse_density(
    x: "Matrix", *, seed: int, n_neighbours: int = N_NEIGHBOURS, max_references: int = MAX_REFERENCES
) -> NDArray[np.float64]:
    """The logarithm of 1 / density at every sample, up to a constant: d * log r_k.

    Args:
        x: (n, dim) embeddings.
        seed: draws the references when there are more than `max_references` samples.
        n_neighbours: k; fewer where there are not as many other samples.
        max_references: samples among which neighbours are looked for.

    Returns: (n,) finite; higher is sparser. Samples with k exact copies count as near as the nearest that have not.
    """
    distances = neighbour_distances(x, seed=seed, n_neighbours=n_neighbours, max_references=max_references)
    farthest = distances[:, -1]
    if not (farthest > 0).any():
        return np.zeros(len(x))
    floor = farthest[farthest > 0].min()
    log_farthest: NDArray[np.float64] = np.log(np.maximum(farthest, floor))
    return intrinsic_dimension(distances) * log_farthest


def intrinsic_dimension(distances: NDArray[np.float64]) -> float:
    """Dimension that the data fills locally, by maximum likelihood.

    Args:
        distances: (n, k) Euclidean distances to the k nearest neighbours, ascending; rows with a zero are left out.

    Returns: at least 1; the inverse of the mean of log(r_k / r_j) over all j < k, scaled as MacKay & Ghahramani
        (2005) correct Levina & Bickel. 1 where it cannot be estimated.
    """
    k = distances.shape[1]
    usable = distances[distances[:, 0] > 0]
    if k < 3 or not len(usable):
        return 1.0
    mean_log_ratio = float(np.log(usable[:, -1:] / usable[:, :-1]).sum(axis=1).mean()) / (k - 2)
    return max(1.0 / mean_log_ratio, 1.0) if mean_log_ratio > 0 else 1.0


def neighbour_distances(x: "Matrix", *, seed: int, n_neighbours: int, max_references: int) -> NDArray[np.float64]:
    """(n, k) Euclidean distances of every sample to its nearest other references, ascending.

    Raises: NotEnoughData when x has no second row.
    """
    n = len(x)
    if n < 2:
        raise NotEnoughData(f"x has {n} rows; a density needs at least 2")
    rng = np.random.default_rng([seed, 2])
    rows = np.arange(n) if n <= max_references else np.sort(rng.choice(n, max_references, replace=False))
    references = np.asarray(x[rows], dtype=np.float32)
    centre = references.mean(axis=0)
    references = references - centre
    norms = np.einsum("md,md->m", references, references)
    k = min(n_neighbours, len(rows) - 1)
    found = np.empty((n, k))
    step = max(_BLOCK_VALUES // len(rows), 1)
    for start in range(0, n, step):
        block = np.asarray(x[start : start + step], dtype=np.float32) - centre
        squared = block @ references.T
        squared *= -2.0
        squared += norms
        squared += np.einsum("bd,bd->b", block, block)[:, None]
        # A sample is not its own neighbour.
        own = np.searchsorted(rows, [start, start + len(block)])
        squared[rows[own[0] : own[1]] - start, np.arange(own[0], own[1])] = np.inf
        nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
        # Products tell which are near; how near only differences do, which are 0 for copies.
        difference = references[nearest] - block[:, None]
        found[start : start + step] = np.sqrt(np.sort(np.einsum("bkd,bkd->bk", difference, difference), axis=1))
    return found
