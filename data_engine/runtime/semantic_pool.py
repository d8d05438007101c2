"""Repeating: which samples of a tree go because another one that stays says the same, by their embeddings."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.runtime.step_run import StepRun
from data_engine.runtime.subset_selection import embeddings_in_order
from data_engine.schemas import SEMANTIC_DUPLICATES

if TYPE_CHECKING:
    from data_engine.clustering import ClusterTree


def semantic_duplicates(
    step_run: StepRun, tree: "ClusterTree", rows: pa.Table, least_cosine: float | None
) -> tuple[NDArray[np.int64], pa.Table]:
    """What of a tree stays when semantic duplicates go.

    Which one of two stays: what was chosen the last time, before what stayed in the pool, before newcomers; among
    equals what comes first by batch and id. So no accepted sample goes for a newcomer.

    Args:
        step_run: the step's.
        tree: over all n samples.
        rows: sample_id and batch of every sample, in the tree's order.
        least_cosine: of a pair of duplicates; None where none are looked for.

    Returns: row numbers of what stays, ascending; and the others with their twins (schema SEMANTIC_DUPLICATES).
    """
    from data_engine import duplicates

    if least_cosine is None:
        return np.arange(rows.num_rows), SEMANTIC_DUPLICATES.empty_table()
    x = embeddings_in_order(step_run.store, rows["sample_id"])
    twins = duplicates.semantic_duplicates(x, tree, least_cosine=least_cosine, precedence=_precedence(step_run, rows))
    gone = np.flatnonzero(~twins.is_kept)
    columns = {
        "sample_id": rows["sample_id"].take(pa.array(gone)),
        "batch": rows["batch"].take(pa.array(gone)),
        "duplicate_of": rows["sample_id"].take(pa.array(twins.row[gone])),
        "score": twins.cosine[gone].astype(np.float64),
        "threshold": np.full(len(gone), least_cosine),
    }
    return np.flatnonzero(twins.is_kept), pa.table(columns, schema=SEMANTIC_DUPLICATES).sort_by("sample_id")


def without(tree: "ClusterTree", kept: NDArray[np.int64]) -> "ClusterTree":
    """The same tree over some of its samples."""
    from data_engine.clustering import with_samples

    return with_samples(tree, tree.leaf[kept], None if tree.distance is None else tree.distance[kept])


def _precedence(step_run: StepRun, rows: pa.Table) -> NDArray[np.int64]:
    """(n,) rank of every sample by what this step decided the last time, then by batch and id."""
    last = step_run.store.read(
        "ledger", partition={"step": step_run.step, "batch": ""}, columns=["sample_id", "verdict"]
    )
    decided = last["verdict"].take(pc.index_in(rows["sample_id"], value_set=last["sample_id"].combine_chunks()))
    standing = pc.fill_null(pc.index_in(decided, value_set=pa.array(_STANDING)), len(_STANDING))
    ordered = pc.sort_indices(
        rows.select(["batch", "sample_id"]).append_column("standing", standing),
        [("standing", "ascending"), ("batch", "ascending"), ("sample_id", "ascending")],
    )
    rank = np.empty(rows.num_rows, np.int64)
    rank[ordered.to_numpy()] = np.arange(rows.num_rows)
    return rank


#: What this step decided the last time, from what stays first.
_STANDING = ("chosen", "not_chosen")
