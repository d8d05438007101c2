"""Contents: the bytes of an image again, by its row of the raw index.

The raw index says where every sample was read; later steps need the pixels. A kind of source that keeps images in
another way adds its way of finding them to `_FINDERS`.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_engine.errors import ContentMissing
from data_engine.indexing.archives import image_finder
from data_engine.indexing.file_access import open_file
from data_engine.indexing.inline_media import embedded, embedded_finder, place_of_image
from data_engine.indexing.pixel_rows import pixel_contents
from data_engine.indexing.samples import sample_id_of_bytes
from data_engine.indexing.source import Source

if TYPE_CHECKING:
    from upath import UPath


class Contents:
    """The images of one source."""

    def __init__(self, source: Source, project_folder: Path) -> None:
        """Nothing is opened before the first read.

        Raises: SourceMissing when the package that carries the data is not installed.
        """
        root = source.resolve(project_folder)
        self._folder = root.parent if root.is_file() else root
        self._find = _FINDERS[source.kind](self._folder, source)

    def read(self, row: Mapping[str, Any]) -> bytes:
        """The bytes of an image.

        Args:
            row: `sample_id`, `uri` and `metadata` of its row of the raw index.

        Raises: ContentMissing when it is gone, may not be read, or is not what was indexed.
        """
        try:
            content = self._find(row["uri"], row["metadata"])
        except (OSError, ValueError, KeyError) as error:
            said = getattr(error, "strerror", None) or error
            raise ContentMissing(
                f"image {row['uri']} cannot be read again below {self._folder} ({said}); put it back, or ingest its "
                "batch anew"
            ) from error
        if sample_id_of_bytes(content) != row["sample_id"]:
            raise ContentMissing(f"image {row['uri']} has changed since it was indexed; ingest its batch anew")
        return content


Find = Callable[[str, str], bytes]


def _in_folder(folder: "Path | UPath", _source: Source) -> Find:
    def find(uri: str, _metadata: str) -> bytes:
        with open_file(folder / uri) as stream:
            return stream.read()

    return find


def _in_row(folder: "Path | UPath", source: Source) -> Find:
    """The uri is that of the row, `table.csv#12`; its columns name the image, or the row itself holds it."""
    column = source.path_column or ""
    finder_of = lru_cache(maxsize=1)(lambda table: embedded_finder(folder / table, column, source.kind))

    def find(uri: str, metadata: str) -> bytes:
        table, _, number = uri.rpartition("#")
        path = embedded(json.loads(metadata).get(column))
        if path is None:
            return finder_of(table)(int(number))
        with open_file(folder / place_of_image(table, path)) as stream:
            return stream.read()

    return find


def _in_archive(folder: "Path | UPath", _source: Source) -> Find:
    finder_of = lru_cache(maxsize=4)(lambda archive: image_finder(folder / archive))

    def find(uri: str, _metadata: str) -> bytes:
        archive, _, key = uri.partition("#")
        return finder_of(archive)(key)

    return find


def _in_pixel_rows(folder: "Path | UPath", source: Source) -> Find:
    images_of = lru_cache(maxsize=1)(lambda file: pixel_contents(folder / file, source))

    def find(uri: str, _metadata: str) -> bytes:
        file, _, line = uri.rpartition("#")
        return images_of(file)[int(line)]

    return find


_FINDERS: dict[str, Callable[["Path | UPath", Source], Find]] = {
    "folder": _in_folder,
    "front_matter": _in_folder,
    "jsonl": _in_row,
    "csv": _in_row,
    "parquet": _in_row,
    "huggingface": _in_row,
    "webdataset": _in_archive,
    "pixel_rows": _in_pixel_rows,
}
