"""Review batches as JSON lines: a line for each answer and remark, and one for each task without any.

The same rows as Parquet are in `parquet.py`.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from data_engine.review.exchange.exchanged import Exchange
from data_engine.review.exchange.rows import exchange_of, rows_of
from data_engine.review.exchange.values import json_in, text_of_file

#: These end a line for some readers of JSON lines, and JSON does not ask to escape them.
_LINE_ENDS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}


def write(exchange: Exchange, path: Path) -> None:
    """Write the lines, without the fields that hold nothing; the same batches give the same bytes."""
    with path.open("w", encoding="utf-8", newline="\n") as lines:
        for row in rows_of(exchange):
            lines.write(json.dumps(_shown(row), ensure_ascii=False).translate(_LINE_ENDS) + "\n")


def read(path: Path) -> Exchange:
    """Read lines, empty ones aside. Raises: InvalidInput naming the line and the field that breaks its rule."""
    return exchange_of(_records(text_of_file(path)))


def _records(text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"line {number:,}"
            yield where, json_in(line, where)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if value is not None}
    for name, value in shown.items():
        if isinstance(value, datetime):
            shown[name] = value.isoformat()
        elif name in ("answer", "proposed_answer", "content"):
            shown[name] = json.loads(value)
    return shown
