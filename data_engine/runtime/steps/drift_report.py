"""drift_report: whether a batch differs from what the corpus held before, in which clusters and samples."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine import clustering, drift
from data_engine.runtime.examples.drift_arrivals import arrivals, clusters_in_tree
from data_engine.runtime.examples.drift_reference import MOST_KNOWN, known_samples
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas import DRIFT_REPORT, TREE_ASSIGNMENTS
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
    step_run.tables.verdicts.require("cluster_tree", "")
    # Of the tree that this stands on, samples are read only when there are no counts of them.
    step_run.scan("tree_assignments")
    tree = clustering.tree_of(step_run.look_up("cluster_tree"), TREE_ASSIGNMENTS.empty_table())
    x = float_rows(window["embedding"])
    arrived = _arrivals(step_run, tree, one_array(window["sample_id"]), x)
    n_window, n_reference = len(arrived.cluster), int(arrived.reference.sum())
    if min(n_window, n_reference) < limits.min_samples:
        note = f"not enough data: {n_window} samples against {n_reference}; both need {limits.min_samples}"
        return _nothing(step_run, n_window, n_reference, note)
    novelty, centre = _novelty_and_centre(step_run, arrived, one_array(window["sample_id"]), x)
    found = _Found(novelty, centre, window["sample_id"].to_pylist())
    return _report(step_run, arrived, tree.levels[-1].centroids, found, limits)


def _arrivals(
    step_run: StepRun, tree: "ClusterTree", new_ids: pa.Array, x: NDArray[np.float32]
) -> "drift.BatchArrivals":
    """What arrived: kept samples, and duplicates in the cluster of their twin.

    Without its duplicates a batch that came first would seem to hold more of what is common than all later ones.
    """
    leaves = np.asarray(clustering.assign(tree, x), np.int64) if len(x) else np.empty(0, np.int64)
    own = step_run.scan("first_pass").to_table(
        columns=["sample_id", "duplicate_of"], filter=pc.field("batch") == step_run.batch
    )
    return arrivals(step_run, tree, MOST_KNOWN).of_batch(
        step_run.batch,
        own,
        new_ids,
        tree.ancestors(len(tree.levels))[leaves].astype(np.int64),
        partial(clusters_in_tree, step_run, tree),
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """What the vectors say of a batch: its novelty and the p-value of its centre, None of too few; its samples."""

    novelty: "drift.Novelty | None"
    centre: float | None
    window_ids: list[str]


def _novelty_and_centre(
    step_run: StepRun, arrived: "drift.BatchArrivals", new_ids: pa.Array, x: NDArray[np.float32]
) -> "tuple[drift.Novelty | None, float | None]":
    """How new what arrived is, and whether its centre moved; None where there are too few different samples to tell."""
    samples = arrived.all.known
    known, rows = known_samples(step_run, samples)
    known_ids = one_array(samples["sample_id"].take(pa.array(rows)))
    own = known.batches[pc.equal(samples["batch"].take(pa.array(rows)), step_run.batch).to_numpy()]
    batch = int(own[0]) if len(own) else -1
    if min(len(x), known.n_others(batch)) < step_run.corpus.drift.min_samples:
        return None, None
    elsewhere, of_window = arrived.elsewhere(known_ids), arrived.inside(new_ids)
    novelty = drift.novelty_of_arrivals(
        known,
        batch,
        x,
        known_elsewhere=elsewhere,
        window_inside=of_window,
        window_elsewhere=arrived.elsewhere(new_ids),
        n_inside=len(arrived.cluster),
        seed=step_run.corpus.seed_for("drift"),
    )
    repeated = np.where(known.batches == batch, 0, arrived.inside(known_ids))
    centre = drift.centre_of_arrivals(
        known.embeddings,
        x,
        known_elsewhere=elsewhere,
        known_inside=repeated,
        window_inside=of_window,
        n_inside=len(arrived.cluster),
        is_all=len(rows) == samples.num_rows,
    )
    return novelty, centre


def _report(
    step_run: StepRun,
    arrived: "drift.BatchArrivals",
    centroids: NDArray[np.float32],
    found: _Found,
    limits: "DriftAlarm",
) -> pa.Table:
    """One row per cluster of the coarsest level, and one for the samples that are unlike all known ones."""
    seed, reference, observed = step_run.corpus.seed_for("drift"), arrived.reference, arrived.observed
    levels = drift.levels_above(centroids, reference, seed=seed)
    mass, novelty, centre = drift.mass_p(reference, observed, seed=seed, levels=levels), found.novelty, found.centre
    p_value = mass if novelty is None or centre is None else drift.pair_p(novelty.p_value, mass, centre)
    examples = _examples(arrived)
    shared = {
        "batch": step_run.batch,
        "p_value": p_value,
        "novelty_p": None if novelty is None else novelty.p_value,
        "mass_p": mass,
        "centre_p": centre,
        "n_samples": int(observed.sum()),
        "n_reference": int(reference.sum()),
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


def _examples(arrived: "drift.BatchArrivals") -> list[list[str]]:
    """Up to ten samples of the batch in each cluster, in the order in which they arrived."""
    ids: list[list[str]] = [[] for _ in arrived.reference]
    for cluster, sample_id in zip(arrived.cluster.tolist(), arrived.sample_ids.to_pylist(), strict=True):
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
