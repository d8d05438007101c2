"""Choosing a subset of embeddings in one call, as a corpus does by default.

The methods by name are in `methods.py`, which take a tree that is there already.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.sampling.methods import METHODS, Candidates, select

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree
    from data_engine.clustering.types import Matrix


def choose_subset(
    x: "Matrix",
    target_size: int,
    *,
    method: str = "balanced",
    seed: int,
    n_concepts: int | None = None,
    evenness: float | None = None,
    priority: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """Choose samples of a pool; the default is what teaches a classifier more than as many random ones.

    Args:
        x: (n, dim) floating point embeddings or a memory map of them.
        target_size: samples wanted, 1 to n.
        method: a name of `METHODS`.
        seed: decides every draw; same x and seed, same subset.
        n_concepts: for the methods that choose by a tree: clusters of its coarsest level, at least 1; without it they
            follow from n and the target size. `balanced` has no use for it.
        evenness: for `balanced`, in [0, 1]; 0 weighs every sample of the pool the same, 1 every region, however dense;
            None: 0 on a mild tail, up to 0.5 on a steep one.
        priority: (n,) the lower, the earlier a sample is taken where chance or a tie decides; drawn by the seed
            without it. With priorities that go with the samples, `balanced`, `facility_location` and `random` choose
            the same samples in whatever order the rows come, but for what the last bits of sums decide.

    Returns: (target_size,) row numbers, unique, ascending.
    Raises: InvalidInput when an argument breaks a rule above, or x is no finite matrix (the rows are named);
        NotEnoughData when it has no rows.
    """
    from data_engine.clustering import build_tree, suggest_levels
    from data_engine.clustering.lloyd import checked_count
    from data_engine.clustering.matrix_rows import check_matrix
    from data_engine.sampling.quotas import checked_target

    if method not in METHODS:
        raise InvalidInput(f"method is {method!r}; it must be one of {', '.join(METHODS)}")
    check_matrix(x, "x")
    target = checked_target(target_size, len(x))
    if n_concepts is not None:
        checked_count(n_concepts, "n_concepts")
    if METHODS[method].uses_tree:
        levels = suggest_levels(len(x), n_concepts=n_concepts, target_size=target)
        tree = build_tree(x, levels.n_clusters, seed=checked_count(seed, "seed", least=0))
    else:
        tree = _one_cluster(x)
    return select(method, Candidates(tree, x, priority=priority, evenness=evenness), target, seed=seed)


def _one_cluster(x: "Matrix") -> "ClusterTree":
    """A tree that tells nothing apart, for the methods that look at none."""
    from data_engine.clustering import ClusterTree

    return ClusterTree.from_centroids([np.zeros((1, x.shape[1]), np.float32)], [], np.zeros(len(x), np.int32))
