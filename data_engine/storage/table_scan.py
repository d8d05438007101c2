"""Scanning Delta tables with Arrow, in a fixed row order.

Opening a table is in `table_cache.py`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce
from operator import and_
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.storage.delta_commits import DeltaFolder
from data_engine.storage.parquet_files import verified_format
from data_engine.storage.piece_versions import piece_versions

_MOST_TINY_FILES = 4096


def dataset_of(folder: DeltaFolder, version: int | None = None, at: Mapping[str, int] | None = None) -> Any:
    """A table as a pyarrow dataset as it is stored, partition by partition in order of their values.

    Args:
        folder: the table's; without rows where it does not exist.
        version: Delta version; None is the latest.
        at: Partitions to read, of a table with one partition column, each as the commit of this version left it.

    Raises: StorageError when one of these commits is not in the table's history.
    """
    import pyarrow.dataset as pads
    from pyarrow import fs as pafs

    if not folder.exists() or at == {}:
        return pads.dataset(folder.schema_as_read.empty_table())
    files = _files(folder, version) if at is None else _files_at(folder, at)
    form = verified_format()
    # One commit writes a partition, and numbers its files: the order of the paths is the order of the rows.
    columns = folder.partition_columns
    # Arrow's own file system: Delta's is Python code on Arrow's threads, and can abort a process that is ending.
    filesystem = pafs.SubTreeFileSystem(str(folder.path.absolute()), pafs.LocalFileSystem())
    fragments = [
        form.make_fragment(path, filesystem, all_of(dict(zip(columns, values, strict=True))))
        for values, path in sorted(files)
    ]
    return pads.FileSystemDataset(fragments, folder.schema_as_read, form, filesystem)


def _files(folder: DeltaFolder, version: int | None) -> list[tuple[list[str], str]]:
    """The files of a version: partition values and path of each."""
    found = folder.open(version).to_pyarrow_dataset().get_fragments()
    return [(_values_of(file, folder.partition_columns), file.path) for file in found]


def _files_at(folder: DeltaFolder, at: Mapping[str, int]) -> list[tuple[list[str], str]]:
    """The files of some partitions, each as the commit of its version left it; an earlier table is opened only where
    a partition was written again since."""
    last = piece_versions(folder)
    of_version: dict[int | None, set[str]] = {}
    for value, version in at.items():
        if last.of(value) < version:
            name = f"{folder.partition_columns[0]} {value!r} of {folder.path.name}"
            raise StorageError(
                f"version {version} of {name} is gone from {folder.path}: the last that is there is of version "
                f"{last.of(value)}; `data-engine run` makes it anew from its source"
            )
        of_version.setdefault(None if last.of(value) == version else version, set()).add(value)
    return [
        (values, path)
        for version, wanted in of_version.items()
        for values, path in _files(folder, version)
        if values[0] in wanted
    ]


def tiny_files(dataset: Any, piece: Mapping[str, str], columns: Sequence[str]) -> pa.Table:
    """The rows of one piece of a dataset of small files; what was read of a file before is not read again.

    Delta never changes a file and never gives its name to another, so the rows of a file are always the same.
    """
    if not hasattr(dataset, "filesystem"):
        return dataset.to_table(columns=columns)
    folder = dataset.filesystem.base_path
    tables = [
        _rows_of(_File(f"{folder}/{file.path}", file, dataset.schema)) for file in dataset.get_fragments(all_of(piece))
    ]
    return pa.concat_tables([dataset.schema.empty_table(), *tables]).select(columns)


class _File:
    """A file of a table, known by its place."""

    def __init__(self, place: str, fragment: Any, schema: pa.Schema) -> None:
        self.place, self.fragment, self.schema = place, fragment, schema

    def __hash__(self) -> int:
        return hash(self.place)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _File) and self.place == other.place


@lru_cache(maxsize=_MOST_TINY_FILES)
def _rows_of(file: _File) -> pa.Table:
    return file.fragment.to_table(schema=file.schema)


def all_of(values: Mapping[str, str], among: Mapping[str, pa.Array] | None = None) -> Any:
    """The filter that columns have these values, and others one of several; None when there is none."""
    matches = [pc.field(column) == value for column, value in values.items()]
    matches += [pc.field(column).isin(several) for column, several in (among or {}).items()]
    return reduce(and_, matches) if matches else None


def _values_of(file: Any, columns: Sequence[str]) -> list[str]:
    """The partition values of a file, with the empty string in the place of null."""
    import pyarrow.dataset as pads

    values = pads.get_partition_keys(file.partition_expression)
    return [values.get(column) or "" for column in columns]
