"""Sources with one small grey image per line of a CSV file without a header, such as collections of digits.

CSV files with a header are read in `../row_files.py`.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from data_engine.errors import SourceError
from data_engine.indexing.files import media_sample, unreadable
from data_engine.indexing.line_records import Record, read_lines
from data_engine.indexing.samples import RawSample
from data_engine.indexing.source_files import Find, ReadOptions, SourceFile, open_file
from data_engine.indexing.uris import part_uri, path_of

if TYPE_CHECKING:
    from pathlib import Path

    from upath import UPath


def read_pixel_rows(file: SourceFile, source: ReadOptions) -> Iterator[RawSample]:
    """Each line as an image sample, with its label as metadata; the content is the image as a PGM file.

    Raises:
        SourceError: the file cannot be unpacked, or its first line has another number of values than `pixel_shape`
            and a label make.
    """
    for record in _lines(file.path, source):
        place = replace(file, uri=part_uri(file.uri, record.line), n_bytes=record.n_bytes)
        found = _image_of_line(record, source)
        if isinstance(found, str):
            if record.line == 1:
                raise SourceError(f"{file.uri} line 1 {found}; set source.pixel_shape, or remove the header")
            yield unreadable(place, record.content or record.digest.encode(), f"line {record.line} {found}")
        else:
            content, label = found
            yield replace(media_sample(place, content), metadata={"label": label})


def pixel_contents(path: "Path | UPath", source: ReadOptions) -> dict[int, bytes]:
    """The images of a file as PGM files, by line number from 1; lines that hold none are left out."""
    found = ((record.line, _image_of_line(record, source)) for record in _lines(path, source))
    return {line: image[0] for line, image in found if not isinstance(image, str)}


def find_pixel_rows(folder: "Path | UPath", source: ReadOptions) -> Find:
    """Reads an image of the files of a folder again, by its uri `file.csv#line`; one file is held in memory."""
    images_of = lru_cache(maxsize=1)(lambda file: pixel_contents(path_of(folder, file), source))

    def find(uri: str, _metadata: str) -> bytes:
        file, _, line = uri.rpartition("#")
        return images_of(file)[int(line)]

    return find


def _lines(path: "Path | UPath", source: ReadOptions) -> Iterator[Record]:
    try:
        with open_file(path, source.patience) as stream:
            yield from (record for record in read_lines(stream, source.max_sample_bytes) if record.content != b"")
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read: {error}; repair or remove it") from error


def _image_of_line(record: Record, source: ReadOptions) -> tuple[bytes, str] | str:
    """A PGM file and the label, or why the line holds no image."""
    height, width = source.pixel_shape or (0, 0)
    if record.content is None:
        return f"has {record.n_bytes} bytes, more than max_sample_bytes"
    values = record.content.decode("utf-8", "replace").split(",")
    if len(values) != height * width + 1:
        return f"has {len(values)} values, {height} x {width} pixels and a label make {height * width + 1}"
    try:
        pixels = np.array(values[:-1], dtype=np.float64)
    except ValueError:
        return "holds a pixel that is not a number"
    if not ((pixels >= 0) & (pixels <= 255) & (pixels == np.floor(pixels))).all():
        return "holds a pixel that is not a whole number from 0 to 255"
    label = values[-1].strip().removesuffix(".0")
    return b"P5\n%d %d\n255\n" % (width, height) + pixels.astype(np.uint8).tobytes(), label
