"""cluster_tree: what belongs together, from fine to coarse; frozen until the corpus has outgrown it."""

from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from data_engine.orchestration.ui.cluster_tables import portraits_of, seen
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.tree_growth import grown, keep_members, measured
from data_engine.runtime.versions import step_versions
from data_engine.schemas import TREE_EXPLANATION
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from data_engine.cluster_summary import Measures
    from data_engine.clustering import ClusterTree, SuggestedLevels


def cluster_tree(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The cluster tree of a corpus."""

    class ClusterTreeConfig(dg.Config):
        rebuild: bool = Field(default=False, description="Build a new tree even if the frozen one still fits.")

    @dg.asset(
        **runtime.asset(
            "cluster_tree",
            description="The centroids of every level of hierarchical k-means; beside it, the leaf of every sample, "
            "and a portrait of every cluster: name, quality, nearest and border samples. "
            "New batches are assigned to the frozen tree until the corpus has outgrown it.",
            deps=["embeddings"],
            kinds=("numpy",),
        )
    )
    def cluster_tree(context: dg.AssetExecutionContext, config: ClusterTreeConfig) -> dg.MaterializeResult:
        from data_engine import cluster_summary, clustering

        step_run = StepRun.begin(runtime, context, "cluster_tree")
        table = step_run.read_accepted_samples()
        why = "asked for by this run" if config.rebuild else why_rebuild(step_run, table.num_rows)
        levels = _levels(runtime, table.num_rows)
        tree, measures = _built(runtime, step_run, levels) if why else grown(step_run, table)
        explained = _explained(levels, tree) if why else step_run.store.read("tree_explanation")
        distance = np.asarray(tree.distance, dtype=np.float32)
        centroids, assignments = clustering.tree_to_tables(tree, table["sample_id"], table["batch"], distance)
        portrayed = portraits_of(step_run, tree, measures, table["sample_id"].to_pylist())
        keep_members(step_run, tree, table, measures)
        names = pa.array(cluster_summary.leaf_names(portrayed), pa.string())
        metadata, plots = seen(step_run, portrayed)
        return step_run.finish(
            centroids if why else step_run.store.read("cluster_tree"),
            beside={"tree_assignments": assignments, "cluster_portraits": portrayed, "tree_explanation": explained},
            ledger=ledger_rows(
                table["sample_id"],
                verdict="assigned",
                reason=names.take(pa.array(tree.leaf)),
                score=distance.astype(np.float64),
                model_version=tree.version,
            ),
            metadata={
                "tree": tree.version,
                "rebuilt": f"yes: {why}" if why else "no: new samples were assigned to the frozen tree",
                "clusters per level": str([len(level.centroids) for level in tree.levels]),
                "why these levels": " ".join(explained["sentence"].to_pylist()),
                "samples": table.num_rows,
                "kernel for large products": clustering.fastest_kernel(),
                **metadata,
            },
            plots=plots,
        )

    return cluster_tree


def matrix(table: pa.Table) -> NDArray[np.float32]:
    """The column `embedding` as an (n, dim) float32 array."""
    from data_engine.storage import float_rows

    return float_rows(table["embedding"])


def why_rebuild(step_run: StepRun, n_samples: int) -> str:
    """Why the tree in service no longer fits, as a sentence; empty when it does."""
    last = step_versions(step_run.store, "cluster_tree").get(("cluster_tree", ""))
    if last is None:
        return "there is no tree yet"
    if last.code_version != step_run.runtime.code_version("cluster_tree"):
        return "its code or configuration changed"
    n_built = built_on(step_run)
    limit = step_run.runtime.corpus.tree.rebuild_at_growth
    if abs(n_samples - n_built) > limit * n_built:
        return f"it was built on {n_built:,} samples and there are {n_samples:,} now, more than {limit:.0%} apart"
    return ""


def built_on(step_run: StepRun) -> int:
    """Samples that the tree in service was built on."""
    level_1 = step_run.store.read("cluster_tree", columns=["level", "n_samples"]).to_pydict()
    return sum(n for level, n in zip(level_1["level"], level_1["n_samples"], strict=True) if level == 1)


def _levels(runtime: CorpusRuntime, n_samples: int) -> "SuggestedLevels":
    """The corpus' own levels, or the automatic ones for so many samples."""
    from data_engine import clustering

    tree = runtime.corpus.tree
    if tree.fixed_levels is not None:
        why = "The corpus' description gives these levels."
        return clustering.SuggestedLevels(tree.fixed_levels, tree.resample_sizes or (), tree.n_resamples, (why,))
    return clustering.suggest_levels(
        n_samples,
        n_concepts=tree.n_concepts,
        target_size=runtime.corpus.subset.target_size,
        n_resamples=tree.n_resamples,
    )


def _explained(levels: "SuggestedLevels", tree: "ClusterTree") -> pa.Table:
    n = len(levels.explanation)
    columns = {
        "line": np.arange(1, n + 1, dtype=np.int32),
        "sentence": list(levels.explanation),
        "n_built": [tree.n_samples] * n,
        "tree_version": [tree.version] * n,
    }
    return pa.table(columns, schema=TREE_EXPLANATION)


def _n_steps(levels: "SuggestedLevels") -> int:
    """k-means runs in all; a level that keeps one member per cluster is not resampled."""
    return len(levels.n_clusters) + levels.n_resamples * sum(size > 1 for size in levels.resample_sizes)


def _built(runtime: CorpusRuntime, step_run: StepRun, levels: "SuggestedLevels") -> "tuple[ClusterTree, Measures]":
    """A new tree over all samples of today, and their measures."""
    from data_engine import clustering

    samples, x = step_run.read_accepted_embeddings()
    tree = clustering.build_tree(
        x,
        levels.n_clusters,
        seed=runtime.corpus.seed_for("tree"),
        n_resamples=levels.n_resamples,
        resample_sizes=levels.resample_sizes or None,
        max_iterations=runtime.corpus.tree.max_iterations,
        seeding=clustering.seeding_for(x),
        device=clustering.device_for(runtime.corpus.tree.device, x),
        progress=step_run.progress_to("cluster tree", _n_steps(levels)),
    )
    return measured(step_run, tree, x, samples["sample_id"])
