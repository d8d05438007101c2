"""A release's rows as one Parquet file.

Marts are Parquet files too, see `data_engine.storage.mart_files`.
"""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def write(rows: pa.Table, path: Path) -> None:
    """Write the rows in their exact types; the same rows give the same bytes, however they are chunked."""
    pq.write_table(rows.combine_chunks(), path, compression="zstd")


def read(path: Path, type_of: Callable[[str], pa.DataType]) -> pa.Table:  # noqa: ARG001
    """The rows of a file that `write` made, which knows its own types."""
    return pq.read_table(path)
