"""A search for a text in every file below a folder: as it is, as JSON and Base64 have it, and in what files
pack: columns of Parquet, values of databases, archives."""

import gzip
import json
import sqlite3
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def files_with(folder: Path, *needles: str | bytes) -> dict[str, list[str]]:
    """The files in which any of these stands, by their path below the folder, with what of them is there."""
    wanted = {form for needle in needles for form in _forms(needle)}
    found: dict[str, list[str]] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        there = {form for content in _contents(path) for form in wanted if form in content}
        if there:
            found[str(path.relative_to(folder))] = sorted(form[:40].decode("utf-8", "replace") for form in there)
    return found


def _forms(needle: str | bytes) -> set[bytes]:
    if isinstance(needle, bytes):
        # Bytes that are no multiple of three long end differently in the middle of others.
        return {needle, b64encode(needle[: len(needle) // 3 * 3]) if len(needle) > 30 else needle}
    return {needle.encode(), json.dumps(needle)[1:-1].encode(), needle.encode("utf-16-le")}


def _contents(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if content[:4] == b"PAR1":
        yield from _decoded(pq.ParquetFile(path))
    elif content[:15] == b"SQLite format 3":
        yield from _values(path)
    elif content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
    elif content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def _values(path: Path) -> Iterator[bytes]:
    """Every value of every table of a database, whole where it lies on several pages."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        for name in names:
            for row in database.execute(f'select * from "{name}"'):
                yield from (each if isinstance(each, bytes) else str(each).encode() for each in row)


def _decoded(file: pq.ParquetFile) -> Iterator[bytes]:
    """Every value of every column, and what the footer says of them."""
    yield str(file.metadata.to_dict()).encode()
    for column in file.read().columns:
        for chunk in column.chunks:
            for buffer in _buffers(chunk):
                yield buffer.to_pybytes()


def _buffers(array: pa.Array) -> Iterator[pa.Buffer]:
    plain = array.cast(array.type.value_type) if pa.types.is_dictionary(array.type) else array
    yield from (buffer for buffer in plain.buffers() if buffer is not None)
