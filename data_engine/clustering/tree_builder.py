"""Builds cluster trees: hierarchical k-means with resampling.

Source: Vo et al. 2024, "Automatic Data Curation for Self-Supervised Learning: A Clustering-Based Approach"
(arXiv 2405.15613), sections 3.2 and 3.3; written from the paper's text.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data_engine.clustering.devices import open_device
from data_engine.clustering.lloyd import KMeans, assign_rows, checked_count, cluster_rows
from data_engine.clustering.matrix_rows import Rows, check_matrix, check_spread
from data_engine.clustering.parallel import TEAM
from data_engine.clustering.seeding import DEFAULT_SEEDING, checked_seeding
from data_engine.clustering.sharded import DeviceOpener, ShardedDevice
from data_engine.clustering.tree import ClusterTree
from data_engine.clustering.types import Device, FloatMatrix, Matrix
from data_engine.errors import InvalidInput, NotEnoughData

#: Called after every k-means with (steps done, steps in all, what was done).
TreeProgress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class TreePlan:
    """The checked arguments of `build_tree`."""

    n_clusters: tuple[int, ...]
    seed: int
    n_resamples: int
    resample_sizes: tuple[int, ...]
    max_iterations: int
    two_stage: int | None
    seeding: str
    device: str | DeviceOpener | None

    def steps(self, level: int) -> int:
        """k-means runs at this level (from 0); keeping one member per cluster would only repeat the centroids."""
        return 1 + (self.n_resamples if self.n_resamples and self.resample_sizes[level] > 1 else 0)

    def seed_for(self, level: int, step: int) -> int:
        """One seed per level and step."""
        digest = hashlib.sha256(f"{self.seed}:{level}:{step}".encode()).digest()
        return int.from_bytes(digest[:8], "big")

    def cluster(self, rows: Rows, n_clusters: int, seed: int) -> KMeans:
        """One k-means as planned."""
        return cluster_rows(rows, n_clusters, seed=seed, init=self.seeding, max_iterations=self.max_iterations)


def build_tree(
    x: Matrix,
    n_clusters: Sequence[int],
    *,
    seed: int,
    n_resamples: int = 0,
    resample_sizes: Sequence[int] | None = None,
    max_iterations: int = 50,
    two_stage: int | None = None,
    seeding: str = DEFAULT_SEEDING,
    device: str | DeviceOpener | None = None,
    progress: TreeProgress | None = None,
) -> ClusterTree:
    """Cluster the samples, then the centroids, and so on upwards.

    The centroids of a level are clustered without weights, so dense regions lose their lead level by level. The
    coarsest level should have at least as many clusters as there are concepts to balance.

    Args:
        x: (n, dim) floating point array or memory map; embeddings are L2-normalised before.
        n_clusters: clusters per level, the finest first, strictly decreasing; the finest gets at most as many clusters
            as there are samples, fewer when samples repeat. Where the level below has no more clusters than one is
            to get, that one is left out: every level of the tree is coarser than the one below it.
        seed: decides every draw; same x and seed, same tree.
        n_resamples: how often each level is clustered again on its most central members.
        resample_sizes: members kept per cluster for that, one per level; about half the mean cluster size. A level
            with size 1 is not resampled.
        max_iterations: most Lloyd iterations per k-means.
        two_stage: for very many leaves: cluster into n_clusters[0] // two_stage, then each of these into `two_stage`;
            the samples then go to the nearest of all leaves. Not together with resampling.
        seeding: how every k-means finds its first centroids, see `kmeans`.
        device: torch device that computes, such as "cuda"; or what opens one for the matrix of each level, as
            `data_engine.compute` does over shards; None for NumPy on the CPU.
        progress: called after every k-means.

    Raises: InvalidInput when x or an argument breaks a rule above; NotEnoughData when x has no rows.
    """
    check_matrix(x, "x")
    check_spread(x, "x")
    if len(x) == 0:
        raise NotEnoughData("x has 0 rows; a cluster tree needs at least 1 sample")
    counts = _coarser_upwards(n_clusters)
    plan = TreePlan(
        n_clusters=counts,
        seed=checked_count(seed, "seed", least=0),
        n_resamples=checked_count(n_resamples, "n_resamples", least=0),
        resample_sizes=_checked_resampling(counts, n_resamples, resample_sizes),
        max_iterations=checked_count(max_iterations, "max_iterations"),
        two_stage=two_stage,
        seeding=checked_seeding(seeding, "seeding"),
        device=device,
    )
    if two_stage is not None:
        _check_two_stage(two_stage, counts[0], n_resamples)
    with TEAM:
        found = _build_levels(x, plan, progress)
    for level in found:
        for own in (level.centroids, level.assignment, level.distance):
            own.setflags(write=False)  # nobody else holds it, so the tree need not copy it
    return ClusterTree.from_centroids(
        [level.centroids for level in found],
        [level.assignment for level in found[1:]],
        found[0].assignment,
        found[0].distance,
    )


def _build_levels(x: Matrix, plan: TreePlan, progress: TreeProgress | None) -> list[KMeans]:
    n_levels = len(plan.n_clusters)
    total = sum(plan.steps(level) for level in range(n_levels))
    found: list[KMeans] = []
    done = 0
    for level in range(n_levels):
        if found and plan.n_clusters[level] >= len(x):
            done += plan.steps(level)
            _tell(progress, done, total, f"level {level + 1} of {n_levels}: left out, it would not be coarser")
            continue
        rows = Rows(x, device=_device_for(plan, level, x))
        clusters = _first(rows, level, plan)
        for step in range(plan.steps(level)):
            if step:
                clusters = _resampled(rows, clusters, level, step, plan)
            done += 1
            what = f"resample {step} of {plan.n_resamples}" if step else f"{len(clusters.centroids)} clusters"
            _tell(progress, done, total, f"level {level + 1} of {n_levels}: {what}")
        found.append(clusters)
        x = clusters.centroids
    return found


def _device_for(plan: TreePlan, level: int, x: Matrix) -> Device[Rows] | None:
    return plan.device(x, plan.n_clusters[level]) if callable(plan.device) else open_device(plan.device, x)


def _tell(progress: TreeProgress | None, done: int, total: int, what: str) -> None:
    if progress is not None:
        progress(done, total, what)


def _first(rows: Rows, level: int, plan: TreePlan) -> KMeans:
    """The clusters of a level before resampling."""
    seed, n_clusters = plan.seed_for(level, 0), plan.n_clusters[level]
    if level > 0 or plan.two_stage is None:
        return plan.cluster(rows, n_clusters, seed)
    coarse = plan.cluster(rows, n_clusters // plan.two_stage, seed)
    order = np.argsort(coarse.assignment, kind="stable").astype(np.int64)
    ends = np.cumsum(np.bincount(coarse.assignment))
    cells = [(np.sort(members), plan.seed_for(level, n)) for n, members in enumerate(np.split(order, ends[:-1]), 1)]
    if isinstance(rows.device, ShardedDevice):
        work = partial(_cell_centroids, plan=replace(plan, device=None))
        centroids = list(rows.device.spread(work, ((Rows(rows.take(members)), seed) for members, seed in cells)))
    else:
        centroids = [_cell_centroids((rows.narrowed(members), seed), plan) for members, seed in cells]
    return assign_rows(rows, np.concatenate(centroids))


def _cell_centroids(cell: tuple[Rows, int], plan: TreePlan) -> FloatMatrix:
    """The centroids of the rows of one cell, by a seed of its own."""
    rows, seed = cell
    with TEAM:
        return plan.cluster(rows, plan.two_stage or 1, seed).centroids


def _resampled(rows: Rows, clusters: KMeans, level: int, step: int, plan: TreePlan) -> KMeans:
    """The level clustered again, with new seeds, on the members nearest to each centroid; then all rows assigned."""
    central = most_central(clusters, plan.resample_sizes[level])
    again = plan.cluster(rows.narrowed(central), plan.n_clusters[level], plan.seed_for(level, step))
    return assign_rows(rows, again.centroids)


def most_central(clusters: KMeans, per_cluster: int) -> NDArray[np.int64]:
    """Ascending positions of the `per_cluster` members (or all, if fewer) nearest to the centroid of each cluster."""
    order = np.lexsort((clusters.distance, clusters.assignment))
    starts = np.cumsum(np.bincount(clusters.assignment))
    starts = np.concatenate([[0], starts[:-1]])
    rank = np.arange(len(order)) - starts[clusters.assignment[order]]
    return np.sort(order[rank < per_cluster]).astype(np.int64)


def _coarser_upwards(n_clusters: Sequence[int]) -> tuple[int, ...]:
    counts = tuple(checked_count(count, "n_clusters") for count in n_clusters)
    if not counts:
        raise InvalidInput("n_clusters is empty; give the number of clusters of at least one level")
    for level, (finer, coarser) in enumerate(pairwise(counts), start=1):
        if coarser >= finer:
            raise InvalidInput(
                f"n_clusters has {finer} at level {level} and {coarser} at level {level + 1}; every level must be "
                f"coarser than the one below it: give level {level + 1} fewer than {finer}"
            )
    return counts


def _checked_resampling(counts: tuple[int, ...], n_resamples: int, sizes: Sequence[int] | None) -> tuple[int, ...]:
    checked = () if sizes is None else tuple(checked_count(size, "resample_sizes") for size in sizes)
    if (n_resamples or checked) and len(checked) != len(counts):
        raise InvalidInput(
            f"n_resamples is {n_resamples} and resample_sizes is {sizes}; resampling needs one size for each of the "
            f"{len(counts)} levels"
        )
    return checked


def _check_two_stage(two_stage: int, n_leaves: int, n_resamples: int) -> None:
    if n_resamples:
        raise InvalidInput(
            f"two_stage is {two_stage} and n_resamples is {n_resamples}; they do not go together: leave one out"
        )
    if not 2 <= checked_count(two_stage, "two_stage") <= n_leaves // 2:
        raise InvalidInput(
            f"two_stage is {two_stage} for {n_leaves} clusters; it must be 2 to {n_leaves // 2}, or left out"
        )
