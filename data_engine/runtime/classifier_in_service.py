"""The classifier in service: the version that proposals come from, its gate, and how old its newest audit is.

Training and comparing classifiers is in `labeling.training`.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.runtime.versions import step_versions

if TYPE_CHECKING:
    from data_engine.labeling import Classifier
    from data_engine.storage import TableStore


def classifier_in_service(history: pa.Table) -> "Classifier | None":
    """The classifier that proposals come from; None before the first."""
    from data_engine.labeling import Classifier, row_in_service

    row = row_in_service(history)
    return None if row is None else Classifier.from_bytes(row["artefact"])


def gate_threshold(store: "TableStore") -> float | None:
    """The probability at and above which the gate in service accepts; None when it accepts nothing."""
    from data_engine.labeling import row_in_service

    row = row_in_service(store.read("classifier"))
    return None if row is None else row["gate_threshold"]


def newest_audit_age_days(store: "TableStore") -> float | None:
    """Days since somebody last answered a hold-out or audit task; None when nobody has."""
    reviewed = store.read("reviewed_labels", columns=["review_batch", "purpose"])
    audited = reviewed.filter(pc.is_in(reviewed["purpose"], pa.array(["hold_out", "audit"])))
    batches = set(audited["review_batch"].to_pylist())
    versions = step_versions(store, "reviewed_labels")
    written = [version.written_at for (_, batch), version in versions.items() if batch in batches]
    return (datetime.now(UTC) - max(written)).total_seconds() / 86_400 if written else None
