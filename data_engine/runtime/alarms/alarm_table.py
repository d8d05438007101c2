"""The table `alarms`: what crossed a limit, when, what was launched, and what settled it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.schemas import ALARMS

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime

TABLE = "alarms"


@dataclass(frozen=True)
class Alarm:
    """One alarm; a row of the schema ALARMS.

    `cause` is what it was raised for, content included: the same cause raises it once.
    """

    kind: str
    subject: str
    cause: str
    value: float
    threshold: float
    raised_at: datetime
    launched: str
    settled_at: datetime | None = None
    settled_by: str | None = None


def all_alarms(runtime: "CorpusRuntime") -> pa.Table:
    """The alarms of every kind, as `schemas.ALARMS` has them."""
    return runtime.store().read(TABLE)


def alarms_of(runtime: "CorpusRuntime", kind: str) -> dict[str, Alarm]:
    """The alarms of a kind by cause, the oldest first."""
    found = [Alarm(**row) for row in all_alarms(runtime).to_pylist() if row["kind"] == kind]
    return {alarm.cause: alarm for alarm in sorted(found, key=lambda alarm: (alarm.raised_at, alarm.cause))}


def keep_alarms(runtime: "CorpusRuntime", changed: Iterable[Alarm], *, run_id: str) -> None:
    """Keep new alarms, and what became of those that are there."""
    store = runtime.store()
    rows = {(row["kind"], row["cause"]): row for row in store.read(TABLE).to_pylist()}
    rows |= {(alarm.kind, alarm.cause): vars(alarm) for alarm in changed}
    table = pa.Table.from_pylist(list(rows.values()), schema=ALARMS).sort_by("raised_at")
    store.write(TABLE, table, run_id=run_id, code_version="1")
