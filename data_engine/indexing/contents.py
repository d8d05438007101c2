"""Contents: the bytes of a picture again, by its row of the raw index.

The raw index says where every sample was read; later steps need the pixels. A kind of source that keeps pictures in
another way adds its way of finding them to `_FINDERS`.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from data_engine.corpus import Source
from data_engine.errors import ContentMissing
from data_engine.indexing.pixel_rows import pixel_contents
from data_engine.indexing.samples import sample_id_of_bytes


class Contents:
    """The pictures of one source."""

    def __init__(self, source: Source, project_folder: Path) -> None:
        """Nothing is opened before the first read.

        Raises: SourceMissing when the package that carries the data is not installed.
        """
        root = source.resolve(project_folder)
        self._folder = root.parent if root.is_file() else root
        self._find = _FINDERS[source.kind](self._folder, source)

    def read(self, row: Mapping[str, Any]) -> bytes:
        """The bytes of a picture.

        Args:
            row: `sample_id`, `uri` and `metadata` of its row of the raw index.

        Raises: ContentMissing when it is gone, may not be read, or is not what was indexed.
        """
        try:
            content = self._find(row["uri"], row["metadata"])
        except (OSError, ValueError, KeyError) as error:
            said = getattr(error, "strerror", None) or error
            raise ContentMissing(
                f"picture {row['uri']} cannot be read again below {self._folder} ({said}); put it back, or ingest its "
                "batch anew"
            ) from error
        if sample_id_of_bytes(content) != row["sample_id"]:
            raise ContentMissing(f"picture {row['uri']} has changed since it was indexed; ingest its batch anew")
        return content


Find = Callable[[str, str], bytes]


def _in_folder(folder: Path, _source: Source) -> Find:
    return lambda uri, _metadata: (folder / uri).read_bytes()


def _named_by_row(folder: Path, source: Source) -> Find:
    """The uri is that of the row, `table.csv#12`; the row's own columns name the picture."""

    def find(uri: str, metadata: str) -> bytes:
        table = uri.rpartition("#")[0]
        path = json.loads(metadata)[source.path_column or ""]
        return (folder / table).parent.joinpath(path).read_bytes()

    return find


def _in_pixel_rows(folder: Path, source: Source) -> Find:
    pictures_of = lru_cache(maxsize=1)(lambda file: pixel_contents(folder / file, source))

    def find(uri: str, _metadata: str) -> bytes:
        file, _, line = uri.rpartition("#")
        return pictures_of(file)[int(line)]

    return find


_FINDERS: dict[str, Callable[[Path, Source], Find]] = {
    "folder": _in_folder,
    "front_matter": _in_folder,
    "jsonl": _named_by_row,
    "csv": _named_by_row,
    "parquet": _named_by_row,
    "pixel_rows": _in_pixel_rows,
}
