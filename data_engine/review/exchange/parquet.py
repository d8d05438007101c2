"""Review batches as a Parquet file: a row for each answer and remark, and one for each task without any.

The same rows as text are in `jsonl.py`.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_engine.errors import InvalidInput
from data_engine.review.exchange.exchanged import Exchange
from data_engine.review.exchange.rows import ROW, exchange_of, rows_of
from data_engine.review.exchange.values import content_of_file

_MOST_ROWS = 20_000_000
#: What a file may unpack to: a small one may stand for a great many equal values.
_MOST_UNPACKED_BYTES = 4 * 1024**3


def write(exchange: Exchange, path: Path) -> None:
    """Write the rows with the types of `ROW`."""
    pq.write_table(pa.Table.from_pylist(list(rows_of(exchange)), schema=ROW), path)


def read(path: Path) -> Exchange:
    """Read the columns of `ROW` that the file has. Raises: InvalidInput naming the row or column that is wrong."""
    content = content_of_file(path, is_text=False)
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        names = [name for name in file.schema_arrow.names if name in ROW.names]
        _check_size(file.metadata)
        if len(names) != len(set(names)):
            raise InvalidInput("a column comes twice; give every column a name of its own")
        table = file.read(columns=names)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"this is no Parquet file that can be read ({str(error)[:200]}); write it again") from error
    return exchange_of(_records(table))


def _check_size(metadata: pq.FileMetaData) -> None:
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if metadata.num_rows > _MOST_ROWS or unpacked > _MOST_UNPACKED_BYTES:
        raise InvalidInput(f"it has {metadata.num_rows:,} rows and {unpacked:,} bytes; split it")


def _records(table: pa.Table) -> Iterator[tuple[str, Any]]:
    for name in table.column_names:
        given, wanted = table.schema.field(name).type, ROW.field(name).type
        try:
            table = table.set_column(table.column_names.index(name), name, _cast(table[name], wanted))
        except (pa.ArrowException, ValueError) as error:
            raise InvalidInput(f"column {name} is of type {given}, and must be {wanted} ({error})") from error
    number = 0
    for batch in table.to_batches(max_chunksize=5_000):
        for row in batch.to_pylist():
            number += 1
            yield f"row {number:,}", row


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    """A column as the type of the schema, where nothing is lost and nothing is guessed."""
    given = column.type
    if pa.types.is_dictionary(given):
        return _cast(column.cast(given.value_type), wanted)
    is_text = pa.types.is_string(given) or pa.types.is_large_string(given)
    if pa.types.is_string(wanted) and not (is_text or pa.types.is_null(given)):
        raise ValueError("it holds no texts")
    if pa.types.is_timestamp(wanted) and pa.types.is_timestamp(given):
        # Without a time zone it counts as UTC, and finer times than the schema's lose what is below a microsecond.
        return column.cast(wanted, safe=False)
    return column.cast(wanted)
