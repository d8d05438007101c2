"""Images of rows: within the rows of Parquet and Arrow files, or at a path that a row names."""

import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_engine.indexing.file_access import open_file

if TYPE_CHECKING:
    from pathlib import Path

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
            f"image {path!r} leads out of the source; let source.path name a folder that holds both, and name it "
            "relative to its file"
        )
    return place


def embedded_finder(path: "Path | UPath", column: str, kind: str) -> Callable[[int], bytes]:
    """Reads the images of one file by the number of their row, from 1; the column is held in memory.

    Raises: KeyError when the file has no such column, and by the finder when it has no such row or no image there.
    """
    with open_file(path) as stream:
        if kind == "parquet":
            images = pq.read_table(stream, columns=[column])[column]
        else:
            with pa.ipc.open_stream(stream) as reader:
                images = reader.read_all()[column]

    def find(number: int) -> bytes:
        value = embedded(images[number - 1].as_py()) if 0 < number <= len(images) else None
        if not isinstance(value, bytes):
            raise KeyError(number)
        return value

    return find
