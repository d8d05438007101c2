"""Sources with one sample per row: JSONL, CSV and Parquet files, and saved Hugging Face datasets.

Where a line ends and what its fields are is in `line_records.py`.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_engine.errors import SourceError
from data_engine.indexing.files import broken_off, image_sample, is_wanted, read_image, text_sample
from data_engine.indexing.inline_media import embedded, place_of_image
from data_engine.indexing.line_records import Record, read_csv_records, read_lines, split_fields
from data_engine.indexing.samples import RawSample, sample_id_of_bytes, to_json
from data_engine.indexing.saved_datasets import read_saved_rows
from data_engine.indexing.source_files import ReadOptions, SourceFile, open_file
from data_engine.indexing.text_decoding import check_characters, decode

if TYPE_CHECKING:
    from pathlib import Path

    from upath import UPath

_DELIMITERS = (",", ";", "\t", "|")
_PARQUET_PIECE_BYTES = 64 << 20
_PARQUET_PIECE_ROWS = 1024


@dataclass(frozen=True)
class Row:
    """A row of a file: its columns, or why there are none."""

    number: int
    """From 1; the line number for JSONL."""
    columns: dict[str, Any] | None
    n_bytes: int
    digest: str
    error: str | None = None
    encoding: str = "utf-8"


def read_jsonl(file: SourceFile, source: ReadOptions, modality: str) -> Iterator[RawSample]:
    """The lines of a JSONL file as samples."""
    return _samples(file, source, modality, _read_jsonl)


def read_csv(file: SourceFile, source: ReadOptions, modality: str) -> Iterator[RawSample]:
    """The rows of a CSV file with a header as samples; the delimiter is that which names the wanted columns."""
    return _samples(file, source, modality, _read_csv)


def read_parquet(file: SourceFile, source: ReadOptions, modality: str) -> Iterator[RawSample]:
    """The rows of a Parquet file as samples."""
    return _samples(file, source, modality, _read_parquet)


def read_saved_dataset(file: SourceFile, source: ReadOptions, modality: str) -> Iterator[RawSample]:
    """The rows of an Arrow file that `datasets.Dataset.save_to_disk` wrote as samples."""
    return _samples(file, source, modality, _read_saved)


def _samples(
    file: SourceFile,
    source: ReadOptions,
    modality: str,
    rows_of: Callable[[SourceFile, ReadOptions, list[str]], Iterator[Row]],
) -> Iterator[RawSample]:
    """The rows of a file as samples; rows that cannot be read are unreadable samples.

    A file that breaks off gives one unreadable sample more, which says after which row.

    Raises:
        FileNotFoundError: the file vanished since it was listed.
        SourceError: the file as a whole cannot be read: a column that the source names is in none of its rows, or
            it is not the kind of file that the source says.
    """
    content_column = source.text_column if modality == "text" else source.path_column
    if content_column is None:
        raise SourceError(f"{file.uri} has rows of images; name the column that holds their paths in path_column")
    to_sample = _text_of_row if modality == "text" else _image_of_row
    wanted = [content_column, *([source.id_column] if source.id_column else [])]
    last = "its start"
    try:
        for row in rows_of(file, source, wanted):
            last = f"row {row.number}"
            missing = None if row.columns is None else next((name for name in wanted if name not in row.columns), None)
            if row.columns is None or missing is not None:
                error = row.error or f"row {row.number} has no column {missing!r}, only {_listed(row.columns or {})}"
                yield _unreadable(file, row, error)
            elif is_wanted(row.columns, source):
                yield to_sample(file, row, row.columns, source)
    except FileNotFoundError:
        raise
    except OSError as error:
        yield broken_off(file, last, error)


def _read_jsonl(file: SourceFile, source: ReadOptions, wanted: list[str]) -> Iterator[Row]:
    missing, n_objects = set(wanted), 0
    found: dict[str, None] = {}
    with open_file(file.path) as stream:
        for record in _filled(read_lines(stream, source.max_sample_bytes)):
            row = _row_of_line(file, record, source)
            if row.columns is not None:
                n_objects += 1
                missing -= row.columns.keys()
                found.update(dict.fromkeys(row.columns) if len(found) < 1000 else {})
            yield row
    if n_objects and missing:
        raise _missing_column(file, min(missing), found)


def _filled(records: Iterator[Record]) -> Iterator[Record]:
    return (record for record in records if record.content is None or record.content.strip())


def _row_of_line(file: SourceFile, record: Record, source: ReadOptions) -> Row:
    where = f"{file.uri} line {record.line}"
    row = Row(record.line, None, record.n_bytes, record.digest)
    if record.content is None:
        return replace(row, error=_too_large(where, record.n_bytes, source))
    decoded = decode(record.content)
    if decoded.text is None:
        return replace(row, error=f"{where}: {decoded.error}")
    try:
        parsed = json.loads(decoded.text)
    except json.JSONDecodeError as error:
        return replace(row, error=f"{where} is not JSON: {error.msg} at character {error.pos + 1}")
    except (ValueError, RecursionError) as error:
        return replace(row, error=f"{where} is not JSON that can be read: {error}")
    if not isinstance(parsed, dict):
        return replace(row, error=f"{where} holds a JSON {type(parsed).__name__}, not an object with named columns")
    return replace(row, columns=parsed, encoding=decoded.encoding)


def _read_csv(file: SourceFile, source: ReadOptions, wanted: list[str]) -> Iterator[Row]:
    delimiter, header = _csv_header(file, source, wanted)
    with open_file(file.path) as stream:
        records = _filled(read_csv_records(stream, source.max_sample_bytes, delimiter))
        next(records, None)
        for number, record in enumerate(records, start=1):
            if not record.is_closed:
                raise OSError(
                    f"line {record.line} opens a quote that is never closed, and it takes in all {record.n_lines:,} "
                    "lines from there to the end"
                )
            yield _row_of_record(file, number, record, source, delimiter, header)


def _csv_header(file: SourceFile, source: ReadOptions, wanted: list[str]) -> tuple[str, list[str]]:
    """The delimiter with which the header names the wanted columns, and the column names."""
    first: list[str] = []
    for delimiter in _DELIMITERS:
        with open_file(file.path) as stream:
            record = next(_filled(read_csv_records(stream, source.max_sample_bytes, delimiter)), None)
        if record is None or record.content is None:
            break
        decoded = decode(record.content)
        if decoded.text is None:
            raise SourceError(f"the header of {file.uri} cannot be read: {decoded.error}")
        names = [name.strip() for name in split_fields(decoded.text, delimiter)]
        if all(names.count(name) == 1 for name in wanted):
            return delimiter, _unique(names)
        first = first or names
    twice = next((name for name in wanted if first.count(name) > 1), None)
    if twice is not None:
        raise SourceError(f"{file.uri} has column {twice!r} {first.count(twice)} times; keep one")
    raise _missing_column(file, next((name for name in wanted if name not in first), wanted[0]), first)


def _unique(names: list[str]) -> list[str]:
    """Column names with a number added to every further one of the same name."""
    return [name if names.index(name) == place else f"{name}.{place + 1}" for place, name in enumerate(names)]


def _row_of_record(
    file: SourceFile, number: int, record: Record, source: ReadOptions, delimiter: str, header: list[str]
) -> Row:
    where = f"{file.uri} line {record.line}"
    row = Row(number, None, record.n_bytes, record.digest)
    if record.content is None:
        return replace(row, error=_too_large(where, record.n_bytes, source))
    decoded = decode(record.content)
    if decoded.text is None:
        return replace(row, error=f"{where}: {decoded.error}")
    fields = split_fields(decoded.text, delimiter)
    if len(fields) != len(header):
        return replace(row, error=f"{where} has {len(fields)} fields but the header names {len(header)} columns")
    return replace(row, columns=dict(zip(header, fields, strict=True)), encoding=decoded.encoding)


def _read_parquet(file: SourceFile, source: ReadOptions, wanted: list[str]) -> Iterator[Row]:
    try:
        with open_file(file.path) as stream, pq.ParquetFile(stream) as parquet:
            names = parquet.schema_arrow.names
            missing = next((name for name in wanted if name not in names), None)
            if missing is not None:
                raise _missing_column(file, missing, names)
            number = 0
            for piece in parquet.iter_batches(batch_size=_rows_per_piece(parquet.metadata)):
                for columns in piece.to_pylist():
                    number += 1
                    yield _row_of_columns(file, number, columns, wanted[0], source)
    except pa.ArrowException as error:
        raise SourceError(
            f"{file.uri} cannot be read as Parquet: {error}; repair or remove it, or set source.pattern"
        ) from error


def _rows_per_piece(metadata: Any) -> int:
    """Rows that fit into a bounded piece, by the average size of the fattest row group's rows."""
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    row_bytes = max((group.total_byte_size / max(group.num_rows, 1) for group in groups), default=1)
    return int(min(_PARQUET_PIECE_ROWS, max(1, _PARQUET_PIECE_BYTES // max(row_bytes, 1))))


def _row_of_columns(
    file: SourceFile, number: int, columns: dict[str, Any], content_column: str, source: ReadOptions
) -> Row:
    value = embedded(columns[content_column])
    content = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else b""
    if len(content) > source.max_sample_bytes:
        error = _too_large(f"{file.uri} row {number}", len(content), source)
        return Row(number, None, len(content), sample_id_of_bytes(content), error)
    written = content or to_json(columns).encode()
    return Row(number, columns, len(content), sample_id_of_bytes(written))


def _read_saved(file: SourceFile, source: ReadOptions, wanted: list[str]) -> Iterator[Row]:
    number = 0
    for names, rows in read_saved_rows(file):
        missing = next((name for name in wanted if name not in names), None)
        if missing is not None:
            raise _missing_column(file, missing, names)
        for columns in rows:
            number += 1
            yield _row_of_columns(file, number, columns, wanted[0], source)


def _text_of_row(file: SourceFile, row: Row, columns: dict[str, Any], source: ReadOptions) -> RawSample:
    value = columns[source.text_column]
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | bytes | int | float)):
        kind = type(value).__name__
        return _unreadable(file, row, f"column {source.text_column!r} holds a {kind} in row {row.number}, not a text")
    source_id, metadata = _id_and_metadata(row, columns, source, without=source.text_column)
    content = value if isinstance(value, bytes) else None
    if content is None:
        text = "" if value is None else str(value)
        error = check_characters(text).error
        if error is not None:
            return replace(_unreadable(file, row, f"row {row.number}: {error}"), source_id=source_id, metadata=metadata)
        content = text.encode()
    sample = text_sample(_row_file(file, row), content)
    return replace(sample, source_id=source_id, metadata={**sample.metadata, **metadata})


def _image_of_row(file: SourceFile, row: Row, columns: dict[str, Any], source: ReadOptions) -> RawSample:
    path = embedded(columns[source.path_column or ""])
    is_embedded = isinstance(path, bytes)
    source_id, metadata = _id_and_metadata(row, columns, source, without=source.path_column if is_embedded else None)
    if is_embedded:
        return replace(image_sample(_row_file(file, row), path), source_id=source_id, metadata=metadata)
    if not isinstance(path, str) or not path:
        return _unreadable(file, row, f"column {source.path_column!r} holds no path in row {row.number}")
    sample: RawSample | None = None
    try:
        place = place_of_image(file.uri, path)
    except ValueError as error:
        return replace(_unreadable(file, row, f"row {row.number}: {error}"), source_id=source_id, metadata=metadata)
    image = replace(_row_file(file, row), path=_root_of(file) / place)
    # A path with a NUL in it is a ValueError, not an OSError.
    with suppress(ValueError):
        sample = next(read_image(image, source))
    if sample is None or (sample.error is not None and not image.path.is_file()):
        sample = _unreadable(file, row, f"row {row.number} names image {path!r}, which is not beside {file.uri}")
    return replace(sample, source_id=source_id, metadata=metadata)


def _root_of(file: SourceFile) -> "Path | UPath":
    """The root of the source, which the uri of a file is relative to."""
    return file.path.parents[file.uri.count("/")]


def _id_and_metadata(
    row: Row, columns: dict[str, Any], source: ReadOptions, *, without: str | None
) -> tuple[str | None, dict[str, Any]]:
    left_out = {without, source.id_column}
    metadata = {name: value for name, value in columns.items() if name not in left_out}
    if row.encoding != "utf-8":
        metadata.setdefault("encoding", row.encoding)
    source_id = columns[source.id_column] if source.id_column else None
    if source_id is None or source_id == "":
        return None, metadata
    return str(source_id).encode("utf-8", "replace").decode(), metadata


def _row_file(file: SourceFile, row: Row) -> SourceFile:
    return replace(file, uri=f"{file.uri}#{row.number}", n_bytes=row.n_bytes)


def _unreadable(file: SourceFile, row: Row, error: str) -> RawSample:
    uri = f"{file.uri}#{row.number}"
    return RawSample(sample_id=row.digest, uri=uri, n_bytes=row.n_bytes, arrived_at=file.modified_at, error=error)


def _too_large(where: str, n_bytes: int, source: ReadOptions) -> str:
    limit = source.max_sample_bytes
    return f"{where} has {n_bytes} bytes, max_sample_bytes is {limit}; split the sample or raise max_sample_bytes"


def _missing_column(file: SourceFile, name: str, found: Any) -> SourceError:
    return SourceError(f"{file.uri} has no column {name!r}, it has {_listed(found)}; name one of them in the source")


def _listed(names: Any) -> str:
    shown = ", ".join(repr(name) for name in list(names)[:20])
    return shown + (", ..." if len(names) > 20 else "") if names else "no columns"
