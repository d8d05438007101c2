"""The classifier in service: the version that proposals come from, its gate, and how old its newest audit is.

Training and comparing classifiers is in `labeling.training`.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from data_engine.labeling import Classifier
    from data_engine.runtime.accepted_tables import AcceptedTables


def classifier_in_service(history: pa.Table) -> "Classifier | None":
    """The classifier that proposals come from; None before the first."""
    from data_engine.labeling import Classifier, row_in_service

    row = row_in_service(history)
    return None if row is None else Classifier.from_bytes(row["artefact"])


def gate_threshold(tables: "AcceptedTables") -> float | None:
    """The probability at and above which the gate in service accepts; None when it accepts nothing."""
    from data_engine.labeling import row_in_service

    row = row_in_service(tables.read("classifier"))
    return None if row is None else row["gate_threshold"]


def newest_audit_age_days(tables: "AcceptedTables") -> float | None:
    """Days since somebody last answered a hold-out or audit task; None when nobody has.

    The time is that of the answer, in the ledger, however often the answers were taken over since.
    """
    reviewed = tables.read("reviewed_labels", columns=["review_batch", "sample_id", "purpose"])
    audited = reviewed.filter(pc.is_in(reviewed["purpose"], pa.array(["hold_out", "audit"])))
    answered: list[datetime] = []
    for batch in pc.unique(audited["review_batch"]).to_pylist():
        of_batch = audited.filter(pc.equal(audited["review_batch"], batch))["sample_id"].combine_chunks()
        decided = tables.decisions("reviewed_labels", batch)
        answered += decided.filter(pc.is_in(decided["sample_id"], of_batch))["decided_at"].to_pylist()
    return (datetime.now(UTC) - max(answered)).total_seconds() / 86_400 if answered else None
