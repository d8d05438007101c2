"""The portraits of all clusters of a tree as one table (`schemas.CLUSTER_PORTRAITS`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine import schemas
from data_engine.cluster_summary.measures import ClusterMeasures, RowNumbers, evenly_from_leaves
from data_engine.cluster_summary.names import cluster_names
from data_engine.clustering import ClusterTree
from data_engine.schemas.long_columns import taken

#: Samples whose texts give the names; beyond them every leaf gives the same number.
MOST_TEXTS = 60_000
N_NEAREST, N_BORDER = 3, 2


def portray(
    tree: ClusterTree,
    measures: ClusterMeasures,
    sample_ids: Sequence[str] | pa.ChunkedArray,
    text_of: Callable[[list[str]], Mapping[str, str]],
    *,
    seed: int,
    most_texts: int = MOST_TEXTS,
) -> pa.Table:
    """A name, a quality and examples for every cluster of every level.

    The quality is the mean simplified silhouette of the members, among the centroids of the cluster's own level.
    Nearest samples have the smallest distance to the centroid; border samples the lowest silhouettes. Where only some
    samples are measured, means weigh every leaf by its size, and examples are among the measured ones.

    Args:
        tree: n samples under it, with their distances.
        measures: of all samples, or of some of every leaf, drawn by `evenly_from_leaves`.
        sample_ids: (n,) in the order of `tree.leaf`.
        text_of: gives the texts of sample ids; those without a text may be left out.
        seed: draws the samples whose texts are read, in large trees.
        most_texts: how many.

    Returns: one row per cluster, the finest level first, as in the table of the tree.
    """
    ids = sample_ids if isinstance(sample_ids, pa.ChunkedArray) else pa.chunked_array([sample_ids], pa.string())
    names = _names(tree, ids, evenly_from_leaves(tree, most_texts, ids, seed=seed), text_of)
    parts = [
        _level_table(tree, number, names[number - 1], _on_level(tree, measures, number), ids)
        for number in range(1, len(tree.levels) + 1)
    ]
    return pa.concat_tables(parts)


def leaf_names(portraits: pa.Table) -> list[str]:
    """Display names of the leaves: `leaf 7 (apache · 2.0)`, or `leaf 7` where it has no name."""
    leaves = portraits.filter(pc.equal(portraits["level"], 1)).sort_by("cluster")
    rows = zip(leaves["cluster"].to_pylist(), leaves["name"].to_pylist(), strict=True)
    return [f"leaf {number} ({name})" if name else f"leaf {number}" for number, name in rows]


@dataclass(frozen=True, eq=False)
class _Measured:
    """Members of the clusters of one level."""

    rows: RowNumbers
    cluster: NDArray[np.integer]
    distance: NDArray[np.float32]
    silhouette: NDArray[np.float32] | None
    """None where the level has one cluster, so that there is no other to compare with."""


def _on_level(tree: ClusterTree, measures: ClusterMeasures, number: int) -> _Measured:
    has_others = len(tree.levels[number - 1].centroids) > 1
    return _Measured(
        measures.rows,
        tree.ancestors(number)[tree.leaf[measures.rows]],
        measures.distance[number - 1],
        measures.silhouette[number - 1] if has_others else None,
    )


def _level_table(
    tree: ClusterTree, number: int, names: list[str | None], measured: _Measured, ids: pa.ChunkedArray
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
    measured: _Measured, order_by: NDArray[np.float32] | None, n_clusters: int, most: int, ids: pa.ChunkedArray
) -> list[list[str]]:
    """Up to `most` sample ids of every cluster, by ascending value; equal values in the order of the rows."""
    examples: list[list[str]] = [[] for _ in range(n_clusters)]
    if order_by is None:
        return examples
    order = np.lexsort((order_by, measured.cluster))
    cluster = measured.cluster[order]
    starts = np.searchsorted(cluster, np.arange(n_clusters))
    shown = order[np.arange(len(order)) - starts[cluster] < most]
    names = taken(ids, measured.rows[shown]).to_pylist()
    for number, name in zip(measured.cluster[shown].tolist(), names, strict=True):
        examples[number].append(name)
    return examples


def _names(
    tree: ClusterTree, ids: pa.ChunkedArray, rows: RowNumbers, text_of: Callable[[list[str]], Mapping[str, str]]
) -> list[list[str | None]]:
    """Names per level, from the texts of these rows, each leaf's most typical one first."""
    if tree.distance is not None:
        rows = rows[np.argsort(tree.distance[rows], kind="stable")]
    keys = taken(ids, rows).to_pylist()
    texts = text_of(keys)
    has_text = [bool(texts.get(key)) for key in keys]
    rows, found = rows[np.array(has_text, bool)], [texts[key] for key, has in zip(keys, has_text, strict=True) if has]
    n_clusters = [len(level.centroids) for level in tree.levels]
    clusters = [tree.ancestors(number)[tree.leaf[rows]] for number in range(1, len(tree.levels) + 1)]
    return cluster_names(found, clusters, n_clusters)
