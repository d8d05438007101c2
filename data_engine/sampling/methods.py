"""The ways to choose a subset: `METHODS` is the only list of their names.

Each takes a pool and a target size and gives exactly that many rows. What they are made of is in the modules beside
this one and in `data_engine.clustering`, imported when a subset is chosen: the names alone cost nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree
    from data_engine.clustering.types import Matrix

#: How often a tree is resampled that is built only to choose by it.
N_RESAMPLES = 10


@dataclass(frozen=True)
class Candidates:
    """The n samples that a subset is chosen from, with their cluster tree."""

    tree: "ClusterTree"
    """Over the n samples."""
    x: "Matrix | None" = None
    """(n, dim) embeddings in the same order, L2-normalised; None where no method that needs them is asked for."""
    is_resampled: bool = False
    """Whether the tree was built with resampling."""
    strategy: Literal["random", "closest"] = "random"
    """Which members of a cluster: "random", or "closest" to its centroid."""
    evenness: float | None = None
    """For `balanced`, in [0, 1]: 0 weighs every sample of the pool the same, 1 every region, however dense it is;
    None: as the pool needs."""
    priority: NDArray[np.float64] | None = None
    """(n,) uniform draws in [0, 1), the lower the earlier a sample is taken where chance decides; without it drawn by
    the seed. `sampling.stable_priority` makes the choice independent of the order of the rows."""
    was_chosen: NDArray[np.bool_] | None = None
    """(n,) the samples of an earlier choice, which `balanced` and `facility_location` keep where that costs little."""
    is_labelled: NDArray[np.bool_] | None = None
    """(n,) the samples that people labelled, which come first: in the quota of their cluster where its members are
    drawn at random; with `balanced` and `facility_location` where that costs little. Other methods look away."""

    def __post_init__(self) -> None:
        if self.x is not None and len(self.x) != self.n_samples:
            raise InvalidInput(
                f"x has {len(self.x)} rows but the tree holds {self.n_samples} samples; give one row for each"
            )
        if self.priority is not None and self.priority.shape != (self.n_samples,):
            raise InvalidInput(
                f"priority has shape {self.priority.shape}; give one for each of the {self.n_samples} samples"
            )

    @property
    def n_samples(self) -> int:
        """Samples to choose from."""
        return self.tree.n_samples

    @property
    def embeddings(self) -> "Matrix":
        """x where it is there.

        Raises: InvalidInput where it is not.
        """
        if self.x is None:
            raise InvalidInput("the pool has no embeddings; give x, or choose at random or from the pool's own tree")
        return self.x

    @property
    def n_clusters(self) -> tuple[int, ...]:
        """Clusters per level, the finest first."""
        return tuple(len(level.centroids) for level in self.tree.levels)

    def priorities(self, seed: int) -> NDArray[np.float64]:
        """The given priorities, or drawn ones."""
        return np.random.default_rng([seed, 1]).random(self.n_samples) if self.priority is None else self.priority


def select(method: str, pool: Candidates, target_size: int, *, seed: int) -> NDArray[np.int64]:
    """Choose a subset.

    Args:
        method: a name of `METHODS`.
        pool: n samples.
        target_size: samples wanted, 1 to n.
        seed: decides every draw that the pool's priorities do not.

    Returns: (target_size,) row numbers, unique, ascending.
    Raises: InvalidInput when target_size is not in 1..n, the seed is negative or there is no such method.
    """
    from data_engine.clustering.lloyd import checked_count
    from data_engine.sampling.quotas import checked_target

    if method not in METHODS:
        raise InvalidInput(f"method is {method!r}; it must be one of {', '.join(METHODS)}")
    target, fixed_seed = checked_target(target_size, pool.n_samples), checked_count(seed, "seed", least=0)
    return np.sort(METHODS[method].choose(pool, target, fixed_seed)).astype(np.int64)


def _balanced(pool: Candidates, target_size: int, seed: int) -> NDArray[np.int64]:
    return _standing_for_the_pool(pool, target_size, seed, pool.evenness)


def _facility_location(pool: Candidates, target_size: int, seed: int) -> NDArray[np.int64]:
    return _standing_for_the_pool(pool, target_size, seed, 0.0)


def _standing_for_the_pool(pool: Candidates, target_size: int, seed: int, evenness: float | None) -> NDArray[np.int64]:
    from data_engine.sampling.facility_location import facility_location

    return facility_location(
        pool.embeddings,
        target_size,
        seed=seed,
        priority=pool.priorities(seed),
        evenness=evenness,
        was_chosen=pool.was_chosen,
        is_labelled=pool.is_labelled,
    )


def _random(pool: Candidates, target_size: int, seed: int) -> NDArray[np.int64]:
    return np.argsort(pool.priorities(seed), kind="stable")[:target_size]


def _flat_kmeans(pool: Candidates, target_size: int, seed: int) -> NDArray[np.int64]:
    return _from_tree(pool, _flat_tree(pool, seed), target_size, seed)


def _hierarchical(pool: Candidates, target_size: int, seed: int) -> NDArray[np.int64]:
    from data_engine.clustering import build_tree

    tree = build_tree(pool.embeddings, pool.n_clusters, seed=seed) if pool.is_resampled else pool.tree
    return _from_tree(pool, tree, target_size, seed)


def _hierarchical_resampled(pool: Candidates, target_size: int, seed: int) -> NDArray[np.int64]:
    tree = pool.tree if pool.is_resampled else _resampled_tree(pool, seed)
    return _from_tree(pool, tree, target_size, seed)


def _resampled_tree(pool: Candidates, seed: int) -> "ClusterTree":
    from data_engine.clustering import build_tree, resample_sizes_for

    sizes = resample_sizes_for(pool.n_samples, pool.n_clusters)
    return build_tree(pool.embeddings, pool.n_clusters, seed=seed, n_resamples=N_RESAMPLES, resample_sizes=sizes)


def _semantic_dedup(pool: Candidates, target_size: int, seed: int) -> NDArray[np.int64]:
    from data_engine.sampling.semantic_dedup import redundancy

    clusters = _flat_tree(pool, seed)
    repeated = redundancy(pool.embeddings, clusters.levels[0].centroids, clusters.leaf)
    return np.lexsort((pool.priorities(seed), repeated))[:target_size]


def _density(pool: Candidates, target_size: int, seed: int) -> NDArray[np.int64]:
    from data_engine.sampling.density import log_inverse_density

    # Drawn without replacement, the smallest of exponential waiting times first (Efraimidis & Spirakis 2006).
    log_wait = np.log(-np.log1p(-pool.priorities(seed))) - log_inverse_density(pool.embeddings, seed=seed)
    return np.argsort(log_wait, kind="stable")[:target_size]


def _flat_tree(pool: Candidates, seed: int) -> "ClusterTree":
    """One level with as many clusters as the top of the pool's tree."""
    from data_engine.clustering import ClusterTree, kmeans

    found = kmeans(pool.embeddings, pool.n_clusters[-1], seed=seed)
    return ClusterTree.from_centroids([found.centroids], [], found.assignment, found.distance)


def _from_tree(pool: Candidates, tree: "ClusterTree", target_size: int, seed: int) -> NDArray[np.int64]:
    from data_engine.sampling.quotas import balanced_sample

    priority = pool.priorities(seed)
    if pool.is_labelled is not None and pool.strategy == "random":
        priority = np.where(pool.is_labelled, priority - 1, priority)
    return balanced_sample(tree, target_size, seed=seed, strategy=pool.strategy, priority=priority)


@dataclass(frozen=True)
class Method:
    """A way to choose a subset."""

    summary: str
    """How it chooses, as the corpus' schema says it."""
    meaning: str
    """The same as the end of `hierarchical k-means built a tree; the subset was ...`, for the data card;
    `{n_resamples}` is where the number of resamplings goes."""
    choose: Callable[[Candidates, int, int], NDArray[np.int64]]
    """(pool, target_size, seed) to row numbers."""
    needs: Literal["embeddings", "plain tree", "resampled tree", "nothing"] = "embeddings"
    """What it chooses from; where the pool's tree is of the other kind, it builds its own from the embeddings."""
    uses_tree: bool = False
    """Whether the levels of the pool's tree say anything to it."""
    takes_members: bool = False
    """Whether the pool's strategy says which members of a cluster are taken."""

    def meaning_for(self, n_resamples: int) -> str:
        """The meaning for a corpus whose own tree is resampled so often."""
        return self.meaning.format(n_resamples=n_resamples or N_RESAMPLES)

    def needs_embeddings(self, *, is_resampled: bool) -> bool:
        """Whether the tree, built with resampling or without, is not enough."""
        return self.needs not in ("nothing", "resampled tree" if is_resampled else "plain tree")


#: Every way to choose a subset, by its name in the corpus' description. To add one: a function and an entry here; the
#: tests of this module then cover it.
METHODS: dict[str, Method] = {
    "balanced": Method(
        "the samples that stand best for the pool, dense regions counting for less (subset.evenness)",
        "made of the samples that stand best for all others, where dense regions count for less (weighted facility "
        "location, after Wei et al. 2015)",
        _balanced,
    ),
    "facility_location": Method(
        "the samples that stand best for the pool as it is",
        "made of the samples that stand best for all others (facility location, Wei et al. 2015)",
        _facility_location,
    ),
    "hierarchical": Method(
        "evenly over the cluster tree, from the top down",
        "drawn evenly over that tree, from the top down",
        _hierarchical,
        needs="plain tree",
        uses_tree=True,
        takes_members=True,
    ),
    "hierarchical_resampled": Method(
        "the same over a tree that is built with resampling, the corpus' own where `tree.n_resamples` is set",
        "drawn evenly over a tree of these levels, each built anew {n_resamples} times on the most central members",
        _hierarchical_resampled,
        needs="resampled tree",
        uses_tree=True,
        takes_members=True,
    ),
    "flat_kmeans": Method(
        "evenly over one level of k-means",
        "drawn evenly over one level of k-means with as many clusters as the top of that tree",
        _flat_kmeans,
        uses_tree=True,
        takes_members=True,
    ),
    "semantic_dedup": Method(
        "what most resembles another sample of its cluster goes",
        "what is left when the samples go that are most similar to another one, farther from the centre, of their "
        "k-means cluster (SemDeDup, Abbas et al. 2023)",
        _semantic_dedup,
        uses_tree=True,
    ),
    "density": Method(
        "with a chance inverse to the local density",
        "drawn with a chance inverse to the density that the nearest neighbours show (after Sachdeva et al. 2024)",
        _density,
    ),
    "random": Method(
        "every sample with the same chance",
        "drawn at random, every sample with the same chance",
        _random,
        needs="nothing",
    ),
}
