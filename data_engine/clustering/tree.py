"""The cluster tree: levels of centroids over samples, frozen, with its fingerprint and the members of every leaf.

It is built in `tree_builder.py` and stored by `tree_tables.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from data_engine.clustering.devices import open_device
from data_engine.clustering.matrix_rows import Rows, check_matrix
from data_engine.clustering.nearest import nearest, squared_distances
from data_engine.clustering.parallel import TEAM
from data_engine.clustering.types import Assignment, FloatMatrix, Matrix
from data_engine.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Membership:
    """Rows of each cluster in compressed sparse form: clusters may have any sizes, also none."""

    indices: NDArray[np.int64]
    """(n,) row numbers, cluster by cluster, ascending in each."""
    offsets: NDArray[np.int64]
    """(k + 1,) cluster i has indices[offsets[i] : offsets[i + 1]]."""

    def of(self, cluster: int) -> NDArray[np.int64]:
        """Row numbers of a cluster, ascending."""
        return self.indices[self.offsets[cluster] : self.offsets[cluster + 1]]


@dataclass(frozen=True, eq=False)
class Level:
    """One level of a tree; level 1 is the finest."""

    centroids: FloatMatrix
    """(k, dim) float32."""
    assignment: Assignment
    """Cluster of every row of the level below: of every sample for level 1, of every centroid of level i for i + 1."""
    sizes: NDArray[np.int64]
    """(k,) samples below every cluster."""

    @cached_property
    def membership(self) -> "Membership":
        """The rows of the level below in every cluster."""
        counts = np.bincount(self.assignment, minlength=len(self.centroids))
        indices = np.argsort(self.assignment, kind="stable").astype(np.int64)
        return Membership(indices, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


@dataclass(frozen=True, eq=False)
class ClusterTree:
    """Levels of clusters, the finest first, over n samples; built by `build_tree` or `from_centroids`.

    Its arrays are its own and read-only.
    """

    levels: tuple[Level, ...]
    version: str
    """Fingerprint of the centroids of all levels (xxh3, 16 hex digits); the samples take no part in it."""
    distance: NDArray[np.float32] | None
    """(n,) squared L2 distance of every sample to the centroid of its leaf; None when it is not known."""

    @classmethod
    def from_centroids(
        cls,
        centroids: Sequence[NDArray[Any]],
        parents: Sequence[NDArray[Any]],
        leaf: NDArray[Any],
        distance: NDArray[Any] | None = None,
    ) -> "ClusterTree":
        """A tree from its parts.

        Args:
            centroids: (k_i, dim) per level, the finest first.
            parents: (k_i,) cluster of level i + 1 for every cluster of level i; one array less than there are levels.
            leaf: (n,) cluster of level 1 of every sample; a leaf may have no sample.
            distance: (n,) squared L2 distance to the centroid of the leaf.

        Raises: InvalidInput when shapes do not fit or a number points at no cluster.
        """
        if not centroids or len(parents) != len(centroids) - 1:
            raise InvalidInput(
                f"there are {len(centroids)} levels of centroids and {len(parents)} of parents; give at least one "
                "level, and parents for every level but the coarsest"
            )
        if distance is not None and len(distance) != len(leaf):
            raise InvalidInput(f"distance has {len(distance)} values but leaf has {len(leaf)}; give one per sample")
        levels = []
        sizes: NDArray[np.int64] = np.broadcast_to(np.int64(1), leaf.shape)
        for number, (level_centroids, assignment) in enumerate(zip(centroids, (leaf, *parents), strict=True), start=1):
            level = _level(number, level_centroids, assignment, sizes)
            levels.append(level)
            sizes = level.sizes
        known = None if distance is None else _frozen(distance, np.float32)
        return cls(tuple(levels), _fingerprint([level.centroids for level in levels]), known)

    @property
    def leaf(self) -> Assignment:
        """(n,) cluster of level 1 of every sample."""
        return self.levels[0].assignment

    @property
    def n_samples(self) -> int:
        """Samples under the tree."""
        return len(self.leaf)

    @property
    def n_leaves(self) -> int:
        """Clusters of level 1."""
        return len(self.levels[0].centroids)

    @property
    def dim(self) -> int:
        """Values per centroid."""
        return int(self.levels[0].centroids.shape[1])

    def members(self, leaf: int) -> NDArray[np.int64]:
        """Row numbers of the samples of a leaf, ascending.

        Raises: InvalidInput when there is no such leaf.
        """
        if not 0 <= leaf < self.n_leaves:
            raise InvalidInput(f"leaf is {leaf} but the tree has leaves 0 to {self.n_leaves - 1}")
        return self.levels[0].membership.of(leaf)

    def ancestors(self, level: int) -> Assignment:
        """(n_leaves,) cluster of this level above every leaf; level 1 are the leaves themselves.

        Raises: InvalidInput when there is no such level.
        """
        if not 1 <= level <= len(self.levels):
            raise InvalidInput(f"level is {level} but the tree has levels 1 to {len(self.levels)}")
        cluster = np.arange(self.n_leaves, dtype=np.int32)
        for above in self.levels[1:level]:
            cluster = above.assignment[cluster]
        return cluster


def with_samples(tree: ClusterTree, leaf: NDArray[Any], distance: NDArray[Any] | None = None) -> ClusterTree:
    """The same tree over other samples: same centroids and version, new sizes; a leaf may have no sample.

    Args:
        tree: the frozen tree.
        leaf: (n,) leaf of every sample, as `assign` gives it.
        distance: (n,) squared L2 distance to it, as `assign_with_distance` gives it.

    Raises: InvalidInput when a leaf is not in the tree.
    """
    centroids = [level.centroids for level in tree.levels]
    parents = [level.assignment for level in tree.levels[1:]]
    return ClusterTree.from_centroids(centroids, parents, leaf, distance)


def assign(tree: ClusterTree, x: Matrix, *, device: str | None = None) -> Assignment:
    """(n,) int32 leaf of every row of x (n, dim): the one with the nearest centroid. The tree stays as it is.

    Raises: InvalidInput when x has another dim than the tree or rows that are not finite.
    """
    check_matrix(x, "x", dim=tree.dim)
    with TEAM:
        return nearest(Rows(x, device=open_device(device, x)), tree.levels[0].centroids)


def assign_with_distance(
    tree: ClusterTree, x: Matrix, *, device: str | None = None
) -> tuple[Assignment, NDArray[np.float32]]:
    """`assign`, and the (n,) squared L2 distances to the centroids of these leaves."""
    leaf = assign(tree, x, device=device)
    return leaf, squared_distances(Rows(x), tree.levels[0].centroids, leaf)


def _level(number: int, centroids: NDArray[Any], assignment: NDArray[Any], sizes_below: NDArray[np.int64]) -> Level:
    check_matrix(centroids, f"centroids of level {number}")
    if assignment.ndim != 1 or len(assignment) != len(sizes_below) or not np.issubdtype(assignment.dtype, np.integer):
        raise InvalidInput(
            f"the assignment to level {number} has shape {assignment.shape} and dtype {assignment.dtype}; give one "
            f"whole number for each of the {len(sizes_below)} rows of the level below"
        )
    outside = np.flatnonzero((assignment < 0) | (assignment >= len(centroids)))
    if len(outside):
        raise InvalidInput(
            f"rows {outside[:10].tolist()} are assigned to clusters {assignment[outside[:10]].tolist()} of level "
            f"{number}, which has clusters 0 to {len(centroids) - 1}; assign them with the same tree"
        )
    sizes = np.zeros(len(centroids), dtype=np.int64)
    np.add.at(sizes, assignment, sizes_below)
    return Level(_frozen(centroids, np.float32), _frozen(assignment, np.int32), _frozen(sizes, np.int64))


def _frozen(values: NDArray[Any], kind: type[np.generic]) -> NDArray[Any]:
    """A read-only copy; itself where nobody can write to it."""
    fixed = np.array(values, dtype=kind, order="C", copy=True if values.flags.writeable else None)
    fixed.setflags(write=False)
    return fixed


def _fingerprint(centroids: Sequence[FloatMatrix]) -> str:
    digest = xxhash.xxh3_64()
    for level in centroids:
        digest.update(np.array(level.shape, dtype="<i8").tobytes())
        digest.update(level.astype("<f4").tobytes())
    return str(digest.hexdigest())
