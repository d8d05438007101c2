"""Tables in the schemas of the engine, from the few columns that a test cares about."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from class_rows import with_answers

from data_engine.schemas import SCHEMAS

Rows = list[dict[str, Any]]
_FILLERS: dict[pa.DataType, Any] = {
    pa.string(): "x",
    pa.int32(): 0,
    pa.int64(): 1,
    pa.float32(): 0.5,
    pa.float64(): 0.5,
    pa.bool_(): True,
    pa.binary(): b"",
    pa.list_(pa.string()): [],
}


def table(name: str, rows: Rows) -> pa.Table:
    """Rows in the schema of a table; required columns that a case does not care about get a filler."""
    schema = SCHEMAS[name]
    fillers = {f.name: _FILLERS.get(f.type, datetime(2026, 1, 1, tzinfo=UTC)) for f in schema if not f.nullable}
    rows = with_answers(name, rows)
    for row in rows:
        assert set(row) <= set(schema.names), f"{name} has no column {set(row) - set(schema.names)}"
    return pa.Table.from_pylist([fillers | row for row in rows], schema=schema)
