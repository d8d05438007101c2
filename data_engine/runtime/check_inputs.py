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
from data_engine.schemas import SCHEMAS

if TYPE_CHECKING:
    from data_engine.quality import Needs
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
    from data_engine.quality import suite_of

    suite = suite_of(step)
    for name in suite.tables:
        if name in WRITTEN_BY:
            checked.tables[name] = _read(checked, name, suite.needs.get(name))
    further = getattr(import_module(f"data_engine.runtime.steps.{step}"), "check_inputs", None)
    return checked.tables, {} if further is None else further(checked)


def _read(checked: CheckedStep, table: str, needs: "Needs | None") -> pa.Table:
    """A table; of one of which not everything is needed only that, so that its rows are never all in memory."""
    column = partition_column(table) if checked.batch else ""
    partition = {column: checked.batch} if column else {}
    if needs is None:
        return checked.store.read(table, partition=partition)
    from data_engine.storage.tables.table_scan import pieces_of

    pieces = pieces_of(checked.store.dataset(table), partition, needs.columns)
    reduced = [needs.of(pa.Table.from_batches([piece])) for piece in pieces]
    nothing = needs.of(pa.schema([SCHEMAS[table].field(name) for name in needs.columns]).empty_table())
    return pa.concat_tables(reduced or [nothing])
