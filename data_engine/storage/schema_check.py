"""Checks rows against the schema of their table before they are written: Delta casts in silence (1.7 becomes 1).

The schemas are in `data_engine.schemas`.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import SchemaMismatch
from data_engine.schemas import SCHEMAS
from data_engine.storage.row_fingerprint import plain, plain_type


def schema_of(name: str) -> pa.Schema:
    """The schema of a table.

    Raises: SchemaMismatch when there is no table of that name.
    """
    if name not in SCHEMAS:
        raise SchemaMismatch(f"there is no table {name!r}; the tables are {', '.join(sorted(SCHEMAS))}")
    return SCHEMAS[name]


def conform(name: str, table: pa.Table) -> pa.Table:
    """The rows in exactly the columns, order and types of their schema.

    Only the encoding may differ (dictionaries, views, 64-bit offsets, column order): no value is ever cast.

    Args:
        name: Table in `schemas.SCHEMAS`.
        table: The rows to be written.

    Returns: The same rows in the schema of the table.

    Raises: SchemaMismatch naming the column that is missing, unknown, of another type, or null where it must not be.
    """
    schema = schema_of(name)
    _compare_names(name, table, schema)
    columns = []
    for field in schema:
        column = table.column(field.name)
        if plain_type(column.type) != field.type:
            raise SchemaMismatch(
                f"column {field.name!r} of {name} is {column.type} but its schema says {field.type}; "
                f"cast it where it is made, or change the schema in data_engine/schemas.py"
            )
        if not field.nullable and column.null_count:
            raise SchemaMismatch(
                f"column {field.name!r} of {name} is null in {column.null_count} of {table.num_rows} rows but is "
                f"required; fill it where it is made"
            )
        columns.append(plain(column))
    return pa.Table.from_arrays(columns, schema=schema)


def _compare_names(name: str, table: pa.Table, schema: pa.Schema) -> None:
    found = table.column_names
    for problem, columns in {
        "comes more than once": sorted({column for column in found if found.count(column) > 1}),
        "is missing": [column for column in schema.names if column not in found],
        "is not in its schema": [column for column in found if column not in schema.names],
    }.items():
        if columns:
            raise SchemaMismatch(
                f"column {columns[0]!r} of {name} {problem} ({len(columns)} such: {', '.join(columns)}); "
                f"its columns are {', '.join(schema.names)}"
            )


def refuse_other_pieces(name: str, rows: pa.Table, piece: Mapping[str, str]) -> None:
    """Rows of another partition would be lost by the next write of theirs.

    Raises: SchemaMismatch naming the column, the number of such rows and one value.
    """
    for column, value in piece.items():
        other = rows.filter(pc.not_equal(rows[column], value))
        if other.num_rows:
            raise SchemaMismatch(
                f"column {column!r} of {name} is {other[column][0].as_py()!r} in {other.num_rows} of {rows.num_rows} "
                f"rows, but the partition to be written is {value!r}; write each partition with its own rows"
            )
