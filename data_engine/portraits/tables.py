"""The portraits of all clusters of a tree as one table (`schemas.CLUSTER_PORTRAITS`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine import schemas
from data_engine.clustering import ClusterTree
from data_engine.portraits.names import cluster_names
from data_engine.portraits.silhouette import simplified_silhouette
from data_engine.sampling import first_members, split

Rows = NDArray[np.int64]

#: Samples that are measured, and whose texts give the names; beyond them every leaf gives the same number.
MOST_MEASURED, MOST_TEXTS = 50_000, 60_000
N_NEAREST, N_BORDER = 3, 2


def portray(
    tree: ClusterTree,
    x: NDArray[Any],
    sample_ids: Sequence[str],
    text_of: Callable[[list[str]], Mapping[str, str]],
    *,
    seed: int,
    most_measured: int = MOST_MEASURED,
    most_texts: int = MOST_TEXTS,
) -> pa.Table:
    """A name, a quality and examples for every cluster of every level.

    The quality is the mean simplified silhouette of the members, among the centroids of the cluster's own level.
    Nearest samples have the smallest distance to the centroid; border samples the lowest silhouettes. In a tree of
    more than `most_measured` samples these are members drawn by seed, the same number from every leaf as far as it
    has them, and means weigh every leaf by its size; so time and memory depend on the clusters, not on the samples.

    Args:
        tree: n samples under it, with their distances.
        x: (n, dim) their embeddings; may be a memory map.
        sample_ids: (n,) in the order of `tree.leaf`.
        text_of: gives the texts of sample ids; those without a text may be left out.
        seed: draws the members in large trees.
        most_measured: samples whose silhouettes are taken.
        most_texts: samples whose texts are read.

    Returns: one row per cluster, the finest level first, as in the table of the tree.
    """
    ids = np.asarray(sample_ids, dtype=object)
    measured = evenly_from_leaves(tree, most_measured, seed=seed)
    names = _names(tree, ids, evenly_from_leaves(tree, most_texts, seed=seed), text_of)
    parts = [
        _level_table(tree, number, names[number - 1], _measure(tree, x, measured, number), ids)
        for number in range(1, len(tree.levels) + 1)
    ]
    return pa.concat_tables(parts)


def leaf_names(portraits: pa.Table) -> list[str]:
    """What to call every leaf in a sentence: `leaf 7 (apache · 2.0)`, or `leaf 7` where it has no name."""
    leaves = portraits.filter(pc.equal(portraits["level"], 1)).sort_by("cluster")
    rows = zip(leaves["cluster"].to_pylist(), leaves["name"].to_pylist(), strict=True)
    return [f"leaf {number} ({name})" if name else f"leaf {number}" for number, name in rows]


def evenly_from_leaves(tree: ClusterTree, most: int, *, seed: int) -> Rows:
    """Row numbers of at most `most` samples, ascending: the same number from every leaf, as far as it has them."""
    if tree.n_samples <= most:
        return np.arange(tree.n_samples, dtype=np.int64)
    rng = np.random.default_rng([seed, 2])
    quota = split(tree.levels[0].sizes, most, rng=rng)
    return first_members(tree, quota, (rng.random(tree.n_samples),))


@dataclass(frozen=True, eq=False)
class _Measured:
    """Members of the clusters of one level."""

    rows: Rows
    cluster: NDArray[np.integer]
    distance: NDArray[np.float32]
    silhouette: NDArray[np.float32] | None
    """None where the level has one cluster, so that there is no other to compare with."""


def _measure(tree: ClusterTree, x: NDArray[Any], rows: Rows, number: int) -> _Measured:
    centroids = tree.levels[number - 1].centroids
    cluster = tree.ancestors(number)[tree.leaf[rows]]
    if len(centroids) == 1:
        difference = np.asarray(x[rows], dtype=np.float32) - centroids[0]
        return _Measured(rows, cluster, np.sqrt(np.einsum("ij,ij->i", difference, difference)), None)
    silhouette, distance = simplified_silhouette(x, centroids, cluster, rows=rows)
    # Rounded, so that the last bits of a matrix product never decide which sample is shown.
    return _Measured(rows, cluster, distance.round(4), silhouette.round(4))


def _level_table(
    tree: ClusterTree, number: int, names: list[str | None], measured: _Measured, ids: NDArray[Any]
) -> pa.Table:
    level = tree.levels[number - 1]
    n_clusters = len(level.centroids)
    columns = {
        "level": np.full(n_clusters, number, dtype=np.int32),
        "cluster": np.arange(n_clusters, dtype=np.int32),
        "name": names,
        "n_samples": level.sizes,
        "silhouette": _quality(tree, level.sizes, measured),
        "n_measured": np.bincount(measured.cluster, minlength=n_clusters),
        "nearest": _examples(measured, measured.distance, n_clusters, N_NEAREST, ids),
        "border": _examples(measured, measured.silhouette, n_clusters, N_BORDER, ids),
        "tree_version": [tree.version] * n_clusters,
    }
    return pa.table(columns, schema=schemas.CLUSTER_PORTRAITS)


def _quality(tree: ClusterTree, sizes: NDArray[np.int64], measured: _Measured) -> list[float | None]:
    """Mean silhouette of every cluster; None below two samples, since a centroid alone is its own sample."""
    if measured.silhouette is None:
        return [None] * len(sizes)
    leaf = tree.leaf[measured.rows]
    stands_for = tree.levels[0].sizes[leaf] / np.bincount(leaf, minlength=tree.n_leaves)[leaf]
    weight = np.bincount(measured.cluster, stands_for, minlength=len(sizes))
    total = np.bincount(measured.cluster, stands_for * measured.silhouette, minlength=len(sizes))
    means = np.divide(total, weight, out=np.zeros(len(sizes)), where=weight > 0)
    known = (sizes > 1) & (weight > 0)
    return [round(mean, 4) if yes else None for mean, yes in zip(means.tolist(), known.tolist(), strict=True)]


def _examples(
    measured: _Measured, order_by: NDArray[np.float32] | None, n_clusters: int, most: int, ids: NDArray[Any]
) -> list[list[str]]:
    """Up to `most` sample ids of every cluster, by ascending value; equal values in the order of the rows."""
    examples: list[list[str]] = [[] for _ in range(n_clusters)]
    if order_by is None:
        return examples
    order = np.lexsort((order_by, measured.cluster))
    cluster = measured.cluster[order]
    starts = np.searchsorted(cluster, np.arange(n_clusters))
    shown = order[np.arange(len(order)) - starts[cluster] < most]
    for number, row in zip(measured.cluster[shown].tolist(), measured.rows[shown].tolist(), strict=True):
        examples[number].append(str(ids[row]))
    return examples


def _names(
    tree: ClusterTree, ids: NDArray[Any], rows: Rows, text_of: Callable[[list[str]], Mapping[str, str]]
) -> list[list[str | None]]:
    """Names per level, from the texts of these rows, each leaf's most typical one first."""
    if tree.distance is not None:
        rows = rows[np.argsort(tree.distance[rows], kind="stable")]
    texts = text_of(ids[rows].tolist())
    rows = rows[[bool(texts.get(key)) for key in ids[rows].tolist()]] if len(rows) else rows
    n_clusters = [len(level.centroids) for level in tree.levels]
    clusters = [tree.ancestors(number)[tree.leaf[rows]] for number in range(1, len(tree.levels) + 1)]
    return cluster_names([texts[key] for key in ids[rows].tolist()], clusters, n_clusters)
