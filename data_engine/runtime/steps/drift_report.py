"""drift_report: whether a batch differs from what the tree has seen before, and in which clusters."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine import clustering, drift
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas import DRIFT_REPORT
from data_engine.storage import float_rows

_EXAMPLES = 10


def drift_report(step_run: StepRun) -> StepResult:
    """Compare a batch with all others."""
    window, limits = step_run.read("embeddings"), step_run.corpus.drift
    step_run.inputs["cluster_tree?"] = str(step_run.exists("cluster_tree"))
    table = _other_vectors(step_run, window) or _compare(
        step_run, window, alarm_p=limits.alarm_p, min_samples=limits.min_samples
    )
    first = table.slice(0, 1).to_pylist()[0]
    return step_run.finish(
        table.sort_by([("contribution", "descending")]),
        metadata={"p-value": first["p_value"], "alarm": first["is_alarm"], "note": first["note"]},
        encoder=step_run.encoder_in_use(),
    )


def _other_vectors(step_run: StepRun, window: pa.Table) -> pa.Table | None:
    """The report where the tree is of another encoder than the batch, which is made again with the next tree."""
    if not step_run.exists("cluster_tree"):
        return None
    tree, batch = step_run.encoder_of("cluster_tree"), step_run.encoder_in_use()
    if tree.version in ("", batch.version):
        return None
    step_run.inputs["cluster_tree?"] = f"of {tree.version}"
    note = f"the cluster tree is of vectors of {tree.shown}, the batch of {batch.shown}; compared with the next tree"
    return _nothing(step_run, window.num_rows, 0, note)


def _compare(step_run: StepRun, window: pa.Table, *, alarm_p: float, min_samples: int) -> pa.Table:
    if not step_run.exists("cluster_tree"):
        note = "there is no cluster tree yet, so there is nothing to compare with"
        return _nothing(step_run, window.num_rows, 0, note)
    tree, rows = step_run.tree(is_input=False)
    leaf_of = dict(zip(rows["sample_id"].to_pylist(), tree.leaf.tolist(), strict=True))
    if window.num_rows:
        new_leaves = clustering.assign(tree, float_rows(window["embedding"])).tolist()
        leaf_of |= dict(zip(window["sample_id"].to_pylist(), new_leaves, strict=True))
    arrived = _arrivals(step_run, leaf_of, tree.ancestors(len(tree.levels)))
    n_window = sum(batch == step_run.batch for batch, _, _ in arrived)
    n_reference = len(arrived) - n_window
    if min(n_window, n_reference) < min_samples:
        note = f"not enough data: {n_window} samples against {n_reference}; both need {min_samples}"
        return _nothing(step_run, n_window, n_reference, note)
    return _shift(step_run.batch, arrived, len(tree.levels[-1].centroids), alarm_p)


def _shift(batch: str, arrived: list[tuple[str, str, int]], n_top: int, alarm_p: float) -> pa.Table:
    """One row per cluster of the coarsest level: its share of the batch against its share of all others."""
    inside = np.array([other == batch for other, _, _ in arrived], dtype=bool)
    clusters = np.array([cluster for _, _, cluster in arrived], dtype=np.int64)
    reference = np.bincount(clusters[~inside], minlength=n_top)
    observed = np.bincount(clusters[inside], minlength=n_top)
    n_window, n_reference = int(inside.sum()), int((~inside).sum())
    shift = drift.mass_test(reference, observed)
    ids: list[list[str]] = [[] for _ in range(n_top)]
    for other, sample_id, cluster in arrived:
        if other == batch and len(ids[cluster]) < _EXAMPLES:
            ids[cluster].append(sample_id)
    return pa.table(
        {
            "batch": [batch] * n_top,
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
    """Arrivals as (batch, sample_id, top cluster): kept samples, and duplicates in the cluster of their twin.

    Without its duplicates a batch that came first would seem to hold more of what is common than all later ones.
    """
    judged = step_run.look_up("first_pass", columns=["sample_id", "batch", "duplicate_of"])
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
