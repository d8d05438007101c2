"""What arrived in all batches as a test for drift needs it, counted once per tree and kept between runs."""

from logging import getLogger
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from data_engine import drift
from data_engine.runtime.versions import fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data_engine.clustering import ClusterTree
    from data_engine.runtime.step_run import StepRun

logger = getLogger(__name__)

_FILES = "drift-arrivals-*.arrow"


def arrivals(step_run: "StepRun", tree: "ClusterTree", most_known: int) -> drift.ArrivalCounts:
    """What arrived in all accepted batches, in the clusters of the coarsest level.

    Only the first batch that is tested after the tree, or the verdicts on a batch, have changed reads all rows.

    Args:
        step_run: the step's.
        tree: the tree in service; its own samples are not looked at.
        most_known: samples that stand for the corpus, which are told apart.
    """
    name = _FILES.replace("*", _state(step_run))
    kept = _read(step_run, name)
    if kept is None:
        kept = _counted(step_run, tree, most_known)
        _write(step_run, name, kept)
    return kept


def clusters_in_tree(step_run: "StepRun", tree: "ClusterTree", sample_ids: pa.Array) -> "NDArray[np.int64]":
    """(n,) the cluster of the coarsest level that the tree has some samples in; -1 for others."""
    found = step_run.look_up("tree_assignments", columns=["sample_id", "leaf"], among={"sample_id": sample_ids})
    top = tree.ancestors(len(tree.levels))[found["leaf"].to_numpy()]
    cluster = dict(zip(found["sample_id"].to_pylist(), top.tolist(), strict=True))
    return np.array([cluster.get(sample_id, -1) for sample_id in sample_ids.to_pylist()], np.int64)


def _counted(step_run: "StepRun", tree: "ClusterTree", most_known: int) -> drift.ArrivalCounts:
    assigned = step_run.look_up("tree_assignments", columns=["sample_id", "batch", "leaf"])
    judged = step_run.look_up("first_pass", columns=["sample_id", "batch", "duplicate_of"])
    top = tree.ancestors(len(tree.levels))[assigned["leaf"].to_numpy()].astype(np.int64)
    n_clusters = len(tree.levels[-1].centroids)
    return drift.count_arrivals(assigned, judged, top, n_clusters, most_known=most_known)


def _state(step_run: "StepRun") -> str:
    """What the counts depend on: the tree with its samples, the verdicts on all batches, and the code."""
    verdicts = step_run.tables.verdicts
    made, accepted = verdicts.require("cluster_tree", ""), verdicts.accepted("first_pass")
    judged = step_run.tables.partitions("first_pass")
    return fingerprint(
        [
            (made.data_version, made.table_version, made.run_id),
            [(batch, version, accepted[batch].data_version) for batch, version in judged.items() if batch in accepted],
            sorted(judged),
            step_run.runtime.code_version("drift_report"),
        ]
    )


def _read(step_run: "StepRun", name: str) -> drift.ArrivalCounts | None:
    """What was kept; None where there is nothing, or where the file is damaged."""
    content = step_run.artefacts().get(name)
    if content is None:
        return None
    try:
        reader = pa.BufferReader(content)
        counts, known, shared = (pa.ipc.open_stream(reader).read_all() for _ in range(3))
    except (pa.ArrowException, OSError) as error:
        logger.warning("what arrived in all batches is damaged and is counted anew (%s)", error)
        return None
    numbers = np.stack([counts[column].to_numpy() for column in counts.column_names[1:]], axis=1)
    return drift.ArrivalCounts(counts["batch"].combine_chunks(), numbers, known, shared)


def _write(step_run: "StepRun", name: str, found: drift.ArrivalCounts) -> None:
    of_clusters = {str(number): column for number, column in enumerate(found.counts.T)}
    stream = pa.BufferOutputStream()
    for table in (pa.table({"batch": found.batches, **of_clusters}), found.known, found.shared):
        with pa.ipc.new_stream(stream, table.schema) as file:
            file.write_table(table)
    step_run.artefacts().put_instead(name, stream.getvalue().to_pybytes(), of=_FILES)
