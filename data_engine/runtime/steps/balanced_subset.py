"""balanced_subset: the samples to be labelled, which stand for the whole pool, and the proof that they teach more."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.cluster_summary import leaf_names
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.made_from.earlier_results import keep_decisions
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.runtime.subset_selection import choose, comparison_of_methods, proof, semantic_duplicates
from data_engine.schemas import BALANCED_SUBSET
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree


def balanced_subset(step_run: StepRun) -> StepResult:
    """Remove semantic duplicates, choose the subset, and show what it is worth."""
    subset = step_run.corpus.subset
    tree, rows = step_run.tree()
    step_run.take_known_labels()
    pool, repeats = semantic_duplicates(step_run, tree, rows, subset.semantic_duplicate_cosine)
    chosen = pool.kept[choose(step_run, pool)]
    names = leaf_names(step_run.look_up("cluster_portraits"))
    table = _table(tree, rows, chosen, names, subset.method)
    compared, is_new = comparison_of_methods(step_run, pool)
    decided = _with_repeats(_ledger(tree, rows, chosen, names, subset.method), repeats)
    keep_decisions(step_run, rows["sample_id"], decided)
    return step_run.finish(
        table,
        extra_tables={"semantic_duplicates": repeats, "subset_proof": proof(step_run, pool)},
        timing_tables={"subset_comparison": compared},
        ledger=decided,
        metadata={
            "pool": len(pool.kept),
            "semantic duplicates": repeats.num_rows,
            "leaves covered": len(set(table["leaf"].to_pylist())),
            "method": subset.method,
            "methods compared": "now" if is_new else "when this tree first had these settings",
        },
        details={"samples per top cluster": _per_top_cluster(tree, chosen), "comparison": compared},
        encoder=step_run.encoder_in_use(),
    )


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """The number of samples asked for."""
    return {"target": checked.runtime.corpus.subset.target_size}


def _per_top_cluster(tree: "ClusterTree", chosen: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """(n_top,) counts of all samples and of the chosen ones."""
    n_top = len(tree.levels[-1].centroids)
    top_of_all = tree.ancestors(len(tree.levels))[tree.leaf]
    return {
        "all kept samples": np.bincount(top_of_all, minlength=n_top),
        "balanced subset": np.bincount(top_of_all[chosen], minlength=n_top),
    }


def _table(tree: "ClusterTree", rows: pa.Table, chosen: NDArray[np.int64], names: list[str], method: str) -> pa.Table:
    leaf = tree.leaf[chosen]
    sizes = np.bincount(tree.leaf, minlength=len(tree.levels[0].centroids))
    quota = np.bincount(leaf, minlength=len(sizes))
    picked = rows.take(pa.array(chosen))
    how = "" if method == "hierarchical" else f" by {method}"
    columns = {
        "sample_id": picked["sample_id"],
        "batch": picked["batch"],
        "leaf": leaf.astype(np.int32),
        "top_cluster": tree.ancestors(len(tree.levels))[leaf].astype(np.int32),
        "leaf_size": sizes[leaf].astype(np.int64),
        "quota": quota[leaf].astype(np.int64),
        "reason": [f"one of {quota[i]} chosen{how} from the {sizes[i]} samples of {names[i]}" for i in leaf.tolist()],
        "tree_version": [tree.version] * len(chosen),
    }
    return pa.table(columns, schema=BALANCED_SUBSET).sort_by("sample_id")


def _ledger(tree: "ClusterTree", rows: pa.Table, chosen: NDArray[np.int64], names: list[str], method: str) -> pa.Table:
    is_chosen = np.zeros(rows.num_rows, dtype=bool)
    is_chosen[chosen] = True
    sizes = np.bincount(tree.leaf, minlength=len(tree.levels[0].centroids))
    quota = np.bincount(tree.leaf[chosen], minlength=len(sizes))
    how = "quota {} of" if method == "hierarchical" else f"{method} took {{}} of"
    return ledger_rows(
        rows["sample_id"],
        verdict=["chosen" if yes else "not_chosen" for yes in is_chosen.tolist()],
        reason=[f"{how.format(quota[i])} the {sizes[i]} samples of {names[i]}" for i in tree.leaf.tolist()],
        score=sizes[tree.leaf].astype(np.float64),
        threshold=quota[tree.leaf].astype(np.float64),
        model_version=tree.version,
    )


def _with_repeats(ledger: pa.Table, repeats: pa.Table) -> pa.Table:
    """The rows of the ledger, where semantic duplicates have the row that says what they repeat."""
    others = ledger.filter(pc.invert(pc.is_in(ledger["sample_id"], repeats["sample_id"].combine_chunks())))
    rejected = ledger_rows(
        repeats["sample_id"],
        verdict="rejected",
        reason=pc.binary_join_element_wise("semantic_duplicate", repeats["duplicate_of"], " of "),
        score=repeats["score"],
        threshold=repeats["threshold"],
        model_version=ledger["model_version"][0].as_py() if ledger.num_rows else None,
    )
    return pa.concat_tables([others, rejected])
