"""Images of rows: within the rows of Parquet and Arrow files, or at a path that a row names.

The rows themselves are read in `row_files.py`.
"""

import json
import posixpath
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_engine.indexing.listing.links import Links
from data_engine.indexing.source_files import Find, ReadOptions, open_file
from data_engine.indexing.uris import path_of

if TYPE_CHECKING:
    from upath import UPath


def embedded(value: Any) -> Any:
    """The bytes or the path that an image's column holds as the struct {bytes, path}; any other value as it is."""
    if isinstance(value, dict) and value.keys() == {"bytes", "path"}:
        return value["path"] if value["bytes"] is None else value["bytes"]
    return value


def place_of_image(table: str, path: str) -> str:
    """The uri of the image that a row names.

    Args:
        table: Uri of the file with the row, relative to the root of the source.
        path: The image's path, relative to that file.

    Raises: ValueError when the path is absolute, a URL, or leads out of the source.
    """
    place = posixpath.normpath(posixpath.join(posixpath.dirname(table), path))
    if path.startswith(("/", "~")) or "://" in path or place.split("/")[0] == "..":
        raise ValueError(
            f"file {path!r} leads out of the source; let source.path name a folder that holds both, and name it "
            "relative to its file"
        )
    return place


def find_named_by_rows(folder: "Path | UPath", options: ReadOptions) -> Find:
    """Reads an image again that a row names, by the row's uri `table.csv#12` and its columns."""
    return _find(folder, options, _no_images)


def find_in_parquet(folder: "Path | UPath", options: ReadOptions) -> Find:
    """Reads an image again that a row of a Parquet file holds or names."""
    return _find(folder, options, _column_of_parquet)


def find_in_saved_dataset(folder: "Path | UPath", options: ReadOptions) -> Find:
    """Reads an image again that a row of a saved Hugging Face dataset holds or names."""
    return _find(folder, options, _column_of_arrow)


def _find(folder: "Path | UPath", options: ReadOptions, column_of: Callable[[Any, str], Any]) -> Find:
    column = options.path_column or ""
    finder_of = lru_cache(maxsize=1)(lambda table: _row_finder(path_of(folder, table), column, options, column_of))

    def find(uri: str, metadata: str) -> bytes:
        table, _, number = uri.rpartition("#")
        path = embedded(json.loads(metadata).get(column))
        if path is None:
            return finder_of(table)(int(number))
        image = folder / place_of_image(table, path)
        if isinstance(folder, Path) and isinstance(image, Path):
            why_not = Links.of(folder, options.follow_links).why_not(image)
            if why_not is not None:
                raise ValueError(f"it {why_not}")
        with open_file(image, options.patience) as stream:
            return stream.read()

    return find


def _row_finder(
    path: "Path | UPath", column: str, options: ReadOptions, column_of: Callable[[Any, str], Any]
) -> Callable[[int], bytes]:
    """Reads the images of one file by the number of their row, from 1; the column is held in memory.

    Raises: KeyError when the file has no such column, and by the finder when it has no such row or no image there.
    """
    with open_file(path, options.patience) as stream:
        images = column_of(stream, column)

    def find(number: int) -> bytes:
        value = embedded(images[number - 1].as_py()) if 0 < number <= len(images) else None
        if not isinstance(value, bytes):
            raise KeyError(number)
        return value

    return find


def _column_of_parquet(stream: Any, column: str) -> Any:
    return pq.read_table(stream, columns=[column])[column]


def _column_of_arrow(stream: Any, column: str) -> Any:
    with pa.ipc.open_stream(stream) as reader:
        return reader.read_all()[column]


def _no_images(_stream: Any, column: str) -> Any:
    raise KeyError(column)
