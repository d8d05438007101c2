"""Read-only queries over the tables, marts and SQL models of a corpus. The connection itself is in `connection.py`."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.errors import SqlModelError
from data_engine.storage import TableStore
from data_engine.storage.mart_files import mart_names
from data_engine.warehouse.connection import open_warehouse, sql_errors
from data_engine.warehouse.model_runs import create
from data_engine.warehouse.models import SqlModel

if TYPE_CHECKING:
    import duckdb


def query(
    store: TableStore,
    sql: str,
    *,
    review: Mapping[str, pa.Table] | None = None,
    models: Sequence[SqlModel] = (),
    variables: Mapping[str, str] | None = None,
) -> pa.Table:
    """Run one reading statement over the tables and marts of a corpus.

    Args:
        store: The tables of the corpus.
        sql: One SELECT, WITH, FROM, VALUES, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN in DuckDB's dialect.
        review: Tables of the review queue, by the name that SQL knows them by.
        models: Each after those it refers to; where the statement names one that is not stored, all of those that
            are not are computed from the tables as they are now.
        variables: Values for `var()` in the models.

    Returns: The rows.

    Raises: SqlModelError when it is no single reading statement, does not parse, or names a table or column that
        there is not; StorageError when a table cannot be read.
    """
    connection = open_warehouse(store, review=review)
    try:
        _create_missing(connection, store, sql, models, variables)
        with sql_errors("the query", connection, models=[model.name for model in models]):
            _refuse_writing(connection, sql)
            return connection.sql(sql).to_arrow_table()
    finally:
        connection.close()


def _create_missing(
    connection: "duckdb.DuckDBPyConnection",
    store: TableStore,
    sql: str,
    models: Sequence[SqlModel],
    variables: Mapping[str, str] | None,
) -> None:
    """Views of the models that are not stored as marts, when the statement names one of them."""
    stored = set(mart_names(store))
    missing = [model for model in models if model.name not in stored]
    if {model.name for model in missing} & set(re.findall(r"\w+", sql.lower())):
        for model in missing:
            create(connection, model, variables, kind="VIEW")


def _refuse_writing(connection: "duckdb.DuckDBPyConnection", sql: str) -> None:
    import duckdb

    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise SqlModelError(f"the query holds {len(statements)} statements; run one at a time")
    kind = statements[0].type
    if kind not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        raise SqlModelError(
            f"the query is a {kind.name} statement, but queries only read; use SELECT, WITH, DESCRIBE, SHOW, "
            f"SUMMARIZE or EXPLAIN"
        )
