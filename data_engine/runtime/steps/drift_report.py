"""drift_report: whether a batch differs from what the corpus held before, in which clusters and samples."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine import clustering, drift
from data_engine.runtime.examples.drift_reference import known_samples
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas import DRIFT_REPORT
from data_engine.schemas.long_columns import one_array
from data_engine.storage import float_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_engine.clustering import ClusterTree
    from data_engine.corpus.drift import DriftAlarm

#: Samples that are named of a cluster, and of those that are unlike all known ones.
_EXAMPLES, _NOVEL = 10, 100


def drift_report(step_run: StepRun) -> StepResult:
    """Compare a batch with all others."""
    window, limits = step_run.read("embeddings"), step_run.corpus.drift
    step_run.inputs["cluster_tree?"] = str(step_run.exists("cluster_tree"))
    table = _other_vectors(step_run, window) or _compare(step_run, window, limits)
    first = table.slice(0, 1).to_pylist()[0]
    return step_run.finish(
        table.sort_by([("contribution", "descending")]),
        metadata={
            "p-value": first["p_value"],
            "p-value of novelty": first["novelty_p"],
            "p-value of the clusters' shares": first["mass_p"],
            "p-value of the centre": first["centre_p"],
            "alarm": first["is_alarm"],
            "note": first["note"],
        },
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


def _compare(step_run: StepRun, window: pa.Table, limits: "DriftAlarm") -> pa.Table:
    if not step_run.exists("cluster_tree"):
        note = "there is no cluster tree yet, so there is nothing to compare with"
        return _nothing(step_run, window.num_rows, 0, note)
    tree, samples = step_run.tree(is_input=False)
    x = float_rows(window["embedding"])
    arrived = _arrivals(step_run, tree, samples, window["sample_id"], x)
    n_window = int(arrived.is_of_batch.sum())
    n_reference = len(arrived.is_of_batch) - n_window
    if min(n_window, n_reference) < limits.min_samples:
        note = f"not enough data: {n_window} samples against {n_reference}; both need {limits.min_samples}"
        return _nothing(step_run, n_window, n_reference, note)
    novelty, centre = _novelty_and_centre(step_run, samples, arrived, window["sample_id"], x)
    found = _Found(novelty, centre, window["sample_id"].to_pylist())
    return _report(step_run, arrived, tree.levels[-1].centroids, found, limits)


@dataclass(frozen=True, eq=False)
class _Arrivals:
    """(n,) whether each arrival is of the batch, its cluster of the coarsest level, and the sample that was kept."""

    is_of_batch: NDArray[np.bool_]
    cluster: NDArray[np.int64]
    sample_ids: pa.Array

    def counts(self, sample_ids: pa.ChunkedArray, among: NDArray[np.bool_]) -> NDArray[np.int64]:
        """(m,) how many of some of the arrivals stand for each of these samples."""
        place = pc.index_in(self.sample_ids.filter(pa.array(among)), value_set=one_array(sample_ids))
        return np.bincount(place.drop_null().to_numpy(), minlength=len(sample_ids)).astype(np.int64)


def _arrivals(
    step_run: StepRun, tree: "ClusterTree", samples: pa.Table, new_ids: pa.ChunkedArray, x: NDArray[np.float32]
) -> _Arrivals:
    """What arrived: kept samples, and duplicates in the cluster of their twin.

    Without its duplicates a batch that came first would seem to hold more of what is common than all later ones.
    """
    ids, leaves = [*new_ids.chunks, *samples["sample_id"].chunks], [np.asarray(tree.leaf, np.int64)]
    if len(x):
        leaves.insert(0, np.asarray(clustering.assign(tree, x), np.int64))
    judged = step_run.look_up("first_pass", columns=["sample_id", "batch", "duplicate_of"])
    twins = pc.if_else(
        pc.equal(pc.fill_null(judged["duplicate_of"], ""), ""), judged["sample_id"], judged["duplicate_of"]
    )
    place = pc.index_in(twins, value_set=one_array(pa.chunked_array(ids, pa.string())))
    is_kept = place.is_valid()
    top = tree.ancestors(len(tree.levels))
    cluster = top[np.concatenate(leaves)[place.filter(is_kept).to_numpy()]].astype(np.int64)
    is_of_batch = pc.equal(judged["batch"].filter(is_kept), step_run.batch).to_numpy()
    return _Arrivals(is_of_batch, cluster, one_array(twins.filter(is_kept)))


@dataclass(frozen=True, eq=False)
class _Found:
    """What the vectors say of a batch: its novelty and the p-value of its centre, None of too few; its samples."""

    novelty: "drift.Novelty | None"
    centre: float | None
    window_ids: list[str]


def _novelty_and_centre(
    step_run: StepRun, samples: pa.Table, arrived: _Arrivals, new_ids: pa.ChunkedArray, x: NDArray[np.float32]
) -> "tuple[drift.Novelty | None, float | None]":
    """How new what arrived is, and whether its centre moved; None where there are too few different samples to tell."""
    known, rows = known_samples(step_run, samples)
    known_ids = samples["sample_id"].take(pa.array(rows))
    own = known.batches[pc.equal(samples["batch"].take(pa.array(rows)), step_run.batch).to_numpy()]
    batch = int(own[0]) if len(own) else -1
    if min(len(x), known.n_others(batch)) < step_run.corpus.drift.min_samples:
        return None, None
    inside = arrived.is_of_batch
    elsewhere, of_window = arrived.counts(known_ids, ~inside), arrived.counts(new_ids, inside)
    novelty = drift.novelty_of_arrivals(
        known,
        batch,
        x,
        known_elsewhere=elsewhere,
        window_inside=of_window,
        window_elsewhere=arrived.counts(new_ids, ~inside),
        n_inside=int(inside.sum()),
        seed=step_run.corpus.seed_for("drift"),
    )
    repeated = np.where(known.batches == batch, 0, arrived.counts(known_ids, inside))
    centre = drift.centre_of_arrivals(
        known.embeddings,
        x,
        known_elsewhere=elsewhere,
        known_inside=repeated,
        window_inside=of_window,
        n_inside=int(inside.sum()),
        is_all=len(rows) == samples.num_rows,
    )
    return novelty, centre


def _report(
    step_run: StepRun,
    arrived: _Arrivals,
    centroids: NDArray[np.float32],
    found: _Found,
    limits: "DriftAlarm",
) -> pa.Table:
    """One row per cluster of the coarsest level, and one for the samples that are unlike all known ones."""
    inside, n_top, seed = arrived.is_of_batch, len(centroids), step_run.corpus.seed_for("drift")
    reference = np.bincount(arrived.cluster[~inside], minlength=n_top)
    observed = np.bincount(arrived.cluster[inside], minlength=n_top)
    levels = drift.levels_above(centroids, reference, seed=seed)
    mass, novelty, centre = drift.mass_p(reference, observed, seed=seed, levels=levels), found.novelty, found.centre
    p_value = mass if novelty is None or centre is None else drift.pair_p(novelty.p_value, mass, centre)
    examples = _examples(arrived, n_top)
    shared = {
        "batch": step_run.batch,
        "p_value": p_value,
        "novelty_p": None if novelty is None else novelty.p_value,
        "mass_p": mass,
        "centre_p": centre,
        "n_samples": int(inside.sum()),
        "n_reference": len(inside) - int(inside.sum()),
        "is_alarm": p_value < limits.alarm_p,
        "is_suspect": p_value < limits.repeated_p,
        "note": _what_was_compared(levels, novelty),
    }
    shares = zip(
        (reference / reference.sum()).tolist(),
        (observed / observed.sum()).tolist(),
        drift.mass_test(reference, observed).contributions.tolist(),
        strict=True,
    )
    rows = [
        {"cluster": n, "expected_share": e, "observed_share": o, "contribution": c, "sample_ids": examples[n], **shared}
        for n, (e, o, c) in enumerate(shares)
    ]
    if novelty is not None and len(novelty.rows):
        rows.append({"sample_ids": [found.window_ids[row] for row in novelty.rows[:_NOVEL]], **shared})
    return pa.Table.from_pylist(rows, schema=DRIFT_REPORT)


def _examples(arrived: _Arrivals, n_top: int) -> list[list[str]]:
    """Up to ten samples of the batch in each cluster, in the order in which they arrived."""
    ids: list[list[str]] = [[] for _ in range(n_top)]
    rows = np.flatnonzero(arrived.is_of_batch)
    for cluster, sample_id in zip(
        arrived.cluster[rows].tolist(), arrived.sample_ids.take(pa.array(rows)).to_pylist(), strict=True
    ):
        if len(ids[cluster]) < _EXAMPLES:
            ids[cluster].append(sample_id)
    return ids


def _what_was_compared(levels: "Sequence[NDArray[np.int64]]", novelty: "drift.Novelty | None") -> str:
    sizes = ", ".join(str(int(level.max()) + 1) for level in levels)
    counts = f"chi-square over {sizes} clusters, from the coarsest level up"
    if novelty is None:
        return f"{counts} against all other batches; too few different samples to tell whether they are new"
    return f"{counts}, likeness to the nearest known sample, and the centre, against all other batches"


def _nothing(step_run: StepRun, n_samples: int, n_reference: int, note: str) -> pa.Table:
    row = {
        "batch": step_run.batch,
        "n_samples": n_samples,
        "n_reference": n_reference,
        "is_alarm": False,
        "is_suspect": False,
        "sample_ids": [],
        "note": note,
    }
    return pa.Table.from_pylist([row], schema=DRIFT_REPORT)
