"""A release's rows as JSON lines: one object per sample, metadata as an object in it.

Reading JSON lines as a source is in `data_engine.indexing.row_files`.
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from data_engine.errors import InvalidInput

_ROWS_AT_ONCE = 5_000
#: These end a line for some readers of JSON lines, and JSON does not ask to escape them.
_LINE_ENDS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}


def write(rows: pa.Table, path: Path) -> None:
    """Write one line per row, in UTF-8.

    Raises: InvalidInput for metadata that is no JSON object, or a value that JSON cannot hold.
    """
    with path.open("w", encoding="utf-8", newline="\n") as lines:
        for batch in rows.to_batches(max_chunksize=_ROWS_AT_ONCE):
            lines.writelines(json_line(row, rows.schema) for row in batch.to_pylist())


def read(path: Path, type_of: Callable[[str], pa.DataType]) -> pa.Table:
    """The rows of a file that `write` made; without rows there are no columns.

    Args:
        path: The file.
        type_of: The type of a column, by its name.

    Raises: ValueError for what is no such file.
    """
    with path.open(encoding="utf-8", newline="\n") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        row["metadata"] = json.dumps(row["metadata"], ensure_ascii=False)
    names = list(rows[0]) if rows else []
    return pa.table({name: pa.array([row[name] for row in rows], type_of(name)) for name in names})


def json_line(row: Mapping[str, Any], schema: pa.Schema) -> str:
    """One row as a line of JSON, with its metadata as an object and float32 values as short as they were."""
    values: dict[str, Any] = {}
    for name, value in row.items():
        if name == "metadata":
            values[name] = _metadata(row["sample_id"], value)
        elif pa.types.is_float32(schema.field(name).type) and value is not None:
            if not math.isfinite(value):
                raise InvalidInput(
                    f"{name} of sample {row['sample_id']} is {value}, which JSON cannot hold; give a finite number"
                )
            values[name] = float(str(np.float32(value)))
        else:
            values[name] = value
    return json.dumps(values, ensure_ascii=False).translate(_LINE_ENDS) + "\n"


def _metadata(sample_id: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"metadata of sample {sample_id} is no JSON ({error}); write it with json.dumps") from error
    if not isinstance(found, dict):
        raise InvalidInput(
            f"metadata of sample {sample_id} is a JSON {type(found).__name__}; it must be an object: wrap it in one"
        )
    return found
