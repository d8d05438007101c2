"""drift_report: whether a batch differs from what the tree has seen before, and in which clusters."""

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from data_engine.orchestration.bench import Bench
from data_engine.orchestration.steps.cluster_tree import matrix
from data_engine.orchestration.tables_io import Work
from data_engine.schemas import DRIFT_REPORT


def drift_report(bench: Bench) -> dg.AssetsDefinition:
    """The drift of each batch against all others."""
    limits = bench.corpus.drift

    class DriftReportConfig(dg.Config):
        alarm_p: float = Field(
            default=limits.alarm_p, gt=0, lt=1, description="p-value below which the alarm is raised."
        )

    @dg.asset(
        **bench.asset(
            "drift_report",
            description="A batch against all other batches: chi-square on the clusters of the coarsest level, with the "
            "clusters that moved and samples to look at.",
            deps=["embeddings", "cluster_tree"],
            kinds=("scipy",),
        )
    )
    def drift_report(context: dg.AssetExecutionContext, config: DriftReportConfig) -> dg.MaterializeResult:
        work = Work.begin(bench, context, "drift_report")
        window = work.read("embeddings")
        work.inputs["tree"] = str(work.store.exists("cluster_tree"))
        table = _compare(work, window, alarm_p=config.alarm_p, min_samples=limits.min_samples)
        first = table.slice(0, 1).to_pylist()[0]
        return work.finish(
            table.sort_by([("contribution", "descending")]),
            metadata={"p-value": first["p_value"], "alarm": first["is_alarm"], "note": first["note"]},
        )

    return drift_report


def _compare(work: Work, window: pa.Table, *, alarm_p: float, min_samples: int) -> pa.Table:
    from data_engine import clustering, drift

    if not work.store.exists("cluster_tree"):
        return _nothing(work, window, 0, "there is no cluster tree yet, so there is nothing to compare with")
    tree, rows = work.tree(is_input=False)
    others = pc.not_equal(rows["batch"], work.batch).to_numpy(zero_copy_only=False)
    n_reference = int(others.sum())
    if min(window.num_rows, n_reference) < min_samples:
        return _nothing(
            work,
            window,
            n_reference,
            f"not enough data: {window.num_rows} samples against {n_reference}; both need {min_samples}",
        )
    top = tree.ancestors(len(tree.levels))
    n_top = len(tree.levels[-1].centroids)
    moved = top[clustering.assign(tree, matrix(window))]
    reference = np.bincount(top[tree.leaf[others]], minlength=n_top)
    shift = drift.mass_test(reference, np.bincount(moved, minlength=n_top))
    ids = np.asarray(window["sample_id"].to_pylist(), dtype=object)
    return pa.table(
        {
            "batch": [work.batch] * n_top,
            "cluster": np.arange(n_top, dtype=np.int32),
            "expected_share": reference / n_reference,
            "observed_share": np.bincount(moved, minlength=n_top) / window.num_rows,
            "contribution": shift.contributions,
            "p_value": [shift.p_value] * n_top,
            "n_samples": [window.num_rows] * n_top,
            "n_reference": [n_reference] * n_top,
            "is_alarm": [shift.p_value < alarm_p] * n_top,
            "sample_ids": [sorted(ids[moved == cluster])[:10] for cluster in range(n_top)],
            "note": [f"chi-square over {n_top} clusters of the coarsest level against all other batches"] * n_top,
        },
        schema=DRIFT_REPORT,
    )


def _nothing(work: Work, window: pa.Table, n_reference: int, note: str) -> pa.Table:
    row = {
        "batch": work.batch,
        "n_samples": window.num_rows,
        "n_reference": n_reference,
        "is_alarm": False,
        "sample_ids": [],
        "note": note,
    }
    return pa.Table.from_pylist([row], schema=DRIFT_REPORT)
