"""Sources with one sample per row: JSONL, CSV and Parquet files, and saved Hugging Face datasets.

Where a line ends and what its fields are is in `line_records.py`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_engine.errors import SourceError
from data_engine.indexing.columnar.column_files import parquet_rows, saved_rows
from data_engine.indexing.columnar.rows import NO_OBJECT, Row, listed, missing_column, too_large
from data_engine.indexing.files import broken_off, is_wanted, media_sample, not_opened, read_media, text_sample
from data_engine.indexing.inline_media import embedded, place_of_image
from data_engine.indexing.line_records import Record, read_csv_records, read_lines, split_fields
from data_engine.indexing.listing.links import Links
from data_engine.indexing.opening.unpacking import refuse_unknown_packing
from data_engine.indexing.records.csv_quotes import NOT_CLOSED_BY, Quotes, is_followed_by_text
from data_engine.indexing.records.json_arrays import is_json_array, read_json_arrays
from data_engine.indexing.samples import RawSample, form_of, parse_json
from data_engine.indexing.source_files import ReadOptions, SourceFile, open_file
from data_engine.indexing.text_decoding import check_characters, decode
from data_engine.indexing.uris import is_a_name_of_files, named_apart, part_uri
from data_engine.modalities import find_modality

if TYPE_CHECKING:
    from upath import UPath

_DELIMITERS = (",", ";", "\t", "|")


def read_jsonl(file: SourceFile, source: ReadOptions, modality: str) -> Iterator[RawSample]:
    """The lines of a JSONL file as samples."""
    return _samples(file, source, modality, jsonl_rows)


def read_csv(file: SourceFile, source: ReadOptions, modality: str) -> Iterator[RawSample]:
    """The rows of a CSV file with a header as samples; the delimiter is that which names the wanted columns."""
    return _samples(file, source, modality, csv_rows)


def read_parquet(file: SourceFile, source: ReadOptions, modality: str) -> Iterator[RawSample]:
    """The rows of a Parquet file as samples."""
    return _samples(file, source, modality, parquet_rows)


def read_saved_dataset(file: SourceFile, source: ReadOptions, modality: str) -> Iterator[RawSample]:
    """The rows of an Arrow file that `datasets.Dataset.save_to_disk` wrote as samples."""
    return _samples(file, source, modality, saved_rows)


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
    form = form_of(modality)
    wanted = _wanted_columns(file, source, form.columns, find_modality(modality).plural)
    last = "its start"
    is_empty = True
    try:
        for row in rows_of(file, source, wanted):
            is_empty = False
            last = f"row {row.number}"
            missing = None if row.columns is None else next((name for name in wanted if name not in row.columns), None)
            if row.columns is None or missing is not None:
                error = row.error or f"row {row.number} has no column {missing!r}, only {listed(row.columns or {})}"
                yield _unreadable(file, row, error)
            elif is_wanted(row.columns, source):
                yield form.of_row(file, row, row.columns, source)
        if is_empty:
            yield not_opened(file, "the file holds no rows; remove it or fetch it again")
    except FileNotFoundError:
        raise
    except OSError as error:
        yield broken_off(file, last, error)


def _wanted_columns(file: SourceFile, source: ReadOptions, options: Sequence[str], plural: str) -> list[str]:
    """The columns that every row has to have. Raises: SourceError where the source does not name one of them."""
    wanted = []
    for option in options:
        column = getattr(source, option)
        if column is None:
            raise SourceError(f"{file.uri} has rows of {plural}; name the column that holds their paths in {option}")
        wanted.append(column)
    return wanted + ([source.id_column] if source.id_column else [])


def jsonl_rows(file: SourceFile, source: ReadOptions, wanted: list[str]) -> Iterator[Row]:
    """The objects of a JSONL file. Raises: SourceError at its end when a wanted column is in none of them."""
    missing, n_objects = set(wanted), 0
    found: dict[str, None] = {}
    with open_file(file.path, source.patience) as stream:
        refuse_unknown_packing(stream)
        read_records = read_json_arrays if is_json_array(stream) else read_lines
        for record in _filled(read_records(stream, source.max_sample_bytes)):
            row = _row_of_line(file, record, source)
            if row.columns is not None:
                n_objects += 1
                missing -= row.columns.keys()
                found.update(dict.fromkeys(row.columns) if len(found) < 1000 else {})
            yield row
    if n_objects and missing:
        raise missing_column(file, min(missing), found)


def _filled(records: Iterator[Record]) -> Iterator[Record]:
    return (record for record in records if record.content is None or record.content.strip())


def _row_of_line(file: SourceFile, record: Record, source: ReadOptions) -> Row:
    where = f"{file.uri} line {record.line}"
    row = Row(record.line, None, record.n_bytes, record.digest)
    if record.content is None:
        return replace(row, error=too_large(where, record.n_bytes, source))
    decoded = decode(record.content)
    if decoded.text is None:
        return replace(row, error=f"{where}: {decoded.error}")
    try:
        parsed = parse_json(decoded.text)
    except json.JSONDecodeError as error:
        return replace(row, error=f"{where} is not JSON: {error.msg} at character {error.pos + 1}")
    except (ValueError, RecursionError) as error:
        return replace(row, error=f"{where} is not JSON that can be read: {error}")
    if not isinstance(parsed, dict):
        return replace(row, error=f"{where} holds a JSON {type(parsed).__name__}, {NO_OBJECT}")
    return replace(row, columns=parsed, encoding=decoded.encoding)


def csv_rows(file: SourceFile, source: ReadOptions, wanted: list[str]) -> Iterator[Row]:
    """The rows of a CSV file. Raises: SourceError when its header lacks a wanted column; OSError when it breaks off."""
    delimiter, header = _csv_header(file, source, wanted)
    quotes = Quotes(delimiter, len(header))
    with open_file(file.path, source.patience) as stream:
        records = _filled(read_csv_records(stream, source.max_sample_bytes, delimiter))
        next(records, None)
        for number, record in enumerate(records, start=1):
            if not record.is_closed:
                raise OSError(
                    f"line {record.line} opens a quote that is never closed, and it takes in all {record.n_lines:,} "
                    "lines from there to the end"
                )
            row = _row_of_record(file, number, record, source, delimiter, header)
            fault = quotes.fault(record.content.decode("utf-8", "replace"), record.line) if record.content else None
            if fault is not None:
                raise OSError(fault)
            yield row
        late = quotes.fault_of_doubted()
        if late is not None:
            raise OSError(late)


def _csv_header(file: SourceFile, source: ReadOptions, wanted: list[str]) -> tuple[str, list[str]]:
    """The delimiter with which the header names the wanted columns (without any: the most columns), and their names."""
    likely, first = _DELIMITERS[0], list[str]()
    for delimiter in _DELIMITERS:
        with open_file(file.path, source.patience) as stream:
            refuse_unknown_packing(stream)
            record = next(_filled(read_csv_records(stream, source.max_sample_bytes, delimiter)), None)
        if record is None or record.content is None:
            break
        decoded = decode(record.content)
        if decoded.text is None:
            raise SourceError(f"the header of {file.uri} cannot be read: {decoded.error}")
        names = [name.strip() for name in split_fields(decoded.text, delimiter)]
        if wanted and all(names.count(name) == 1 for name in wanted):
            return delimiter, list(named_apart((name, None) for name in names))
        if len(names) > len(first):
            likely, first = delimiter, names
    if first and not wanted:
        return likely, list(named_apart((name, None) for name in first))
    twice = next((name for name in wanted if first.count(name) > 1), None)
    if twice is not None:
        raise SourceError(f"{file.uri} has column {twice!r} {first.count(twice)} times; keep one")
    raise missing_column(file, next((name for name in wanted if name not in first), (wanted or [""])[0]), first)


def _row_of_record(
    file: SourceFile, number: int, record: Record, source: ReadOptions, delimiter: str, header: list[str]
) -> Row:
    where = f"{file.uri} line {record.line}"
    row = Row(number, None, record.n_bytes, record.digest)
    if record.content is None:
        return replace(row, error=too_large(where, record.n_bytes, source))
    decoded = decode(record.content)
    if decoded.text is None:
        return replace(row, error=f"{where}: {decoded.error}")
    fields = split_fields(decoded.text, delimiter)
    # A text that only begins with a quoted word is read as it stands, and a backslash is no way to write a quote.
    is_literal = '"' in decoded.text and is_followed_by_text(decoded.text, delimiter)
    if is_literal:
        fields = decoded.text.split(delimiter)
    if len(fields) != len(header) and is_literal:
        return replace(row, error=f"{where}: {NOT_CLOSED_BY}")
    if len(fields) != len(header):
        return replace(row, error=f"{where} has {len(fields)} fields but the header names {len(header)} columns")
    columns = dict(zip(header, fields, strict=True))
    return replace(row, columns=columns, encoding=decoded.encoding, is_literal=is_literal)


def text_of_row(file: SourceFile, row: Row, columns: dict[str, Any], source: ReadOptions) -> RawSample:
    """The text that a row holds."""
    value = columns[source.text_column]
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | bytes | int | float)):
        kind = type(value).__name__
        return _unreadable(file, row, f"column {source.text_column!r} holds a {kind} in row {row.number}, not a text")
    source_id, metadata = _id_and_metadata(row, columns, source, without=source.text_column)
    content = value if isinstance(value, bytes) else None
    if content is None:
        text = "" if value is None or value != value else str(value)
        error = check_characters(text).error
        if error is not None:
            return replace(_unreadable(file, row, f"row {row.number}: {error}"), source_id=source_id, metadata=metadata)
        content = text.encode()
    sample = text_sample(_row_file(file, row), content)
    return replace(sample, source_id=source_id, metadata={**sample.metadata, **metadata})


def media_of_row(file: SourceFile, row: Row, columns: dict[str, Any], source: ReadOptions) -> RawSample:
    """The bytes, such as those of an image, that a row holds or names by their path."""
    path = embedded(columns[source.path_column or ""])
    is_embedded = isinstance(path, bytes)
    source_id, metadata = _id_and_metadata(row, columns, source, without=source.path_column if is_embedded else None)
    if is_embedded:
        return replace(media_sample(_row_file(file, row), path), source_id=source_id, metadata=metadata)
    if not isinstance(path, str) or not path:
        return _unreadable(file, row, f"column {source.path_column!r} holds no path in row {row.number}")
    try:
        place = place_of_image(file.uri, path)
    except ValueError as error:
        return replace(_unreadable(file, row, f"row {row.number}: {error}"), source_id=source_id, metadata=metadata)
    image = replace(_row_file(file, row), path=_root_of(file) / place)
    why_not = None
    root = _root_of(file)
    if isinstance(root, Path) and isinstance(image.path, Path):
        why_not = Links.of(root, source.follow_links).why_not(image.path)
    if why_not is not None:
        sample = _unreadable(file, row, f"row {row.number}: file {path!r} {why_not}")
    elif not is_a_name_of_files(place):
        sample = _unreadable(file, row, f"row {row.number} names file {path[:100]!r}, and no file can be called so")
    else:
        sample = next(read_media(image, source))
        if sample.error is not None and not sample.failed_on_the_way and not image.path.is_file():
            sample = _unreadable(file, row, f"row {row.number} names file {path!r}, which is not beside {file.uri}")
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
    if row.is_literal:
        metadata.setdefault("quotes", "as they stand: text follows a closing one")
    source_id = columns[source.id_column] if source.id_column else None
    if source_id is None or source_id == "":
        return None, metadata
    return str(source_id), metadata


def _row_file(file: SourceFile, row: Row) -> SourceFile:
    return replace(file, uri=part_uri(file.uri, row.number), n_bytes=row.n_bytes)


def _unreadable(file: SourceFile, row: Row, error: str) -> RawSample:
    uri = part_uri(file.uri, row.number)
    return RawSample(sample_id=row.digest, uri=uri, n_bytes=row.n_bytes, arrived_at=file.modified_at, error=error)
