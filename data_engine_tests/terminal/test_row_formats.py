import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa

from data_engine.terminal.row_formats import write_rows

ROWS = pa.table(
    {
        "id": ["a" * 200, 'with "quotes", and\nlines'],
        "n": pa.array([1, None], pa.int64()),
        "share": [0.5, float("nan")],
        "at": [datetime(2026, 3, 1, tzinfo=UTC), None],
        "raw": [b"\x00\xff", None],
        "near": [["x", "y"], []],
        "sum": pa.array([Decimal("3"), Decimal("1.5")], pa.decimal128(9, 2)),
    }
)


def _written(rows: pa.Table, form: str) -> str:
    stream = io.StringIO()
    write_rows(rows, form, stream)
    return stream.getvalue()


def test_json_is_one_array_with_whole_values_and_null_for_what_json_does_not_have() -> None:
    first, second = json.loads(_written(ROWS, "json"))
    assert first == {
        "id": "a" * 200,
        "n": 1,
        "share": 0.5,
        "at": "2026-03-01T00:00:00+00:00",
        "raw": "00ff",
        "near": ["x", "y"],
        "sum": 3,
    }
    assert (second["n"], second["share"], second["at"], second["sum"]) == (None, None, None, 1.5)


def test_csv_has_a_header_and_comes_back_as_it_was() -> None:
    header, first, second = csv.reader(io.StringIO(_written(ROWS, "csv")))
    assert header == ROWS.column_names
    assert first == ["a" * 200, "1", "0.5", "2026-03-01T00:00:00+00:00", "00ff", '["x", "y"]', "3"]
    assert second[:4] == ['with "quotes", and\nlines', "", "", ""]


def test_columns_of_one_name_are_kept_apart_and_no_rows_are_a_header_or_an_empty_array() -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["n", "n"])
    assert json.loads(_written(twice, "json")) == [{"n": 1, "n.2": 2}]
    assert _written(twice.slice(0, 0), "csv") == "n,n.2\n"
    assert json.loads(_written(twice.slice(0, 0), "json")) == []


def test_what_is_written_is_utf_8_whatever_the_terminal_has() -> None:
    code = (
        "import sys, pyarrow as pa; from data_engine.terminal.row_formats import write_rows; "
        "write_rows(pa.table({'a': ['\\u6771\\u4eac']}), sys.argv[1], sys.stdout)"
    )
    for form in ("csv", "json"):
        environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
        done = subprocess.run([sys.executable, "-c", code, form], env=environment, capture_output=True, check=True)
        assert "\u6771\u4eac" in done.stdout.decode("utf-8")
