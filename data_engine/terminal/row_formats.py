"""Rows for programs: a table as CSV or JSON on the standard output, with nothing else beside it.

What people read is in `tables.py`.
"""

import csv
import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from io import TextIOWrapper
from typing import IO, Any

import pyarrow as pa

from data_engine.indexing.uris import named_apart

FORMS = ("table", "csv", "json")


def write_rows(table: pa.Table, form: str, file: IO[str]) -> None:
    """Write all rows in UTF-8: whole values, one row per line of CSV, or one JSON array of objects.

    Bytes are hex digits and times ISO 8601; lists and mappings are JSON, also in a cell of CSV. Null, NaN and
    infinities are an empty cell of CSV and null of JSON. Of several columns of one name, all but the first get their
    place behind it.

    Args:
        table: The rows.
        form: `csv` or `json`.
        file: Where to write.
    """
    if isinstance(file, TextIOWrapper):
        file.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    names = list(named_apart((name, None) for name in table.column_names))
    if form == "csv":
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in _rows(table):
            writer.writerow([json.dumps(v, ensure_ascii=False) if isinstance(v, list | dict) else v for v in row])
        return
    write_json([dict(zip(names, row, strict=True)) for row in _rows(table)], file)


def write_json(value: object, file: IO[str]) -> None:
    """Write a value of JSON in UTF-8, with a line end behind it."""
    if isinstance(file, TextIOWrapper):
        file.reconfigure(encoding="utf-8", errors="backslashreplace")
    # Half a surrogate pair becomes its escape, which JSON has too.
    file.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _rows(table: pa.Table) -> list[list[Any]]:
    # By position: two columns may have one name.
    columns = [[_plain(value) for value in column.to_pylist()] for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    """A value that JSON has."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return str(value)
