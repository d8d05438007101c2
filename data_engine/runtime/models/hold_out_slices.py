"""What the samples of the hold-out are told apart by, as `labels.slices` names it.

What a column stands for is in `data_engine.labeling.models.slices`.
"""

from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.labeling.models.slices import CLUSTER, COLUMNS_READ, slices_of
from data_engine.reporting.metrics.cluster_names import names_of_top_clusters
from data_engine.reporting.metrics.known_labels import ancestors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_engine.runtime.step_run import StepRun


def hold_out_slices(step_run: "StepRun", sample_ids: "Sequence[str]") -> dict[str, list[str | None]]:
    """Column to the value of every sample; nothing where the corpus names no columns."""
    columns = step_run.corpus.labels.slices
    if not columns:
        return {}
    among = {"sample_id": pa.array(sorted(set(sample_ids)), pa.string())}
    raw = step_run.look_up("raw_index", columns=list(COLUMNS_READ), among=among)
    clusters = _clusters(step_run, among) if CLUSTER in columns else {}
    return slices_of(sample_ids, columns, raw, clusters)


def _clusters(step_run: "StepRun", among: dict[str, pa.Array]) -> dict[str, str]:
    assigned = step_run.look_up("tree_assignments", columns=["sample_id", "leaf"], among=among)
    tables = {name: step_run.look_up(name) for name in ("cluster_tree", "cluster_portraits")}
    names, top = names_of_top_clusters(tables), ancestors(tables["cluster_tree"])
    leaves = zip(assigned["sample_id"].to_pylist(), assigned["leaf"].to_pylist(), strict=True)
    return {sample_id: names[int(top[leaf])] for sample_id, leaf in leaves}
