"""A release's rows as a CSV file (RFC 4180), whose quotes tell an empty text from none.

Reading CSV files as a source is in `data_engine.indexing.row_files`.
"""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from pyarrow import csv


def write(rows: pa.Table, path: Path) -> None:
    """Write a header and one record per row: texts in quotes, numbers without, nothing where there is no value."""
    csv.write_csv(rows.combine_chunks(), path)


def read(path: Path, type_of: Callable[[str], pa.DataType]) -> pa.Table:
    """The rows of a file that `write` made.

    Args:
        path: The file.
        type_of: The type of a column, by its name.

    Raises: pa.ArrowInvalid for what is no such file.
    """
    parsed = csv.ParseOptions(newlines_in_values=True)
    with csv.open_csv(path, parse_options=parsed) as file:
        names = file.schema.names
    converted = csv.ConvertOptions(
        column_types={name: type_of(name) for name in names},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    return csv.read_csv(path, parse_options=parsed, convert_options=converted)
