"""drift_report: whether a batch differs from what the tree has seen before, and in which clusters."""

import dagster as dg
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from data_engine.orchestration.bench import Bench
from data_engine.orchestration.steps.cluster_tree import matrix
from data_engine.orchestration.tables_io import Work
from data_engine.schemas import DRIFT_REPORT

_EXAMPLES = 10


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
            description="What arrived in a batch, duplicates included, against all other batches: chi-square on the "
            "clusters of the coarsest level, with the clusters that moved and samples to look at.",
            deps=["embeddings", "cluster_tree"],
            kinds=("scipy",),
        )
    )
    def drift_report(context: dg.AssetExecutionContext, config: DriftReportConfig) -> dg.MaterializeResult:
        return report_on(Work.begin(bench, context, "drift_report"), alarm_p=config.alarm_p)

    return drift_report


def report_on(work: Work, *, alarm_p: float) -> dg.MaterializeResult:
    """Compare the batch of this work with all others.

    Raises: GateClosed when its embeddings, or the tree, are held back by their checks.
    """
    window = work.read("embeddings")
    work.inputs["tree"] = str(work.store.exists("cluster_tree"))
    table = _compare(work, window, alarm_p=alarm_p, min_samples=work.bench.corpus.drift.min_samples)
    first = table.slice(0, 1).to_pylist()[0]
    return work.finish(
        table.sort_by([("contribution", "descending")]),
        metadata={"p-value": first["p_value"], "alarm": first["is_alarm"], "note": first["note"]},
    )


def _compare(work: Work, window: pa.Table, *, alarm_p: float, min_samples: int) -> pa.Table:
    from data_engine import clustering, drift

    if not work.store.exists("cluster_tree"):
        return _nothing(work, window.num_rows, 0, "there is no cluster tree yet, so there is nothing to compare with")
    tree, rows = work.tree(is_input=False)
    leaf_of = dict(zip(rows["sample_id"].to_pylist(), tree.leaf.tolist(), strict=True))
    if window.num_rows:
        new_leaves = clustering.assign(tree, matrix(window)).tolist()
        leaf_of |= dict(zip(window["sample_id"].to_pylist(), new_leaves, strict=True))
    top, n_top = tree.ancestors(len(tree.levels)), len(tree.levels[-1].centroids)
    arrived = _arrivals(work, leaf_of, top)
    inside = np.array([batch == work.batch for batch, _, _ in arrived], dtype=bool)
    clusters = np.array([cluster for _, _, cluster in arrived], dtype=np.int64)
    n_window, n_reference = int(inside.sum()), int((~inside).sum())
    if min(n_window, n_reference) < min_samples:
        return _nothing(
            work,
            n_window,
            n_reference,
            f"not enough data: {n_window} samples against {n_reference}; both need {min_samples}",
        )
    reference = np.bincount(clusters[~inside], minlength=n_top)
    observed = np.bincount(clusters[inside], minlength=n_top)
    shift = drift.mass_test(reference, observed)
    ids: list[list[str]] = [[] for _ in range(n_top)]
    for batch, sample_id, cluster in arrived:
        if batch == work.batch and len(ids[cluster]) < _EXAMPLES:
            ids[cluster].append(sample_id)
    return pa.table(
        {
            "batch": [work.batch] * n_top,
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


def _arrivals(work: Work, leaf_of: dict[str, int], top: NDArray[np.int32]) -> list[tuple[str, str, int]]:
    """What arrived, as (batch, sample_id, top cluster): kept samples, and duplicates in the cluster of their twin.

    Without its duplicates a batch that came first would seem to hold more of what is common than all later ones.
    """
    judged = work.store.read("first_pass", columns=["sample_id", "batch", "duplicate_of"])
    columns = [judged[name].to_pylist() for name in ("sample_id", "batch", "duplicate_of")]
    stands_for = ((batch, twin or sample_id) for sample_id, batch, twin in zip(*columns, strict=True))
    return [(batch, kept, int(top[leaf_of[kept]])) for batch, kept in stands_for if kept in leaf_of]


def _nothing(work: Work, n_samples: int, n_reference: int, note: str) -> pa.Table:
    row = {
        "batch": work.batch,
        "n_samples": n_samples,
        "n_reference": n_reference,
        "is_alarm": False,
        "sample_ids": [],
        "note": note,
    }
    return pa.Table.from_pylist([row], schema=DRIFT_REPORT)
