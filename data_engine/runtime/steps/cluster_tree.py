"""cluster_tree: hierarchical k-means over all embeddings; frozen until the corpus has outgrown it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine import cluster_summary, clustering
from data_engine.compute.choice import told
from data_engine.compute.kmeans_shards import tree_device
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.made_from.earlier_results import keep_tree, kept_tree
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.runtime.tree_growth import assigned_anew, grown_tree, keep_members, measured_tree
from data_engine.schemas import TREE_EXPLANATION
from data_engine.schemas.long_columns import taken
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from data_engine.cluster_summary import ClusterMeasures
    from data_engine.clustering import ClusterTree, SuggestedLevels


def cluster_tree(step_run: StepRun) -> StepResult:
    """Assign all samples to the frozen tree, or build another one where it no longer fits."""
    samples = step_run.read_accepted_samples()
    found = _tree_of(step_run, samples)
    tree, distance = found.tree, np.asarray(found.tree.distance, dtype=np.float32)
    centroids, assignments = clustering.tree_to_tables(tree, samples["sample_id"], samples["batch"], distance)
    if found.is_built:
        keep_tree(step_run, centroids, found.explained)
    summaries = _summaries(step_run, tree, found.measures, samples["sample_id"])
    keep_members(step_run, tree, samples, found.measures)
    names = pa.array(cluster_summary.leaf_names(summaries), pa.string())
    return step_run.finish(
        centroids if found.is_built else found.centroids,
        extra_tables={
            "tree_assignments": assignments,
            "cluster_portraits": summaries,
            "tree_explanation": found.explained,
        },
        ledger=ledger_rows(
            samples["sample_id"],
            verdict="assigned",
            reason=taken(pa.chunked_array([names]), tree.leaf),
            score=distance.astype(np.float64),
            model_version=tree.version,
        ),
        metadata={
            "tree": tree.version,
            "rebuilt": found.how,
            "clusters per level": str([len(level.centroids) for level in tree.levels]),
            "why these levels" + ", when it was built" * (not found.is_built): " ".join(
                found.explained["sentence"].to_pylist()
            ),
            "samples": samples.num_rows,
            "kernel for large products": clustering.fastest_kernel(),
        },
        details={"cluster summaries": summaries},
        encoder=step_run.encoder_in_use(),
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """The tree over the samples of today: built now, grown, or one of an earlier time that fits again.

    Attributes:
        centroids: As the tree was built (schema CLUSTER_TREE); None for one that was built now.
        how: Whether it was built now, and why.
    """

    tree: "ClusterTree"
    measures: "ClusterMeasures"
    centroids: pa.Table | None
    explained: pa.Table
    how: str

    @property
    def is_built(self) -> bool:
        return self.centroids is None


def _tree_of(step_run: StepRun, samples: pa.Table) -> _Found:
    why = "asked for by this run" if step_run.flags["rebuild"] else _why_rebuild(step_run, samples.num_rows)
    if not why:
        centroids, explained = step_run.look_up("cluster_tree"), step_run.look_up("tree_explanation")
        how = "no: new samples were assigned to the frozen tree"
        return _Found(*grown_tree(step_run, samples), centroids, explained, how)
    kept = None if step_run.flags["rebuild"] else kept_tree(step_run)
    if kept is not None and not _outgrown(step_run, kept[0], samples.num_rows):
        how = f"no: {why}, and the tree that was built so before fits again"
        return _Found(*assigned_anew(step_run, kept[0], samples), *kept, how)
    levels = _levels(step_run, samples.num_rows)
    tree, measures, where = _built_tree(step_run, levels)
    how = "; computed on: ".join([f"yes: {why}", *told(where).values()])
    return _Found(tree, measures, None, _explained(levels, tree, _target_size(step_run)), how)


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """The samples that have to be in the tree, and whether it was built for just these."""
    checked.tables["embedded"] = checked.read_from.read("embeddings", columns=["sample_id", "batch"])
    n_built = _n_built(checked.tables["cluster_tree"])
    return {"is_rebuilt": n_built == checked.tables["tree_assignments"].num_rows}


def _why_rebuild(step_run: StepRun, n_samples: int) -> str:
    """The reason to build another tree, as a sentence; empty when the one in service fits."""
    last = step_run.last_version()
    if last is None:
        return "there is no tree yet"
    if last.code_version != step_run.runtime.code_version("cluster_tree"):
        return "its code or configuration changed"
    lost = step_run.why_last_rows_are_lost()
    if lost:
        return f"the one in service is lost: {lost}"
    made, now = step_run.encoder_of("cluster_tree"), step_run.encoder_in_use()
    if made.version not in ("", now.version):
        return f"it is of vectors of {made.shown}, and the embeddings are now of {now.shown}"
    return _outgrown(step_run, step_run.look_up("cluster_tree", columns=["level", "n_samples"]), n_samples)


def _outgrown(step_run: StepRun, tree: pa.Table, n_samples: int) -> str:
    """Why a tree no longer fits so many samples; empty where it does."""
    n_built, limit = _n_built(tree), step_run.corpus.tree.rebuild_at_growth
    if abs(n_samples - n_built) > limit * n_built:
        return f"it was built on {n_built:,} samples and there are {n_samples:,} now, more than {limit:.0%} apart"
    return ""


def _n_built(tree: pa.Table) -> int:
    """Samples that a tree was built on: those below its leaves."""
    leaves = tree.filter(pc.equal(tree["level"], 1))
    return int(pc.sum(leaves["n_samples"]).as_py() or 0)


def _levels(step_run: StepRun, n_samples: int) -> "SuggestedLevels":
    """The corpus' own levels, or the automatic ones for so many samples."""
    tree = step_run.corpus.tree
    if tree.fixed_levels is not None:
        why = "The corpus' description gives these levels."
        return clustering.SuggestedLevels(tree.fixed_levels, tree.resample_sizes or (), tree.n_resamples, (why,))
    return clustering.suggest_levels(
        n_samples,
        n_concepts=tree.n_concepts,
        target_size=step_run.corpus.subset.target_size,
        n_resamples=tree.n_resamples,
    )


def _target_size(step_run: StepRun) -> int | None:
    """What the levels are chosen for; None where the YAML gives them, or the concepts that they keep apart."""
    tree = step_run.corpus.tree
    return None if tree.fixed_levels is not None or tree.n_concepts is not None else step_run.corpus.subset.target_size


def _explained(levels: "SuggestedLevels", tree: "ClusterTree", target_size: int | None) -> pa.Table:
    n = len(levels.explanation)
    columns = {
        "line": np.arange(1, n + 1, dtype=np.int32),
        "sentence": list(levels.explanation),
        "n_built": [tree.n_samples] * n,
        "target_size": pa.array([target_size] * n, pa.int64()),
        "tree_version": [tree.version] * n,
    }
    return pa.table(columns, schema=TREE_EXPLANATION)


def _n_steps(levels: "SuggestedLevels") -> int:
    """k-means runs in all; a level that keeps one member per cluster is not resampled."""
    return len(levels.n_clusters) + levels.n_resamples * sum(size > 1 for size in levels.resample_sizes)


def _built_tree(step_run: StepRun, levels: "SuggestedLevels") -> "tuple[ClusterTree, ClusterMeasures, str]":
    """A new tree over all samples of today, their measures, and where it was computed."""
    samples, x = step_run.read_accepted_embeddings()
    settings = step_run.corpus.tree
    on_this_host = clustering.device_for(settings.device, x)
    with tree_device(step_run.corpus.compute, on_this_host, x, levels.n_clusters[0], levels.n_resamples) as (
        device,
        where,
    ):
        tree = clustering.build_tree(
            x,
            levels.n_clusters,
            seed=step_run.corpus.seed_for("tree"),
            n_resamples=levels.n_resamples,
            resample_sizes=levels.resample_sizes or None,
            max_iterations=settings.max_iterations,
            seeding=clustering.seeding_for(x),
            device=device,
            progress=step_run.progress_to("cluster tree", _n_steps(levels)),
        )
    return *measured_tree(step_run, tree, x, samples["sample_id"]), where


def _summaries(
    step_run: StepRun, tree: "ClusterTree", measures: "ClusterMeasures", sample_ids: pa.ChunkedArray
) -> pa.Table:
    """A name, a quality and examples of every cluster; texts come from the raw index, only those that are needed."""

    def text_of(wanted: list[str]) -> Mapping[str, str]:
        among = {"sample_id": pa.array(wanted, pa.string())}
        found = step_run.look_up("raw_index", columns=["sample_id", "text"], among=among)
        return dict(zip(found["sample_id"].to_pylist(), found["text"].to_pylist(), strict=True))

    seed = step_run.corpus.seed_for("portraits")
    return cluster_summary.portray(tree, measures, sample_ids, text_of, seed=seed)
