"""Scanning Delta tables with Arrow, in a fixed row order.

Opening a table is in `table_cache.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.places.object_store import arrow_filesystem
from data_engine.storage.tables.delta_commits import DeltaFolder
from data_engine.storage.tables.parquet_files import DamagedFile, verified_format, verify
from data_engine.storage.tables.piece_versions import piece_versions
from data_engine.storage.tables.table_cache import TableFile, files_in, files_of_latest

#: What a piece of a table holds at most, in bytes as they are in memory, about.
PIECE_BYTES = 32 << 20
_PIECE_ROWS, _LARGEST_GROUP = 8192, 256 << 20


def dataset_of(
    folder: DeltaFolder,
    version: int | None = None,
    piece: Mapping[str, str] | None = None,
    at: Mapping[str, int] | None = None,
    *,
    files: Sequence[TableFile] | None = None,
    are_verified: bool = True,
) -> Any:
    """A table as a pyarrow dataset as it is stored, partition by partition in order of their values.

    Args:
        folder: the table's; without rows where it does not exist.
        version: Delta version; None is the latest.
        piece: Values of partition columns; the files of others take no part.
        at: Partitions to read, of a table with one partition column, each as the commit of this version left it.
        files: Files of the table to read and no others, whatever else is said.
        are_verified: Whether the files are compared with the checksums in their names; pages always are when
            they are read.

    Raises: StorageError for a file that is damaged, and for a commit that is not in the table's history.
    """
    import pyarrow.dataset as pads

    from data_engine.storage.tables.table_rows import TableRows

    if not folder.exists() or at == {}:
        return pads.dataset(folder.schema_as_read.empty_table())
    form = verified_format()
    # Arrow's own file system: Delta's is Python code on Arrow's threads, and can abort a process that is ending.
    filesystem = arrow_filesystem(folder.path)
    # One commit writes a partition, and numbers its files: the order of the paths is the order of the rows.
    columns = folder.partition_columns
    if files is None:
        files = sorted(_files_of(folder, version, piece or {}) if at is None else _files_at(folder, at))
    if are_verified:
        for values, path in files:
            _verify(folder, path, dict(zip(columns, values, strict=True)))
    pieces = [
        (values, form.make_fragment(path, filesystem, all_of(dict(zip(columns, values, strict=True)))))
        for values, path in files
    ]
    found = TableRows([fragment for _, fragment in pieces], folder.schema_as_read, form, filesystem)
    found.table, found.columns, found.pieces = folder.path, columns, pieces
    return found


def _files_of(folder: DeltaFolder, version: int | None, piece: Mapping[str, str]) -> Iterator[tuple[list[str], str]]:
    """Partition values and path of each file of a piece."""
    columns = folder.partition_columns
    files = files_of_latest(folder.path, columns) if version is None else files_in(folder.open(version), columns)
    for values, path in files:
        if dict(zip(columns, values, strict=True)).items() >= piece.items():
            yield values, path


def _files_at(folder: DeltaFolder, at: Mapping[str, int]) -> Iterator[tuple[list[str], str]]:
    """The files of some partitions, each as the commit of its version left it; an earlier table is opened only where
    a partition was written again since."""
    last = piece_versions(folder.path)
    of_version: dict[int | None, set[str]] = {}
    for value, version in at.items():
        if last.of(value) < version:
            name = f"{folder.partition_columns[0]} {value!r} of {folder.path.name}"
            raise StorageError(
                f"version {version} of {name} is gone from {folder.path}: the last that is there is of version "
                f"{last.of(value)}; `data-engine run` makes it anew from its source"
            )
        of_version.setdefault(None if last.of(value) == version else version, set()).add(value)
    for opened, wanted in of_version.items():
        yield from (file for file in _files_of(folder, opened, {}) if file[0][0] in wanted)


def _verify(folder: DeltaFolder, path: str, values: Mapping[str, str]) -> None:
    from data_engine.storage.tables.table_rows import unreadable

    try:
        verify(folder.path / path)
    except DamagedFile as error:
        raise unreadable(folder.path, path, values, error) from error


def pieces_of(dataset: Any, values: Mapping[str, str], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Rows of a dataset in their order, a piece at a time: what one does not hold is read when it is asked for.

    Args:
        dataset: as `dataset_of` gives it.
        values: columns with the values that rows must have.
        columns: columns wanted, in this order.

    Raises: StorageError, while they are read, naming a file that is damaged.
    """
    schema = pa.schema([dataset.schema.field(column) for column in columns])
    if not hasattr(dataset, "filesystem"):
        rows = dataset.to_table(columns=list(columns), filter=all_of(values))
        yield from rows.cast(schema).to_batches(max_chunksize=_PIECE_ROWS)
        return
    try:
        for file in dataset.get_fragments(all_of(values)):
            # Arrow reads ahead over row groups, but not when it is given one.
            for group in file.split_by_row_group():
                for batch in _rows_of_group(group, dataset.schema, columns):
                    yield batch.cast(schema)
    except (OSError, pa.ArrowException) as error:
        damage = dataset.damage()
        if damage is None:
            raise
        raise damage from error


def _rows_of_group(group: Any, schema: pa.Schema, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The rows of one row group; of one larger than this version writes, not all columns are read at once."""
    import pyarrow.dataset as pads

    (said,) = group.row_groups
    n_rows = max(1, min(_PIECE_ROWS, int(PIECE_BYTES / max(1, said.total_byte_size / max(1, said.num_rows)))))
    if said.total_byte_size <= _LARGEST_GROUP:
        yield from group.to_table(schema=schema, columns=list(columns)).to_batches(max_chunksize=n_rows)
        return
    options = pads.ParquetFragmentScanOptions(
        pre_buffer=False, use_buffered_stream=True, page_checksum_verification=True
    )
    yield from group.to_batches(
        schema=schema, columns=list(columns), batch_size=n_rows, batch_readahead=1, fragment_scan_options=options
    )


def all_of(values: Mapping[str, str], among: Mapping[str, pa.Array] | None = None) -> Any:
    """The filter that columns have these values, and others one of several; None when there is none."""
    matches = [pc.field(column) == value for column, value in values.items()]
    matches += [pc.field(column).isin(several) for column, several in (among or {}).items()]
    return reduce(and_, matches) if matches else None
