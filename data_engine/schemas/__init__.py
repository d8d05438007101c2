"""One Arrow schema per table of a corpus, in one place; writing anything else fails and names the column.

A table's rows never hold a run id or the time of the run (only the ledger and the bookkeeping tables do), so that
the same input gives the same rows and the same data version. Which step writes a table is in `runtime/plan.py`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

from data_engine.schemas.arrival import BREAKS_OFF, DRIFT_REPORT, EMBEDDINGS, FIRST_PASS, GIVES_NOTHING, RAW_INDEX
from data_engine.schemas.bookkeeping import (
    ACCEPTED_VERSIONS,
    ALARMS,
    CHECK_RESULTS,
    LEDGER,
    MASK_NETWORKS,
    MODEL_PROMOTIONS,
    STEP_VERSIONS,
)
from data_engine.schemas.fields import FILLED, answer_text, is_filled
from data_engine.schemas.labelling import (
    CLASSIFIER,
    CLASSIFIER_FIGURES,
    DISTILLED_ANSWERS,
    FOUNDATION_ANSWERS,
    FOUNDATION_ROUNDS,
    LABELS,
    PROPOSALS,
    REVIEWED_LABELS,
)
from data_engine.schemas.publication import (
    ANNOTATION_STAGES,
    CARRIED_MASKS,
    CLASS_STAGES,
    COSTS,
    LABEL_TRENDS,
    QUALITY_REPORT,
    RELEASE,
)
from data_engine.schemas.selection import (
    BALANCED_SUBSET,
    CLUSTER_PORTRAITS,
    CLUSTER_TREE,
    SEMANTIC_DUPLICATES,
    SUBSET_COMPARISON,
    SUBSET_PROOF,
    TREE_ASSIGNMENTS,
    TREE_EXPLANATION,
)

__all__ = [
    "ACCEPTED_VERSIONS",
    "ALARMS",
    "ANNOTATION_STAGES",
    "BALANCED_SUBSET",
    "BREAKS_OFF",
    "CARRIED_MASKS",
    "CHECK_RESULTS",
    "CLASSIFIER",
    "CLASSIFIER_FIGURES",
    "CLASS_STAGES",
    "CLUSTER_PORTRAITS",
    "CLUSTER_TREE",
    "COSTS",
    "DISTILLED_ANSWERS",
    "DRIFT_REPORT",
    "EMBEDDINGS",
    "FILLED",
    "FIRST_PASS",
    "FORMER_NAMES",
    "FOUNDATION_ANSWERS",
    "FOUNDATION_ROUNDS",
    "GIVES_NOTHING",
    "LABELS",
    "LABEL_TRENDS",
    "LEDGER",
    "MASK_NETWORKS",
    "MODEL_PROMOTIONS",
    "PARTITION_COLUMNS",
    "PROPOSALS",
    "QUALITY_REPORT",
    "RAW_INDEX",
    "RELEASE",
    "REVIEWED_LABELS",
    "SCHEMAS",
    "SEMANTIC_DUPLICATES",
    "STEP_VERSIONS",
    "SUBSET_COMPARISON",
    "SUBSET_PROOF",
    "TABLES",
    "TREE_ASSIGNMENTS",
    "TREE_EXPLANATION",
    "Table",
    "Tables",
    "answer_text",
    "is_filled",
]

#: Tables of a corpus by name, as checks and reports are given them.
Tables = Mapping[str, pa.Table]


class Table(NamedTuple):
    """A table of a corpus."""

    schema: pa.Schema
    partition_by: tuple[str, ...] = ()
    """Columns by which it is partitioned on disk and replaced piece by piece; without any it is replaced whole."""


#: Every table of a corpus by name.
TABLES: dict[str, Table] = {
    "raw_index": Table(RAW_INDEX, ("batch",)),
    "first_pass": Table(FIRST_PASS, ("batch",)),
    "embeddings": Table(EMBEDDINGS, ("batch",)),
    "cluster_tree": Table(CLUSTER_TREE),
    "tree_assignments": Table(TREE_ASSIGNMENTS),
    "cluster_portraits": Table(CLUSTER_PORTRAITS),
    "tree_explanation": Table(TREE_EXPLANATION),
    "balanced_subset": Table(BALANCED_SUBSET),
    "semantic_duplicates": Table(SEMANTIC_DUPLICATES),
    "subset_comparison": Table(SUBSET_COMPARISON),
    "subset_proof": Table(SUBSET_PROOF),
    "classifier": Table(CLASSIFIER),
    "classifier_figures": Table(CLASSIFIER_FIGURES),
    "mask_networks": Table(MASK_NETWORKS),
    "model_promotions": Table(MODEL_PROMOTIONS),
    "alarms": Table(ALARMS),
    "proposals": Table(PROPOSALS),
    "foundation_answers": Table(FOUNDATION_ANSWERS),
    "foundation_rounds": Table(FOUNDATION_ROUNDS),
    "distilled_answers": Table(DISTILLED_ANSWERS),
    "reviewed_labels": Table(REVIEWED_LABELS, ("review_batch",)),
    "labels": Table(LABELS),
    "quality_report": Table(QUALITY_REPORT),
    "costs": Table(COSTS),
    "label_trends": Table(LABEL_TRENDS),
    "annotation_stages": Table(ANNOTATION_STAGES),
    "class_stages": Table(CLASS_STAGES),
    "carried_masks": Table(CARRIED_MASKS),
    "drift_report": Table(DRIFT_REPORT, ("batch",)),
    "release": Table(RELEASE),
    "ledger": Table(LEDGER, ("step", "batch")),
    "check_results": Table(CHECK_RESULTS, ("step", "batch")),
    "step_versions": Table(STEP_VERSIONS, ("step", "batch")),
    "accepted_versions": Table(ACCEPTED_VERSIONS, ("step", "batch")),
}

SCHEMAS: dict[str, pa.Schema] = {name: table.schema for name, table in TABLES.items()}

PARTITION_COLUMNS: dict[str, tuple[str, ...]] = {
    name: table.partition_by for name, table in TABLES.items() if table.partition_by
}

#: Tables that earlier versions wrote under another name; they are found and moved when they are first asked for.
FORMER_NAMES: dict[str, str] = {"check_results": "gates"}
