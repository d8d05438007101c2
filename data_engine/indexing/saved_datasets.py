"""Rows of a folder that `datasets.Dataset.save_to_disk` wrote, read as plain Arrow.

They become samples in `row_files.py`.
"""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from data_engine.errors import SourceError
from data_engine.indexing.columnar.arrow_values import plain_rows
from data_engine.indexing.source_files import SourceFile, open_file


def read_saved_rows(file: SourceFile, at_a_time: int = 1024) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """Column names, and the rows of a file in bounded pieces; class numbers are replaced by the names of the classes.

    Raises: SourceError when the file is no Arrow stream, or ends in its midst.
    """
    try:
        with open_file(file.path) as stream, pa.ipc.open_stream(stream) as reader:
            names = reader.schema.names
            classes = _class_names(reader.schema)
            yield names, []
            for piece in reader:
                for start in range(0, piece.num_rows, at_a_time):
                    yield names, [_named(row, classes) for row in plain_rows(piece.slice(start, at_a_time))]
    except (pa.ArrowException, EOFError) as error:
        if isinstance(error, MemoryError):
            raise
        raise SourceError(
            f"{file.uri} cannot be read as a saved dataset: {error}; save it anew with save_to_disk"
        ) from error


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    try:
        described = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = (described.get("info") or {}).get("features") or {}
        features.items()
    except (ValueError, AttributeError, RecursionError):
        # The rows can be read without the names of their classes.
        return {}
    return {
        name: feature["names"]
        for name, feature in features.items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)
    }


def _named(row: dict[str, Any], classes: dict[str, list[str]]) -> dict[str, Any]:
    for column, names in classes.items():
        number = row.get(column)
        if isinstance(number, int) and 0 <= number < len(names):
            row[column] = names[number]
    return row
