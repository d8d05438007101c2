"""The Parquet files of tables: rows in the order given, with checksums that are compared when they are read.

Which files make up a table is in its log, see `delta_commits.py`.

Every page has a CRC-32, which Arrow compares as it reads. The footer, which says where the pages are and which values
are in them, has none in Parquet: its hash is the end of the file's name. Neither do the few bytes before each page; a
small file is hashed whole.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import pyarrow as pa
import xxhash

from data_engine.places.kinds import is_local
from data_engine.storage.atomic_files import beside, flush, in_scratch, upload

if TYPE_CHECKING:
    from pyarrow.dataset import ParquetFileFormat

#: Bytes in memory of the rows of a row group, which is what a writer or a scan holds at least.
_ROW_GROUP_BYTES = 64 * 2**20
_COMPRESSED_BYTES = 2**20

_NAME = re.compile(r"part-\d{5}-[0-9a-f]{32}-(?P<hash>[0-9a-f]{16})\.parquet")
_TAIL_BYTES = 8
_HASHED_WHOLE_BYTES = 2**20
_LONGEST_FOLDER = 200
_MOST_VERIFIED = 65_536


class DamagedFile(OSError):
    """A file whose bytes are not those that were written."""


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a table: its place below the table's folder, and what it holds."""

    path: str
    size: int
    modified_ms: int
    n_rows: int
    values: Mapping[str, str | None]
    """Values of the partition columns, which are not in the file; null for `no partition`."""
    digest: str = ""
    """xxh3-128 of its bytes, where they would have to be fetched to take it later."""


@dataclass(frozen=True)
class PartitionRows:
    """Rows of one partition, in parts."""

    values: Mapping[str, str]
    parts: Iterable[pa.Table]


def write_files(folder: Path, schema: pa.Schema, partitions: Iterable[PartitionRows]) -> list[DataFile]:
    """Write the rows of each partition into one file, flushed to the disk; a partition without rows gets none.

    Args:
        folder: The table's.
        schema: The columns of the files, without those of the partition.
        partitions: The rows, in columns of any order; a part is let go once its row group is written.

    Returns: the files, numbered in this order, so that the order of their names is that of the rows.

    Raises: OSError as the disk gives it, or whatever the parts raise; no file of this call is left.
    """
    written: list[DataFile] = []
    try:
        for rows in partitions:
            file = _write(folder, schema, len(written), rows)
            if file is not None:
                written.append(file)
    except BaseException:
        delete_files(folder, written)
        raise
    return written


def delete_files(folder: Path, files: Iterable[DataFile]) -> None:
    """Delete files that no version of a table names."""
    for file in files:
        (folder / file.path).unlink(missing_ok=True)


def _write(folder: Path, schema: pa.Schema, number: int, rows: PartitionRows) -> DataFile | None:
    groups = _row_groups(part.select(schema.names) for part in rows.parts)
    first = next(groups, None)
    if first is None:
        return None
    name = f"part-{number:05d}-{uuid4().hex}"
    place = folder.joinpath(*(_folder_of(column, value) for column, value in rows.values.items()), name)
    values = {column: value or None for column, value in rows.values.items()}
    if not is_local(folder):
        return _sent(folder, place, values, lambda file: _fill(file, schema, first, groups))
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(place)
    try:
        n_rows = _fill(temporary, schema, first, groups)
        flush(temporary)
        path = place.with_name(f"{name}-{_hash_of(temporary)}.parquet")
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
    flush(path.parent)
    found = path.stat()
    return DataFile(path.relative_to(folder).as_posix(), found.st_size, found.st_mtime_ns // 10**6, n_rows, values)


def _sent(folder: Path, place: Path, values: Mapping[str, str | None], fill: Callable[[Path], int]) -> DataFile:
    """Fill a file in scratch and send it to its place behind a URL."""
    temporary = in_scratch(place)
    try:
        n_rows = fill(temporary)
        path, found = place.with_name(f"{place.name}-{_hash_of(temporary)}.parquet"), temporary.stat()
        upload(temporary, path)
        digest = xxhash.xxh3_128()
        with temporary.open("rb") as file:
            while piece := file.read(_HASHED_WHOLE_BYTES):
                digest.update(piece)
    finally:
        temporary.unlink(missing_ok=True)
    name = path.relative_to(folder).as_posix()
    return DataFile(name, found.st_size, found.st_mtime_ns // 10**6, n_rows, values, digest.hexdigest())


def _fill(path: Path, schema: pa.Schema, first: pa.Table, others: Iterator[pa.Table]) -> int:
    import pyarrow.parquet as pq

    leaves = [leaf for field in schema for leaf in _leaves(field.name, field.type)]
    # Bytes are vectors, sketches and images, which no codec makes smaller; of a small file it takes longer to begin.
    codec = "zstd" if first.nbytes >= _COMPRESSED_BYTES else "none"
    writer = pq.ParquetWriter(
        path,
        schema,
        compression={name: "none" if pa.types.is_binary(kind) else codec for name, kind in leaves},
        use_dictionary=[name for name, kind in leaves if not pa.types.is_binary(kind)],
        write_page_checksum=True,
    )
    n_rows = 0
    with writer:
        group: pa.Table | None = first
        while group is not None:
            writer.write_table(group.cast(schema), row_group_size=group.num_rows)
            n_rows += group.num_rows
            group = next(others, None)
    return n_rows


def _leaves(name: str, kind: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    """The columns of a file that hold a column of rows, as Parquet names them, each with its type."""
    if pa.types.is_map(kind):
        yield from _leaves(f"{name}.key_value.key", kind.key_type)
        yield from _leaves(f"{name}.key_value.value", kind.item_type)
    elif pa.types.is_list(kind):
        yield from _leaves(f"{name}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(f"{name}.{field.name}", field.type)
    else:
        yield name, kind


def _row_groups(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of about the size of a row group."""
    held: list[pa.Table] = []
    n_bytes = 0
    for part in parts:
        for rows in _cut(part):
            held.append(rows)
            n_bytes += rows.nbytes
            if n_bytes >= _ROW_GROUP_BYTES:
                yield pa.concat_tables(held)
                held, n_bytes = [], 0
    if held:
        yield pa.concat_tables(held)


def _cut(rows: pa.Table) -> Iterator[pa.Table]:
    if rows.num_rows:
        n = max(1, int(rows.num_rows * _ROW_GROUP_BYTES / max(rows.nbytes, 1)))
        for start in range(0, rows.num_rows, n):
            yield rows.slice(start, n)


def _folder_of(column: str, value: str) -> str:
    """The folder of a partition, as Delta names it; a long value is cut, because names of files have a limit."""
    name = quote(value, safe="") or "__HIVE_DEFAULT_PARTITION__"
    if len(name) > _LONGEST_FOLDER:
        name = f"{name[: _LONGEST_FOLDER - 33]}-{xxhash.xxh3_128_hexdigest(value.encode())}"
    return f"{column}={name}"


def verified_format() -> "ParquetFileFormat":
    """Parquet as a format of datasets that compares the checksums of pages, where a file has them."""
    import pyarrow.dataset as pads

    options = pads.ParquetFragmentScanOptions(page_checksum_verification=True)
    return pads.ParquetFileFormat(default_fragment_scan_options=options)


def verify(path: Path) -> None:
    """Compare a file with the hash in its name, once for each state of the file.

    A file that is missing, or whose name has no hash because an earlier version of the engine wrote it, passes.

    Raises: DamagedFile when they differ.
    """
    named = _NAME.fullmatch(path.name)
    if named is None:
        return
    try:
        # Behind a URL a name is never given again, and to look at a file costs as much as to read a small one.
        found = path.stat() if is_local(path) else None
        _compare(path, named["hash"], found and (found.st_ino, found.st_mtime_ns, found.st_size))
    except FileNotFoundError:
        return


@lru_cache(maxsize=_MOST_VERIFIED)
def _compare(path: Path, expected: str, _state: Any) -> None:
    if _hash_of(path) != expected:
        raise DamagedFile("it has another checksum than when it was written")


def _hash_of(path: Path) -> str:
    """xxh3-64 of the footer of a Parquet file, its length and the mark at the end included; of a small file, of all."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = 0
        if size > _HASHED_WHOLE_BYTES:
            file.seek(size - _TAIL_BYTES)
            length = int.from_bytes(file.read(_TAIL_BYTES)[:4], "little")
            start = max(0, size - _TAIL_BYTES - length)
        file.seek(start)
        return str(xxhash.xxh3_64(file.read()).hexdigest())
