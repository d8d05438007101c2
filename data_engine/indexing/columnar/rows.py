"""A row of a file before it is a sample, and what is said of rows and files that cannot be read.

Rows become samples in `indexing/row_files.py`.
"""

from dataclasses import dataclass
from typing import Any

from data_engine.errors import SourceError
from data_engine.indexing.source_files import ReadOptions, SourceFile

#: How the error of a line ends that holds JSON, and no row.
NO_OBJECT = "not an object with named columns"


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
    is_literal: bool = False
    """Whether the quotes of a CSV row are read as they stand, because text follows a closing one."""


def too_large(where: str, n_bytes: int, source: ReadOptions) -> str:
    """Why a row of more than `max_sample_bytes` has no columns."""
    limit = source.max_sample_bytes
    return f"{where} has {n_bytes} bytes, max_sample_bytes is {limit}; split the sample or raise max_sample_bytes"


def missing_column(file: SourceFile, name: str, found: Any) -> SourceError:
    """The error for a file without a column that the source names."""
    return SourceError(f"{file.uri} has no column {name!r}, it has {listed(found)}; name one of them in the source")


def listed(names: Any) -> str:
    """Names in quotes, the first twenty."""
    shown = ", ".join(repr(name) for name in list(names)[:20])
    return shown + (", ..." if len(names) > 20 else "") if names else "no columns"
