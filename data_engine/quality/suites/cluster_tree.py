"""Checks of cluster_tree: the cluster tree and its assignments.

What is chosen from the tree is checked in `balanced_subset.py`.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.checks import blocking
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import membership, occurrences

TABLES = ("cluster_tree", "tree_assignments", "embedded")
LIMITS: tuple[str, ...] = ()

CHECKS = (
    blocking("every_sample_has_one_leaf", "Every embedded sample is assigned to exactly one leaf."),
    blocking("no_cluster_is_empty", "Every cluster of a tree that was just built holds a sample."),
    blocking("every_leaf_exists", "Every leaf that a sample is assigned to is a cluster of level 1."),
    blocking("every_level_is_coarser", "Every level has fewer clusters than the level below it."),
)


def suite(tables: Mapping[str, pa.Table], corpus: Corpus, is_rebuilt: bool = True) -> list[Truth]:  # noqa: ARG001
    """The truths about the tree and its assignments.

    Args:
        tables: cluster_tree, tree_assignments, embedded.
        corpus: not read.
        is_rebuilt: false for a frozen tree that new samples were only assigned to; its clusters may be empty.
    """
    gx = load_expectations()
    tree, assigned, embedded = tables["cluster_tree"], tables["tree_assignments"], tables["embedded"]
    samples = Profile(
        pa.table(
            {
                "sample_id": embedded["sample_id"],
                "n_leaves": occurrences(embedded["sample_id"], assigned["sample_id"]),
            }
        ),
        "sample_id",
    )
    leaves = tree.filter(pc.equal(tree["level"], 1))["cluster"]
    placed = Profile(
        assigned.select(["sample_id"]).append_column("has_leaf", membership(assigned["leaf"], leaves)), "sample_id"
    )
    return [
        of_rows(
            "every_sample_has_one_leaf",
            samples,
            gx.ExpectColumnValuesToBeBetween(column="n_leaves", min_value=1, max_value=1),
            what="embedded samples with no leaf or with several",
            rule="every sample needs exactly one leaf",
            remedy="assign the samples named to the tree again",
        ),
        _no_cluster_is_empty(tree, is_rebuilt),
        of_rows(
            "every_leaf_exists",
            placed,
            gx.ExpectColumnValuesToBeInSet(column="has_leaf", value_set=[True]),
            what="samples in a leaf that the tree does not have",
            rule="every leaf must be a cluster of level 1",
            remedy="assign all samples to the present tree again",
        ),
        _every_level_is_coarser(tree),
    ]


def _no_cluster_is_empty(tree: pa.Table, is_rebuilt: bool) -> Truth:
    names = [f"level {row['level']} cluster {row['cluster']}" for row in tree.select(["level", "cluster"]).to_pylist()]
    clusters = Profile(pa.table({"cluster": pa.array(names, pa.string()), "n_samples": tree["n_samples"]}), "cluster")
    n_empty = int(pc.sum(pc.cast(pc.equal(tree["n_samples"], 0), pa.int64())).as_py() or 0)
    frozen = "" if is_rebuilt else "; the tree is frozen, so its clusters may be"
    return Truth(
        "no_cluster_is_empty",
        clusters,
        load_expectations().ExpectColumnValuesToBeBetween(column="n_samples", min_value=int(is_rebuilt)),
        lambda _: f"empty clusters: {n_empty:,} of {len(clusters):,}{frozen}",
        "a tree that was just built has none",
        "remove duplicates before clustering, or lower tree.n_clusters",
    )


def _every_level_is_coarser(tree: pa.Table) -> Truth:
    levels = sorted(set(tree["level"].to_pylist()))
    sizes = [int(pc.sum(pc.cast(pc.equal(tree["level"], level), pa.int64())).as_py()) for level in levels]
    profile = Profile(
        pa.table(
            {
                "level": pa.array([f"level {level}" for level in levels[1:]], pa.string()),
                "n_clusters": pa.array(sizes[1:], pa.int64()),
                "n_below": pa.array(sizes[:-1], pa.int64()),
            }
        ),
        "level",
    )
    shape = ", ".join(f"{size:,}" for size in sizes)
    return Truth(
        "every_level_is_coarser",
        profile,
        load_expectations().ExpectColumnPairValuesAToBeGreaterThanB(column_A="n_below", column_B="n_clusters"),
        lambda _: f"clusters per level, finest first: {shape}",
        "every level needs fewer clusters than the one below it",
        "rebuild the tree with decreasing tree.n_clusters",
    )
