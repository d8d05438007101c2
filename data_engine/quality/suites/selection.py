"""Suites of what is selected: cluster_tree, balanced_subset."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import membership, occurrences

#: Nats that the histogram of the subset may be farther from uniform, because quotas are whole numbers.
ROUNDING_NATS = 0.01


def cluster_tree(tables: Mapping[str, pa.Table], corpus: Corpus, is_rebuilt: bool = True) -> list[Truth]:  # noqa: ARG001
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


def balanced_subset(tables: Mapping[str, pa.Table], corpus: Corpus, target: int | None = None) -> list[Truth]:
    """The truths about the chosen samples.

    Args:
        tables: balanced_subset, semantic_duplicates, tree_assignments, cluster_tree.
        corpus: gives the target size.
        target: samples asked for, where that differs from the corpus' target size.
    """
    gx = load_expectations()
    chosen, assigned = tables["balanced_subset"], tables["tree_assignments"]
    wanted = corpus.subset.target_size if target is None else target
    n_pool = assigned.num_rows - tables["semantic_duplicates"].num_rows
    rows = Profile(
        chosen.select(["sample_id"]).append_column(
            "is_in_the_tree", membership(chosen["sample_id"], assigned["sample_id"])
        ),
        "sample_id",
    )
    return [
        Truth(
            "size_is_the_target",
            rows,
            gx.ExpectTableRowCountToEqual(value=wanted),
            lambda _: f"chosen samples: {len(rows):,}",
            f"{wanted:,} were asked for and {n_pool:,} can be chosen",
            "set subset.target_size to a number that the tree can give, and choose again",
        ),
        of_rows(
            "no_sample_is_chosen_twice",
            rows,
            gx.ExpectColumnValuesToBeUnique(column="sample_id"),
            what="rows of samples that are chosen more than once",
            rule="each sample is chosen once",
            remedy="choose again from the present tree",
        ),
        of_rows(
            "every_chosen_sample_is_in_the_tree",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="is_in_the_tree", value_set=[True]),
            what="chosen samples that are not in the tree",
            rule="only samples of the tree can be chosen",
            remedy="choose again from the present tree",
        ),
        *_repeats(chosen, assigned, tables["semantic_duplicates"]),
        _balance(chosen, assigned, tables["cluster_tree"]),
    ]


def _repeats(chosen: pa.Table, assigned: pa.Table, repeats: pa.Table) -> list[Truth]:
    """The truths about semantic duplicates: they are not chosen, and their twins stay."""
    gx = load_expectations()
    is_repeat = membership(chosen["sample_id"], repeats["sample_id"])
    rows = Profile(chosen.select(["sample_id"]).append_column("is_repeat", is_repeat), "sample_id")
    twin = repeats["duplicate_of"]
    stays = pc.and_(membership(twin, assigned["sample_id"]), pc.invert(membership(twin, repeats["sample_id"])))
    twins = Profile(repeats.select(["sample_id"]).append_column("twin_stays", stays), "sample_id")
    return [
        of_rows(
            "no_semantic_duplicate_is_chosen",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="is_repeat", value_set=[False]),
            what="chosen samples that are semantic duplicates",
            rule="a semantic duplicate is not chosen",
            remedy="choose again from the present tree",
        ),
        of_rows(
            "every_semantic_duplicate_names_its_twin",
            twins,
            gx.ExpectColumnValuesToBeInSet(column="twin_stays", value_set=[True]),
            what="semantic duplicates whose twin is not in the tree or goes itself",
            rule="every semantic duplicate needs a twin that stays",
            remedy="choose again from the present tree",
        ),
    ]


def _balance(chosen: pa.Table, assigned: pa.Table, tree: pa.Table) -> Truth:
    top_of_leaf = _top_clusters(tree)
    n_tops = int(top_of_leaf.max()) + 1 if len(top_of_leaf) else 0
    leaves = assigned["leaf"].to_numpy()
    # A leaf outside the tree is for every_leaf_exists to name.
    all_counts = np.bincount(top_of_leaf[leaves[leaves < len(top_of_leaf)]], minlength=n_tops)
    chosen_counts = np.bincount(chosen["top_cluster"].to_numpy(), minlength=n_tops)
    present = np.flatnonzero((all_counts > 0) | (chosen_counts[: len(all_counts)] > 0))
    raw_kl, chosen_kl = _kl(all_counts[present]), _kl(chosen_counts[present])
    profile = Profile(chosen.select(["sample_id", "top_cluster"]), "sample_id")
    shares = chosen_counts / max(int(chosen_counts.sum()), 1)
    largest = [f"top cluster {k}: {shares[k]:.1%} of the subset" for k in np.argsort(-shares, kind="stable")[:3]]
    return Truth(
        "balance_is_not_worse_than_raw",
        profile,
        _near_uniform(present, raw_kl + ROUNDING_NATS, is_empty=not len(profile)),
        lambda _: f"KL to uniform over {len(present):,} top clusters: {chosen_kl:.3f} nats, all samples {raw_kl:.3f}",
        f"the subset may be at most {ROUNDING_NATS} nats farther from uniform than all samples",
        "choose again from the present tree, or ask for more samples",
        culprits=tuple(largest),
    )


def _near_uniform(clusters: npt.NDArray[np.int64], threshold: float, *, is_empty: bool) -> Any:
    if is_empty:
        # No histogram can be taken of no rows; an empty subset is for size_is_the_target to name.
        return load_expectations().ExpectTableRowCountToEqual(value=0)
    return load_expectations().ExpectColumnKLDivergenceToBeLessThan(
        column="top_cluster",
        partition_object={"values": [int(k) for k in clusters], "weights": [1 / len(clusters)] * len(clusters)},
        threshold=threshold,
    )


def _top_clusters(tree: pa.Table) -> npt.NDArray[np.int64]:
    """(n_leaves,) the cluster of the coarsest level above each leaf."""
    levels = sorted(set(tree["level"].to_pylist()))
    top: npt.NDArray[np.int64] = np.arange(0)
    for level in levels:
        at_level = tree.filter(pc.equal(tree["level"], level)).sort_by("cluster")
        clusters = at_level["cluster"].to_numpy()
        if level == levels[0]:
            top = np.arange(int(clusters.max()) + 1)
        if level != levels[-1]:
            parents = np.zeros(int(clusters.max()) + 1, dtype=np.int64)
            parents[clusters] = at_level["parent"].to_numpy()
            top = parents[top]
    return top


def _kl(counts: npt.NDArray[np.int64]) -> float:
    """Kullback-Leibler divergence in nats from the histogram to uniform; 0 is perfectly balanced."""
    shares = counts / max(int(counts.sum()), 1)
    some = shares[shares > 0]
    return float((some * np.log(some * len(counts))).sum())
