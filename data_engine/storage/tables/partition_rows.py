"""Rows on their way into a table: checked against its schema, in the order in which they are read, by partition.

How they become files is in `parquet_files.py`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.schemas import PARTITION_COLUMNS
from data_engine.storage.row_fingerprint import RowFingerprint
from data_engine.storage.schema_check import conform, refuse_other_pieces
from data_engine.storage.tables.parquet_files import PartitionRows


def partitions_of(
    name: str,
    rows: pa.Table | Iterable[pa.RecordBatch],
    piece: Mapping[str, str],
    fingerprint: RowFingerprint,
) -> Iterable[PartitionRows]:
    """The rows of a write in the schema of their table, by partition in order of their values.

    Args:
        name: Table in `schemas.SCHEMAS`.
        rows: A table, which is checked at once; or a stream, which is checked as it is taken.
        piece: Values of partition columns that all rows must have.
        fingerprint: Is given the rows in the order in which they are read later.

    Raises: SchemaMismatch as `conform` and `refuse_other_pieces` do; InvalidInput for a stream that is not of one
        partition.
    """
    columns = PARTITION_COLUMNS.get(name, ())
    if not isinstance(rows, pa.Table):
        _refuse_several(name, columns, piece)
        return [PartitionRows(piece, _checked(name, rows, piece, fingerprint))]
    checked = conform(name, rows)
    refuse_other_pieces(name, checked, piece)
    if len(piece) < len(columns):
        checked = _in_order(checked, columns)
    fingerprint.add(checked)
    return _split(checked, columns) if len(piece) < len(columns) else [PartitionRows(piece, [checked])]


def _checked(
    name: str, batches: Iterable[pa.RecordBatch], piece: Mapping[str, str], fingerprint: RowFingerprint
) -> Iterator[pa.Table]:
    for batch in batches:
        rows = conform(name, pa.Table.from_batches([batch]))
        refuse_other_pieces(name, rows, piece)
        fingerprint.add(rows)
        yield rows


def _refuse_several(name: str, columns: Sequence[str], piece: Mapping[str, str]) -> None:
    missing = [column for column in columns if column not in piece]
    if missing:
        raise InvalidInput(
            f"a stream of rows of {name} may hold several values of {missing[0]!r}, and a stream is written into one "
            f"partition; give its {missing[0]}, or write a table"
        )


def _in_order(rows: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Sorted by the values of the partition, the rows of each in the order in which they are."""
    keys = list(zip(*(rows[column].to_pylist() for column in columns), strict=True))
    if all(one <= next_one for one, next_one in pairwise(keys)):
        return rows
    return rows.take(pa.array(sorted(range(len(keys)), key=keys.__getitem__), pa.int64()))


def _split(rows: pa.Table, columns: Sequence[str]) -> Iterator[PartitionRows]:
    keys = zip(*(rows[column].to_pylist() for column in columns), strict=True)
    start = 0
    for values, group in groupby(keys):
        n = len(list(group))
        yield PartitionRows(dict(zip(columns, values, strict=True)), [rows.slice(start, n)])
        start += n
