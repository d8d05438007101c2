"""Check inputs: the tables and values that the checks of a step need.

The checks themselves are in `quality/suites/`. A step whose checks need more than tables has a function `check_inputs`
in its file in `runtime/steps/`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.runtime.plan import WRITTEN_BY, partition_column

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.storage import TableStore


@dataclass(frozen=True)
class CheckedStep:
    """A step's partition that is about to be checked.

    Attributes:
        runtime: The corpus.
        store: Its tables.
        batch: The partition; empty for a step without.
        tables: What the suite is given, by name; a step's `check_inputs` may add to it or replace an entry.
        accepted: Gives the batches of another step that passed its checks.
    """

    runtime: "CorpusRuntime"
    store: "TableStore"
    batch: str
    tables: dict[str, pa.Table]
    accepted: Callable[[str], list[str]]


def check_inputs_of(step: str, checked: CheckedStep) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """The tables, and the further values by name, that the suite of a step takes."""
    from data_engine.quality import TABLES

    for name in TABLES[step]:
        if name in WRITTEN_BY:
            checked.tables[name] = _read(checked.store, name, checked.batch)
    further = getattr(import_module(f"data_engine.runtime.steps.{step}"), "check_inputs", None)
    return checked.tables, {} if further is None else further(checked)


def _read(store: "TableStore", table: str, batch: str) -> pa.Table:
    column = partition_column(table) if batch else ""
    return store.read(table, partition={column: batch} if column else None)
