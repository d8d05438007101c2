"""drift_report: whether a batch differs from what the tree has seen before, and in which clusters."""

import dagster as dg
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.steps.cluster_tree import matrix
from data_engine.schemas import DRIFT_REPORT

_EXAMPLES = 10


def drift_report(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The drift of each batch against all others."""
    limits = runtime.corpus.drift

    class DriftReportConfig(dg.Config):
        alarm_p: float = Field(
            default=limits.alarm_p, gt=0, lt=1, description="p-value below which the alarm is raised."
        )

    @dg.asset(
        **runtime.asset(
            "drift_report",
            description="What arrived in a batch, duplicates included, against all other batches: chi-square on the "
            "clusters of the coarsest level, with the clusters that moved and samples to look at.",
            deps=["embeddings", "cluster_tree"],
            kinds=("scipy",),
        )
    )
    def drift_report(context: dg.AssetExecutionContext, config: DriftReportConfig) -> dg.MaterializeResult:
        return report_on(StepRun.begin(runtime, context, "drift_report"), alarm_p=config.alarm_p)

    return drift_report


def report_on(step_run: StepRun, *, alarm_p: float) -> dg.MaterializeResult:
    """Compare the batch of this work with all others.

    Raises: ChecksFailed when its embeddings, or the tree, are held back by their checks.
    """
    window = step_run.read("embeddings")
    step_run.inputs["tree"] = str(step_run.store.exists("cluster_tree"))
    table = _compare(step_run, window, alarm_p=alarm_p, min_samples=step_run.runtime.corpus.drift.min_samples)
    first = table.slice(0, 1).to_pylist()[0]
    return step_run.finish(
        table.sort_by([("contribution", "descending")]),
        metadata={"p-value": first["p_value"], "alarm": first["is_alarm"], "note": first["note"]},
    )


def _compare(step_run: StepRun, window: pa.Table, *, alarm_p: float, min_samples: int) -> pa.Table:
    from data_engine import clustering, drift

    if not step_run.store.exists("cluster_tree"):
        return _nothing(
            step_run, window.num_rows, 0, "there is no cluster tree yet, so there is nothing to compare with"
        )
    tree, rows = step_run.tree(is_input=False)
    leaf_of = dict(zip(rows["sample_id"].to_pylist(), tree.leaf.tolist(), strict=True))
    if window.num_rows:
        new_leaves = clustering.assign(tree, matrix(window)).tolist()
        leaf_of |= dict(zip(window["sample_id"].to_pylist(), new_leaves, strict=True))
    top, n_top = tree.ancestors(len(tree.levels)), len(tree.levels[-1].centroids)
    arrived = _arrivals(step_run, leaf_of, top)
    inside = np.array([batch == step_run.batch for batch, _, _ in arrived], dtype=bool)
    clusters = np.array([cluster for _, _, cluster in arrived], dtype=np.int64)
    n_window, n_reference = int(inside.sum()), int((~inside).sum())
    if min(n_window, n_reference) < min_samples:
        return _nothing(
            step_run,
            n_window,
            n_reference,
            f"not enough data: {n_window} samples against {n_reference}; both need {min_samples}",
        )
    reference = np.bincount(clusters[~inside], minlength=n_top)
    observed = np.bincount(clusters[inside], minlength=n_top)
    shift = drift.mass_test(reference, observed)
    ids: list[list[str]] = [[] for _ in range(n_top)]
    for batch, sample_id, cluster in arrived:
        if batch == step_run.batch and len(ids[cluster]) < _EXAMPLES:
            ids[cluster].append(sample_id)
    return pa.table(
        {
            "batch": [step_run.batch] * n_top,
            "cluster": np.arange(n_top, dtype=np.int32),
            "expected_share": reference / n_reference,
            "observed_share": observed / n_window,
            "contribution": shift.contributions,
            "p_value": [shift.p_value] * n_top,
            "n_samples": [n_window] * n_top,
            "n_reference": [n_reference] * n_top,
            "is_alarm": [shift.p_value < alarm_p] * n_top,
            "sample_ids": ids,
            "note": [f"chi-square over {n_top} clusters of the coarsest level against all other batches"] * n_top,
        },
        schema=DRIFT_REPORT,
    )


def _arrivals(step_run: StepRun, leaf_of: dict[str, int], top: NDArray[np.int32]) -> list[tuple[str, str, int]]:
    """What arrived, as (batch, sample_id, top cluster): kept samples, and duplicates in the cluster of their twin.

    Without its duplicates a batch that came first would seem to hold more of what is common than all later ones.
    """
    judged = step_run.store.read("first_pass", columns=["sample_id", "batch", "duplicate_of"])
    columns = [judged[name].to_pylist() for name in ("sample_id", "batch", "duplicate_of")]
    stands_for = ((batch, twin or sample_id) for sample_id, batch, twin in zip(*columns, strict=True))
    return [(batch, kept, int(top[leaf_of[kept]])) for batch, kept in stands_for if kept in leaf_of]


def _nothing(step_run: StepRun, n_samples: int, n_reference: int, note: str) -> pa.Table:
    row = {
        "batch": step_run.batch,
        "n_samples": n_samples,
        "n_reference": n_reference,
        "is_alarm": False,
        "sample_ids": [],
        "note": note,
    }
    return pa.Table.from_pylist([row], schema=DRIFT_REPORT)
