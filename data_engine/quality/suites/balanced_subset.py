"""Checks of balanced_subset: the chosen samples.

The tree that it is chosen from is checked in `cluster_tree.py`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.corpus.subset import Subset
from data_engine.quality.checks import blocking, warning
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import membership

TABLES = ("balanced_subset", "semantic_duplicates", "tree_assignments", "cluster_tree", "subset_proof")

CHECKS = (
    blocking("size_is_the_target", "The subset has as many samples as were asked for."),
    blocking("no_sample_is_chosen_twice", "No sample is in the subset twice."),
    blocking("every_chosen_sample_is_in_the_tree", "Every chosen sample is assigned to a leaf of the tree."),
    blocking("no_semantic_duplicate_is_chosen", "No chosen sample is a semantic duplicate of one that stays."),
    blocking("every_semantic_duplicate_names_its_twin", "Every semantic duplicate names a sample that stays."),
    # No method but the hierarchical ones has quotas, so a subset that is less even is no broken subset.
    warning(
        "balance_is_not_worse_than_raw",
        "The subset lies at least as evenly over the top clusters as all samples do.",
    ),
    warning(
        "balanced_is_not_worse_than_random",
        "Chosen so, samples teach a classifier at least as much as random ones, or stand as near to the pool.",
    ),
)

#: Nats that the histogram of the subset may be farther from uniform, because quotas are whole numbers.
ROUNDING_NATS = 0.01


def suite(tables: Mapping[str, pa.Table], corpus: Corpus, target: int | None = None) -> list[Truth]:
    """The truths about the chosen samples.

    Args:
        tables: balanced_subset, semantic_duplicates, tree_assignments, cluster_tree, subset_proof.
        corpus: gives the target size.
        target: samples asked for, where that differs from the corpus' target size.
    """
    gx = load_expectations()
    chosen, assigned = tables["balanced_subset"], tables["tree_assignments"]
    asked = corpus.subset.target_size if target is None else target
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
            gx.ExpectTableRowCountToEqual(value=asked),
            lambda _: f"chosen samples: {len(rows):,}",
            f"{asked:,} were asked for and {n_pool:,} can be chosen",
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
        _balance(chosen, assigned, tables["cluster_tree"], corpus.subset.method),
        _not_worse_than_random(tables["subset_proof"], corpus.subset),
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


def _balance(chosen: pa.Table, assigned: pa.Table, tree: pa.Table, method: str) -> Truth:
    from data_engine.sampling.methods import METHODS

    top_of_leaf = _top_clusters(tree)
    n_tops = int(top_of_leaf.max()) + 1 if len(top_of_leaf) else 0
    leaves = assigned["leaf"].to_numpy()
    # A leaf outside the tree is for every_leaf_exists to name.
    all_counts = np.bincount(top_of_leaf[leaves[leaves < len(top_of_leaf)]], minlength=n_tops)
    chosen_counts = np.bincount(chosen["top_cluster"].to_numpy(), minlength=n_tops)
    present = np.flatnonzero((all_counts > 0) | (chosen_counts[: len(all_counts)] > 0))
    raw_kl, chosen_kl = _kl_to_uniform(all_counts[present]), _kl_to_uniform(chosen_counts[present])
    profile = Profile(chosen.select(["sample_id", "top_cluster"]), "sample_id")
    shares = chosen_counts / max(int(chosen_counts.sum()), 1)
    largest = [f"top cluster {k}: {shares[k]:.1%} of the subset" for k in np.argsort(-shares, kind="stable")[:3]]
    return Truth(
        "balance_is_not_worse_than_raw",
        profile,
        _near_uniform(present, raw_kl + ROUNDING_NATS, is_empty=not len(profile)),
        lambda _: f"KL to uniform over {len(present):,} top clusters: {chosen_kl:.3f} nats, all samples {raw_kl:.3f}",
        f"the subset may be at most {ROUNDING_NATS} nats farther from uniform than all samples",
        "ask for more samples"
        + ("" if METHODS[method].uses_tree else ", or choose by subset.method hierarchical, which evens them out"),
        culprits=tuple(largest),
    )


def _not_worse_than_random(proof: pa.Table, subset: Subset) -> Truth:
    """Judged by the classifier where labels are known, else by the distance of held-out samples.

    Worse is what chance does not explain: a gain whose whole 90 % interval lies below 0.
    """
    from data_engine.reporting.metrics.subset_worth import differences, mean_interval

    method = subset.method
    taught = {what: differences(proof, method, column) for column, what in _TAUGHT.items()}
    gains = taught if all(taught.values()) else {_NEARER: [-d for d in differences(proof, method, "distance")]}
    means = {what: mean_interval(values) for what, values in gains.items() if values}
    rows = Profile(
        pa.table(
            {
                "figure": pa.array(means, pa.string()),
                "gain": pa.array([mean if high is None else high for mean, _, high in means.values()], pa.float64()),
            }
        ),
        "figure",
    )
    said = "; ".join(f"{what}: {_with_interval(*found)}" for what, found in means.items())
    return Truth(
        "balanced_is_not_worse_than_random",
        rows,
        load_expectations().ExpectColumnValuesToBeBetween(column="gain", min_value=0),
        lambda _: f"{method} minus random, {said}" if said else "it has not been measured against random subsets",
        "a subset should be worth at least as much as random samples of its number",
        _remedy(proof, subset),
    )


def _remedy(proof: pa.Table, subset: Subset) -> str:
    """What may help: the method that did best on the same samples, where that is another one, or a larger subset."""
    if subset.method == "balanced" and subset.evenness:
        return f"lower subset.evenness, which is {subset.evenness:g}"
    from data_engine.reporting.metrics.subset_worth import means_by_method

    taught = means_by_method(proof, "macro_accuracy")
    means = taught or {name: -distance for name, distance in means_by_method(proof, "distance").items()}
    best = max(means, key=lambda name: means[name], default=subset.method)
    other = f"choose by subset.method {best}, which did best here, or " if best != subset.method else ""
    return f"{other}raise subset.target_size"


#: Columns of the proof that a classifier gives, and their names.
_TAUGHT = {"macro_accuracy": "macro accuracy", "rare_recall": "recall of the rarest third of the labels"}
_NEARER = "nearness of held-out samples"


def _with_interval(mean: float, low: float | None, high: float | None) -> str:
    return f"{mean:+.3f}" if low is None else f"{mean:+.3f} (90 % interval {low:+.3f} to {high:+.3f})"


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


def _kl_to_uniform(counts: npt.NDArray[np.int64]) -> float:
    """Nats from the histogram to uniform; 0 for an empty one, which is for size_is_the_target to name."""
    from data_engine.sampling.balance import kl_to_uniform

    return kl_to_uniform(counts) if counts.any() else 0.0
