"""Versions: what each step last wrote for each partition, and what its checks accepted before that.

The version of a step's code is in `code_fingerprint.py`; what follows from a change is in `staleness.py`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.schemas import ACCEPTED_VERSIONS, STEP_VERSIONS

if TYPE_CHECKING:
    from data_engine.storage import TableStore

_AS_JSON = ("table_versions", "made_with", "made_from")


@dataclass(frozen=True)
class StepVersion:
    """A version that a step wrote for one partition.

    Attributes:
        table_version: Delta version of the step's own table.
        table_versions: Delta versions of its further tables and of its ledger, and of what it read: `table`, or
            `table/partition` where it read many; of a step with partitions also of what that was made from in turn.
        made_with: The settings that it used, without secrets, as `made_from/settings.py` names them; and of a step that
            reads or makes vectors `encoder` and `encoder_version`, those of the vectors. Empty in rows of an earlier
            engine.
        made_from: `code`, the fingerprint of its code alone, and `inputs`, the version of each by name. Empty in rows
            of an earlier engine.
    """

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
    table_versions: Mapping[str, int] = field(default_factory=dict)
    made_with: Mapping[str, Any] = field(default_factory=dict)
    made_from: Mapping[str, Any] = field(default_factory=dict)

    def version_of(self, table: str) -> int | None:
        """The Delta version of a table that it wrote or read; None where it does not say."""
        return self.table_version if table == self.step else self.table_versions.get(table)


@dataclass(frozen=True)
class EarlierVersion:
    """The last version that was accepted before the one that a step wrote now, and what its checks say today.

    Attributes:
        verdict_key: Content and rules that it was last judged by.
        is_accepted: Whether it passed.
    """

    version: StepVersion
    verdict_key: str
    is_accepted: bool


def step_versions(
    store: "TableStore", step: str | None = None, batch: str | None = None
) -> dict[tuple[str, str], StepVersion]:
    """The last version of each step, by (step, partition); of one step or partition where that is named."""
    rows = store.read("step_versions", partition=_named(step, batch)).to_pylist()
    return {(row["step"], row["batch"]): _version(row) for row in rows}


def earlier_versions(store: "TableStore", step: str, batch: str | None = None) -> dict[str, EarlierVersion]:
    """The versions of a step that were accepted before its last ones, by partition."""
    rows = store.read("accepted_versions", partition=_named(step, batch)).to_pylist()
    return {row["batch"]: EarlierVersion(_version(row), row["verdict_key"], row["is_accepted"]) for row in rows}


def write_version(store: "TableStore", version: StepVersion) -> None:
    """Keep what a step, or the SQL models, last wrote for one partition."""
    _write(store, "step_versions", version, pa.Table.from_pylist([_row(version)], schema=STEP_VERSIONS))


def write_earlier_version(store: "TableStore", earlier: EarlierVersion) -> None:
    """Keep a version that was accepted, before the step writes its next one, or when it was judged again."""
    row = {**_row(earlier.version), "verdict_key": earlier.verdict_key, "is_accepted": earlier.is_accepted}
    table = pa.Table.from_pylist([row], schema=ACCEPTED_VERSIONS)
    _write(store, "accepted_versions", earlier.version, table)


def _write(store: "TableStore", name: str, version: StepVersion, rows: pa.Table) -> None:
    partition = {"step": version.step, "batch": version.batch}
    store.write(name, rows, partition=partition, run_id=version.run_id, code_version="1")


def _named(step: str | None, batch: str | None) -> dict[str, str]:
    return {name: value for name, value in (("step", step), ("batch", batch)) if value is not None}


def _row(version: StepVersion) -> dict[str, Any]:
    return {**vars(version), **{name: json.dumps(dict(getattr(version, name)), sort_keys=True) for name in _AS_JSON}}


def _version(row: Mapping[str, Any]) -> StepVersion:
    values = {name: row[name] for name in STEP_VERSIONS.names}
    return StepVersion(**{**values, **{name: json.loads(values[name] or "{}") for name in _AS_JSON}})


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
