"""A cluster tree as two Arrow tables (`schemas.CLUSTER_TREE`, `schemas.TREE_ASSIGNMENTS`), and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine import schemas
from data_engine.clustering.tree import ClusterTree, Level
from data_engine.errors import InvalidInput


def tree_to_tables(
    tree: ClusterTree, sample_ids: Sequence[str], batches: Sequence[str], distance: NDArray[np.float32]
) -> tuple[pa.Table, pa.Table]:
    """The tables of a tree.

    Args:
        tree: n samples under it.
        sample_ids: (n,) in the order of `tree.leaf`; a column of another table will do.
        batches: (n,) ingestion batch of each; likewise.
        distance: (n,) squared L2 distance of each to the centroid of its leaf.

    Returns: one row per cluster, finest level first; one row per sample in the given order.
    Raises: InvalidInput when the lengths differ.
    """
    lengths = (tree.n_samples, len(sample_ids), len(batches), len(distance))
    if len(set(lengths)) > 1:
        raise InvalidInput(
            "the tree holds {} samples, but there are {} sample ids, {} batches and {} distances; give one each".format(
                *lengths
            )
        )
    parents = [level.assignment for level in tree.levels[1:]]
    parts = [
        _level_table(number, level, parent, tree.version)
        for number, (level, parent) in enumerate(zip(tree.levels, (*parents, None), strict=True), start=1)
    ]
    assignments = {
        "sample_id": sample_ids,
        "batch": batches,
        "leaf": tree.leaf,
        "distance": np.asarray(distance, dtype=np.float32),
        "tree_version": [tree.version] * tree.n_samples,
    }
    return pa.concat_tables(parts), pa.table(assignments, schema=schemas.TREE_ASSIGNMENTS)


def tree_from_tables(cluster_tree: pa.Table, tree_assignments: pa.Table) -> tuple[ClusterTree, list[str]]:
    """The tree and the sample ids in the order of its `leaf`; clusters may come in any order of rows.

    Sizes are counted from the assignments, so a tree over a grown corpus comes back with the grown sizes.

    Raises: InvalidInput when a table is empty of clusters, mixes versions, or does not fit the other.
    """
    return tree_of(cluster_tree, tree_assignments), tree_assignments["sample_id"].to_pylist()


def tree_of(cluster_tree: pa.Table, tree_assignments: pa.Table) -> ClusterTree:
    """The tree that `tree_from_tables` gives, without a list of ids, which for many samples is larger than the tree.

    Raises: InvalidInput as `tree_from_tables` does.
    """
    version = _one_version(cluster_tree, tree_assignments)
    columns = cluster_tree.sort_by([("level", "ascending"), ("cluster", "ascending")])
    level = columns["level"].to_numpy()
    cluster = columns["cluster"].to_numpy()
    parent = columns["parent"].fill_null(-1).to_numpy()
    centroid = columns["centroid"].to_pylist()
    centroids, parents = [], []
    for number in range(1, int(level[-1]) + 1):
        at = np.flatnonzero(level == number)
        if len(at) == 0 or not np.array_equal(cluster[at], np.arange(len(at))):
            raise InvalidInput(f"level {number} of tree {version} lacks clusters; read the table whole")
        centroids.append(np.frombuffer(b"".join(centroid[i] for i in at), dtype="<f4").reshape(len(at), -1))
        parents.append(parent[at])
    distance = tree_assignments["distance"].to_numpy()
    tree = ClusterTree.from_centroids(centroids, parents[:-1], tree_assignments["leaf"].to_numpy(), distance)
    if tree.version != version:
        raise InvalidInput(
            f"the centroids have version {tree.version} but the table says {version}; build the tree anew"
        )
    return tree


def _level_table(number: int, level: Level, parent: NDArray[Any] | None, version: str) -> pa.Table:
    n_clusters = len(level.centroids)
    columns = {
        "level": np.full(n_clusters, number, dtype=np.int32),
        "cluster": np.arange(n_clusters, dtype=np.int32),
        "parent": pa.nulls(n_clusters, pa.int32()) if parent is None else parent,
        "n_samples": level.sizes,
        "centroid": [row.tobytes() for row in level.centroids.astype("<f4")],
        "tree_version": [version] * n_clusters,
    }
    return pa.table(columns, schema=schemas.CLUSTER_TREE)


def _one_version(cluster_tree: pa.Table, tree_assignments: pa.Table) -> str:
    versions = cluster_tree["tree_version"].unique().to_pylist()
    if len(versions) != 1:
        raise InvalidInput(f"the cluster table holds the tree versions {versions}; it must hold exactly one tree")
    others = [v for v in tree_assignments["tree_version"].unique().to_pylist() if v != versions[0]]
    if others:
        raise InvalidInput(
            f"samples are assigned to the tree versions {others} but the tree is {versions[0]}; assign them anew"
        )
    return str(versions[0])
