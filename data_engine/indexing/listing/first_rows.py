"""The first rows of a file, to see whether it holds what a corpus names, before anything is read whole.

Reading whole batches is in `batch_reader.py`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from data_engine.errors import DataEngineError
from data_engine.indexing.columnar.column_files import parquet_rows, saved_rows
from data_engine.indexing.columnar.rows import Row
from data_engine.indexing.registry import KINDS
from data_engine.indexing.row_files import csv_rows, jsonl_rows
from data_engine.indexing.source import Source
from data_engine.indexing.source_files import ReadOptions, SourceFile
from data_engine.indexing.uris import part_uri

#: The kinds of source whose files hold rows with columns.
_ROWS: dict[str, Callable[[SourceFile, ReadOptions, list[str]], Iterator[Row]]] = {
    "csv": csv_rows,
    "jsonl": jsonl_rows,
    "parquet": parquet_rows,
    "huggingface": saved_rows,
}


#: Characters of a value that are kept.
_LONGEST = 1000


@dataclass(frozen=True)
class FirstRows:
    """What the first rows of a file hold.

    Attributes:
        uri: Of the file.
        uris: Of the samples.
        rows: Their columns, long texts cut; of a kind without rows the metadata of the samples.
        error: Of a kind without rows: why the first sample that cannot be read is so; empty where all can.
    """

    uri: str
    uris: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    error: str = ""

    @property
    def columns(self) -> list[str]:
        """The names found, in their order."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def values(self, column: str) -> list[Any]:
        """What the rows hold in a column."""
        return [row.get(column) for row in self.rows]


def has_rows(source: Source) -> bool:
    """Whether the files of a source hold rows with columns of text, images and ids."""
    return source.kind in _ROWS


def rows_have_every_column(source: Source) -> bool:
    """Whether each row of a file has all columns of the file."""
    return source.kind in ("csv", "parquet", "huggingface", "pixel_rows")


def first_rows(source: Source, file: SourceFile, modality: str, at_most: int) -> FirstRows | None:
    """The first rows of a file; None where it cannot be read, which its batch says when it is taken in.

    Args:
        source: How it is to be read.
        file: A file of the source.
        modality: What a sample is.
        at_most: Rows.
    """
    if file.why_not is not None:
        return None
    error = ""
    try:
        if source.kind in _ROWS:
            found = list(islice(_ROWS[source.kind](file, source, []), at_most))
            pairs = [(part_uri(file.uri, row.number), row.columns) for row in found if row.columns is not None]
        elif KINDS[source.kind].has_columns:
            every = source.model_copy(update={"keep_where_any": ()})
            samples = list(islice(KINDS[source.kind].read(file, every, modality), at_most))
            pairs = [(sample.uri, dict(sample.metadata)) for sample in samples if sample.error is None]
            error = next((f"{sample.uri}: {sample.error}" for sample in samples if sample.error is not None), "")
        else:
            pairs = [(file.uri, {})]
    except (OSError, DataEngineError):
        return None
    except Exception:
        # What nobody foresaw of a file holds its own batch back, once it is read.
        return None
    uris = tuple(uri for uri, _ in pairs)
    rows = tuple({**_short(columns), **_of_uri(source.uri_pattern, uri)} for uri, columns in pairs)
    return FirstRows(file.uri, uris, rows, error)


def _short(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns without what no label is: long texts are cut, bytes left out."""
    return {
        name: value[:_LONGEST] if isinstance(value, str) else None if isinstance(value, bytes) else value
        for name, value in columns.items()
    }


def _of_uri(pattern: str | None, uri: str) -> dict[str, str | None]:
    """The columns that a pattern finds in a uri."""
    match = None if pattern is None else re.search(pattern, uri)
    return match.groupdict() if match else {}
