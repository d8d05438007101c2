"""Check inputs: the tables and values that the checks of a step need.

The checks themselves are in `quality/suites/`. A step whose checks need more than tables has a function `check_inputs`
in its file in `runtime/steps/`.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.runtime.plan import WRITTEN_BY, partition_column
from data_engine.schemas import SCHEMAS

if TYPE_CHECKING:
    from data_engine.quality import Needs
    from data_engine.runtime.accepted_tables import AcceptedTables
    from data_engine.runtime.corpus_runtime import CorpusRuntime


@dataclass(frozen=True)
class CheckedStep:
    """A version of a step's partition that is about to be checked.

    Attributes:
        runtime: The corpus.
        read_from: Its tables: the step's own at the version that is checked, others at those that it was made from.
        batch: The partition; empty for a step without.
        tables: What the suite is given, by name; a step's `check_inputs` may add to it or replace an entry.
    """

    runtime: "CorpusRuntime"
    read_from: "AcceptedTables"
    batch: str
    tables: dict[str, pa.Table]


def check_inputs_of(step: str, checked: CheckedStep) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """The tables, and the further values by name, that the suite of a step takes."""
    from data_engine.quality import suite_of

    suite = suite_of(step)
    for name in suite.tables:
        if name in WRITTEN_BY:
            checked.tables[name] = _read(checked, name, suite.needs.get(name))
    further = getattr(import_module(f"data_engine.runtime.steps.{step}"), "check_inputs", None)
    return checked.tables, {} if further is None else further(checked)


def what_ages(step: str, checked: CheckedStep) -> dict[str, str]:
    """What a verdict on this step depends on that changes by itself, such as the age of answers, by name."""
    found = getattr(import_module(f"data_engine.runtime.steps.{step}"), "what_ages", None)
    return {} if found is None else found(checked)


def _read(checked: CheckedStep, table: str, needs: "Needs | None") -> pa.Table:
    """A table; of one of which not everything is needed only that, so that its rows are never all in memory."""
    batch = (checked.batch if partition_column(table) else "") or None
    if needs is None:
        return checked.read_from.read(table, batch=batch)
    pieces = checked.read_from.read_pieces(table, needs.columns, batch=batch)
    reduced = [needs.of(pa.Table.from_batches([piece])) for piece in pieces]
    nothing = needs.of(pa.schema([SCHEMAS[table].field(name) for name in needs.columns]).empty_table())
    return pa.concat_tables(reduced or [nothing])
