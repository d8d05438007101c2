"""Values of Arrow columns as Python has them, one by one where a value cannot be had.

The files that hold the columns are read in `column_files.py`.
"""

from typing import Any

import pyarrow as pa

from data_engine.indexing.uris import named_apart


class BrokenText(str):
    """A text whose bytes are not UTF-8; what is broken in it is written as `\\xNN`."""


def plain_rows(piece: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a piece of a table, by column; of several columns with one name the first keeps it.

    A value that Python cannot hold becomes a text: a date after the year 9999, a time in an unknown time zone.
    """
    names = list(named_apart((name, None) for name in piece.schema.names))
    columns = [_values(column) for column in piece.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _values(column: pa.Array) -> list[Any]:
    try:
        values: list[Any] = column.to_pylist()
    except Exception:
        # Which exception it is depends on the type of the value, and so do the values that are sound.
        values = [_value(scalar) for scalar in column]
    return values


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        if isinstance(scalar, pa.StringScalar | pa.LargeStringScalar):
            return BrokenText(scalar.cast(pa.large_binary()).as_py().decode("utf-8", "backslashreplace"))
    except Exception:
        try:
            return scalar.cast(pa.string()).as_py()
        except Exception:
            return f"<a value of type {scalar.type} that cannot be read>"
    return f"<a value of type {scalar.type} whose text is not UTF-8>"
