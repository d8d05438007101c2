"""The rows of Parquet files and saved Hugging Face datasets.

Their libraries trust what a file says of itself, so they run in a process of their own. Rows of text files are read in
`indexing/row_files.py`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_engine.errors import SourceError
from data_engine.indexing.columnar.arrow_values import BrokenText, plain_rows
from data_engine.indexing.columnar.rows import Row, missing_column, too_large
from data_engine.indexing.inline_media import embedded
from data_engine.indexing.isolation.reader_process import Limits, ReaderKilled, borrowed_reader
from data_engine.indexing.samples import sample_id_of_bytes, to_json
from data_engine.indexing.saved_datasets import read_saved_rows
from data_engine.indexing.source_files import ReadOptions, SourceFile, local_copy

_PIECE_BYTES = 64 << 20
_PIECE_ROWS = 1024
#: Rows that are read together: as many as seem to fit, and fewer after the process died over them.
_AT_A_TIME = (None, 32, 1)

#: (file, options, wanted columns, rows at a time; as many as fit when None) to the rows.
_Read = Callable[[SourceFile, ReadOptions, list[str], int | None], Iterator[Row]]


def parquet_rows(file: SourceFile, source: ReadOptions, wanted: list[str]) -> Iterator[Row]:
    """The rows of a Parquet file.

    Raises: SourceError when it is none, or lacks a column; OSError when it breaks off or ends the process.
    """
    return _isolated(read_parquet, file, source, wanted)


def saved_rows(file: SourceFile, source: ReadOptions, wanted: list[str]) -> Iterator[Row]:
    """The rows of an Arrow file of a saved dataset. Raises: as `parquet_rows` does."""
    return _isolated(read_saved, file, source, wanted)


def _isolated(read: _Read, file: SourceFile, source: ReadOptions, wanted: list[str]) -> Iterator[Row]:
    limits = Limits(source.max_sample_s, source.max_reader_bytes)
    n_given = 0
    with local_copy(file, source.patience) as local, borrowed_reader() as reader:
        for at_a_time in _AT_A_TIME:
            try:
                work = (read, local, source, wanted, at_a_time)
                for row in reader.ask(*work, limits=limits, n_left_out=n_given, each=at_a_time is not None):
                    n_given += 1
                    yield row
                return
            except ReaderKilled:
                # In the end none is lost that comes before the row which ends the process.
                if at_a_time == 1:
                    raise


def read_parquet(file: SourceFile, source: ReadOptions, wanted: list[str], at_a_time: int | None) -> Iterator[Row]:
    """The rows of a local Parquet file, read in this process."""
    try:
        with file.path.open("rb") as stream, pq.ParquetFile(stream) as parquet:
            _require(file, wanted, parquet.schema_arrow.names)
            number = 0
            n_rows = at_a_time or _rows_per_piece(parquet.metadata)
            for piece in parquet.iter_batches(batch_size=n_rows, use_threads=False):
                for columns in plain_rows(piece):
                    number += 1
                    yield _row(file, number, columns, wanted[0], source)
    except pa.ArrowException as error:
        if isinstance(error, MemoryError):
            raise
        raise SourceError(
            f"{file.uri} cannot be read as Parquet: {error}; repair or remove it, or set source.pattern"
        ) from error


def read_saved(file: SourceFile, source: ReadOptions, wanted: list[str], at_a_time: int | None) -> Iterator[Row]:
    """The rows of a local Arrow file, read in this process."""
    number = 0
    for names, rows in read_saved_rows(file, at_a_time or _PIECE_ROWS):
        _require(file, wanted, names)
        for columns in rows:
            number += 1
            yield _row(file, number, columns, wanted[0], source)


def _require(file: SourceFile, wanted: list[str], names: list[str]) -> None:
    missing = next((name for name in wanted if name not in names), None)
    if missing is not None:
        raise missing_column(file, missing, names)


def _rows_per_piece(metadata: Any) -> int:
    """Rows that fit into a bounded piece, by the average size of the fattest row group's rows."""
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    row_bytes = max((group.total_byte_size / max(group.num_rows, 1) for group in groups), default=1)
    return int(min(_PIECE_ROWS, max(1, _PIECE_BYTES // max(row_bytes, 1))))


def _row(file: SourceFile, number: int, columns: dict[str, Any], content_column: str, source: ReadOptions) -> Row:
    value = embedded(columns[content_column])
    content = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else b""
    if len(content) > source.max_sample_bytes:
        error = too_large(f"{file.uri} row {number}", len(content), source)
        return Row(number, None, len(content), sample_id_of_bytes(content), error)
    written = content or to_json(columns).encode()
    if isinstance(value, BrokenText):
        error = f"{file.uri} row {number}: the text of column {content_column!r} is not UTF-8; save it as UTF-8"
        return Row(number, None, len(content), sample_id_of_bytes(written), error)
    return Row(number, columns, len(content), sample_id_of_bytes(written))
