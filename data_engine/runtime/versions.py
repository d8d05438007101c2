"""Versions: what each step last wrote for each partition, from the table `step_versions`.

The version of a step's code is in `code_fingerprint.py`; what follows from a change is in `staleness.py`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_engine.storage import TableStore


@dataclass(frozen=True)
class StepVersion:
    """The last version that a step wrote for one partition."""

    step: str
    batch: str
    data_version: str
    code_version: str
    input_version: str
    table_version: int
    n_rows: int
    seconds: float
    run_id: str
    written_at: datetime
    ledger_version: int | None = None
    """The commit of its ledger rows; None where it decided nothing."""


def step_versions(
    store: "TableStore", step: str | None = None, batch: str | None = None
) -> dict[tuple[str, str], StepVersion]:
    """The last version of each step, by (step, partition); of one step or partition where that is named."""
    named = {name: value for name, value in (("step", step), ("batch", batch)) if value is not None}
    rows = store.read("step_versions", partition=named).to_pylist()
    return {(row["step"], row["batch"]): StepVersion(**row) for row in rows}


def fingerprint(parts: Mapping[str, object] | Sequence[object]) -> str:
    """One short fingerprint of several values, in a fixed order."""
    items = sorted(parts.items()) if isinstance(parts, Mapping) else list(parts)
    return hashlib.sha256(repr(items).encode()).hexdigest()[:16]


def versions_read(versions: Mapping[tuple[str, str], StepVersion]) -> str:
    """Fingerprint of what the SQL models read: which version of every step's partition, and the run that wrote it."""
    return fingerprint(
        {
            f"{step}/{batch}": (version.data_version, version.table_version, version.run_id)
            for (step, batch), version in versions.items()
            if not step.startswith("sql_")
        }
    )
