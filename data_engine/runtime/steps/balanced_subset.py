"""balanced_subset: a few of everything - the samples that are worth a label, drawn evenly over the cluster tree."""

from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from data_engine.orchestration.ui.metadata import preview
from data_engine.orchestration.ui.montages import montage_of_chosen
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.semantic_pool import semantic_duplicates, without
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.subset_selection import choose, kept_comparison
from data_engine.schemas import BALANCED_SUBSET
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree


def balanced_subset(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The balanced subset of a corpus."""
    from data_engine.sampling.methods import METHODS

    wanted = runtime.corpus.subset

    class BalancedSubsetConfig(dg.Config):
        target_size: int = Field(default=wanted.target_size, ge=1, description="Samples wanted.")
        method: str = Field(default=wanted.method, description=f"One of {', '.join(METHODS)}.")
        strategy: str = Field(default=wanted.strategy, description="random, or closest to the centroid of the leaf.")

    @dg.asset(
        **runtime.asset(
            "balanced_subset",
            description="The chosen samples: quotas flow from the top of the tree to its leaves, so that small "
            "clusters are kept whole and large ones are cut to the same size. Semantic duplicates go before, where the "
            "corpus asks for it.",
            deps=["cluster_tree"],
            kinds=("numpy",),
        )
    )
    def balanced_subset(context: dg.AssetExecutionContext, config: BalancedSubsetConfig) -> dg.MaterializeResult:
        from data_engine import cluster_summary, reporting

        step_run = StepRun.begin(runtime, context, "balanced_subset")
        subset = wanted.model_validate({**wanted.model_dump(), **config.model_dump()})
        tree, rows = step_run.tree()
        kept, repeats = semantic_duplicates(step_run, tree, rows, subset.semantic_duplicate_cosine)
        pool, pool_rows = without(tree, kept), rows.take(pa.array(kept))
        chosen = kept[choose(step_run, pool, pool_rows, subset)]
        names = cluster_summary.leaf_names(step_run.store.read("cluster_portraits"))
        table = _table(tree, rows, chosen, names, subset.method)
        compared, is_new = kept_comparison(step_run, pool, pool_rows, subset)
        return step_run.finish(
            table,
            beside={"semantic_duplicates": repeats},
            ledger=_with_repeats(_ledger(tree, rows, chosen, names, subset.method), repeats),
            apart={"subset_comparison": compared},
            metadata={
                "pool": len(kept),
                "semantic duplicates": repeats.num_rows,
                "leaves covered": len(set(table["leaf"].to_pylist())),
                "method": subset.method,
                "methods compared": "now" if is_new else "when this tree first had these settings",
                "methods side by side": preview(reporting.side_by_side(compared), n_rows=18),
            },
            plots={"balance": _plot(tree, chosen), **montage_of_chosen(step_run, table)},
        )

    return balanced_subset


def _plot(tree: "ClusterTree", chosen: NDArray[np.int64]) -> bytes:
    from data_engine import reporting

    n_top = len(tree.levels[-1].centroids)
    top_of_all = tree.ancestors(len(tree.levels))[tree.leaf]
    return reporting.balance_plot(
        {
            "all kept samples": np.bincount(top_of_all, minlength=n_top),
            "balanced subset": np.bincount(top_of_all[chosen], minlength=n_top),
        }
    )


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
    """The ledger_rows, with those on semantic duplicates in the place of theirs."""
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
