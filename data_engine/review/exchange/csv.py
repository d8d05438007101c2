"""Review batches as CSV: the columns of `rows.ROW`, a line for each answer, and one for each task without an answer.

The same rows with types are in `parquet.py`.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.review.exchange.exchanged import Exchange
from data_engine.review.exchange.rows import ROW, exchange_of, rows_of
from data_engine.review.exchange.values import LONGEST_TEXT, text_of_file

_TRUTHS = {"true": True, "false": False}


def write(exchange: Exchange, path: Path) -> None:
    """Write the lines under one line of names, ended by a line feed; the same batches give the same bytes."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(ROW.names)
        for row in rows_of(exchange):
            lines.writerow([_shown(row[name]) for name in ROW.names])


def read(path: Path) -> Exchange:
    """Read the columns of `ROW` that the file has. Raises: InvalidInput naming the line and the field that is wrong."""
    csv.field_size_limit(10 * LONGEST_TEXT)
    return exchange_of(_records(text_of_file(path)))


def _records(text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = next(lines, [])
        if len(names) != len(set(names)) or not {"sample_id", "uri"} & set(names):
            raise InvalidInput(
                f"the first line names the columns {names[:8]}; it must have sample_id or uri, and no name twice"
            )
        for values in lines:
            where = f"line {lines.line_num:,}"
            if values and len(values) != len(names):
                raise InvalidInput(f"{where} has {len(values)} values; the first line names {len(names)} columns")
            if values:
                yield where, {name: _value(name, value, where) for name, value in zip(names, values, strict=True)}
    except csv.Error as error:
        raise InvalidInput(f"line {lines.line_num:,} is no CSV ({error}); write the file again") from error


def _value(name: str, value: str, where: str) -> Any:
    """A cell as the type of its column, which `rows.py` then checks; empty cells hold nothing."""
    if value == "" or name not in ROW.names:
        return None
    kind = ROW.field(name).type
    if pa.types.is_boolean(kind):
        return _TRUTHS.get(value.lower(), value)
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        try:
            number = json.loads(value)
        except (ValueError, RecursionError):
            raise InvalidInput(f"{where}: {name} is {ascii(value)[:80]}; it must be a number") from None
        return number
    return value


def _shown(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else value
