"""A release's rows as one Parquet file.

Marts are Parquet files too, see `data_engine.storage.mart_files`.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def write(rows: pa.Table, path: Path) -> None:
    """Write the rows in their exact types; the same rows give the same bytes, however they are chunked."""
    pq.write_table(rows.combine_chunks(), path, compression="zstd")
