"""Pictures that stand in the rows of Parquet and Arrow files, read again by the number of their row."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_engine.indexing.opening import open_file

if TYPE_CHECKING:
    from pathlib import Path

    from upath import UPath


def embedded(value: Any) -> Any:
    """The bytes or the path that a picture's column holds as the struct {bytes, path}; any other value as it is."""
    if isinstance(value, dict) and value.keys() == {"bytes", "path"}:
        return value["path"] if value["bytes"] is None else value["bytes"]
    return value


def embedded_finder(path: "Path | UPath", column: str, kind: str) -> Callable[[int], bytes]:
    """Reads the pictures of one file by the number of their row, from 1; the column is held in memory.

    Raises: KeyError when the file has no such column, and by the finder when it has no such row or no picture there.
    """
    with open_file(path) as stream:
        if kind == "parquet":
            pictures = pq.read_table(stream, columns=[column])[column]
        else:
            with pa.ipc.open_stream(stream) as reader:
                pictures = reader.read_all()[column]

    def find(number: int) -> bytes:
        value = embedded(pictures[number - 1].as_py()) if 0 < number <= len(pictures) else None
        if not isinstance(value, bytes):
            raise KeyError(number)
        return value

    return find
