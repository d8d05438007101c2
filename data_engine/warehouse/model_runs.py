"""Running SQL models and SQL tests over the tables of a corpus."""

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.schemas import SCHEMAS
from data_engine.storage import TableStore
from data_engine.storage.mart_files import write_mart
from data_engine.warehouse.connection import open_tables, sql_errors
from data_engine.warehouse.lineage import Lineage, lineage_of, parse
from data_engine.warehouse.lineage_cache import analysis_key, keep_lineages, known_lineages
from data_engine.warehouse.models import SqlModel, SqlTest

if TYPE_CHECKING:
    import duckdb

_PREVIEW_ROWS = 8
_OFFENDING_ROWS = 10


@dataclass(frozen=True)
class ModelResult:
    """One model as it ran: rows, wall seconds, DuckDB type by column, first rows, and where each column is from."""

    name: str
    layer: str
    n_rows: int
    seconds: float
    columns: Mapping[str, str]
    preview: pa.Table
    lineage: Lineage


@dataclass(frozen=True)
class TestResult:
    """One test as it ran: the number of rows that break it, and up to ten of them as JSON values."""

    __test__ = False

    name: str
    passed: bool
    n_offending: int
    rows: tuple[dict[str, Any], ...]


def run_models(
    store: TableStore,
    models: Sequence[SqlModel],
    *,
    run_id: str,
    review: Mapping[str, pa.Table] | None = None,
    variables: Mapping[str, str] | None = None,
    threads: int = 2,
) -> list[ModelResult]:
    """Run all models on one snapshot of the tables, and store the marts.

    Staging and intermediate models are views. Marts are written only after all of them were computed, so a broken
    model leaves all the earlier marts.

    Args:
        store: The tables of the corpus; those that do not exist yet are empty.
        models: Each after those it refers to, as `load_models` gives them.
        run_id: The run; kept in the metadata of each mart's file.
        review: Tables of the review queue, by the name that SQL knows them by.
        variables: Values for `var()`.
        threads: Threads that DuckDB may use.

    Returns: One result per model, in their order.

    Raises: SqlModelError naming the file of a model that does not parse or run; StorageError when a table cannot be
        read or a mart cannot be written.
    """
    known = {
        **{name: SCHEMAS[name].names for name in SCHEMAS},
        **{n: t.column_names for n, t in (review or {}).items()},
    }
    key = analysis_key("models", models, variables, known)
    lineages = known_lineages(store, key)
    results, marts = [], {}
    with closing(open_tables(store, review=review, threads=threads)) as connection:
        for model in models:
            started = time.perf_counter()
            table, n_rows, preview, columns = _run_model(connection, model, variables, is_parsed=lineages is not None)
            if table is not None:
                marts[model.name] = table
            seconds = time.perf_counter() - started
            lineage = lineage_of(model, known) if lineages is None else lineages[model.name]
            known[model.name] = list(columns)
            results.append(ModelResult(model.name, model.layer, n_rows, seconds, columns, preview, lineage))
    if lineages is None:
        keep_lineages(store, key, {result.name: result.lineage for result in results})
    for name, table in marts.items():
        write_mart(store, name, table.replace_schema_metadata({"run_id": run_id}))
    return results


def _run_model(
    connection: "duckdb.DuckDBPyConnection",
    model: SqlModel,
    variables: Mapping[str, str] | None,
    *,
    is_parsed: bool,
) -> tuple[pa.Table | None, int, pa.Table, dict[str, str]]:
    """Create a model; a mart comes back whole."""
    kind = "TABLE" if model.layer == "marts" else "VIEW"
    create(connection, model, variables, kind=kind, is_parsed=is_parsed)
    name = f'"{model.name}"'
    with sql_errors(str(model.path), connection):
        described = connection.execute(f"DESCRIBE {name}").fetchall()
        columns = {row[0]: row[1] for row in described}
        if model.layer == "marts":
            table = connection.sql(f"SELECT * FROM {name}").to_arrow_table()
            return table, table.num_rows, table.slice(0, _PREVIEW_ROWS), columns
        (n_rows,) = connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0]
        preview = connection.sql(f"SELECT * FROM {name} LIMIT {_PREVIEW_ROWS}").to_arrow_table()
        return None, n_rows, preview, columns


def create(
    connection: "duckdb.DuckDBPyConnection",
    model: SqlModel,
    variables: Mapping[str, str] | None,
    *,
    kind: str,
    is_parsed: bool = False,
) -> None:
    """Make a model a VIEW or a TABLE of the connection; one that is known to parse is not parsed again.

    Raises: SqlModelError naming the file; also when a source is not registered.
    """
    if not is_parsed:
        parse(model, variables)
    with sql_errors(str(model.path), connection):
        connection.execute(f'CREATE {kind} "{model.name}" AS {model.sql(variables)}')


def run_tests(
    store: TableStore,
    tests: Sequence[SqlTest],
    models: Sequence[SqlModel],
    *,
    review: Mapping[str, pa.Table] | None = None,
    variables: Mapping[str, str] | None = None,
    threads: int = 2,
) -> list[TestResult]:
    """Run all tests on one snapshot of the tables; models are computed from it again, so no stored mart is trusted.

    Args:
        store: The tables of the corpus.
        tests: As `load_tests` gives them.
        models: Each after those it refers to, as `load_models` gives them.
        review: Tables of the review queue, by the name that SQL knows them by.
        variables: Values for `var()`.
        threads: Threads that DuckDB may use.

    Returns: One result per test, in their order.

    Raises: SqlModelError naming the file of a model or test that does not parse or run; StorageError when a table
        cannot be read.
    """
    key = analysis_key("tests", [*models, *tests], variables, {})
    is_parsed = known_lineages(store, key) is not None
    with closing(open_tables(store, review=review, threads=threads)) as connection:
        for model in models:
            create(connection, model, variables, kind="VIEW", is_parsed=is_parsed)
        results = [_run_test(connection, test, variables, is_parsed=is_parsed) for test in tests]
    if not is_parsed:
        keep_lineages(store, key, {})
    return results


def _run_test(
    connection: "duckdb.DuckDBPyConnection", test: SqlTest, variables: Mapping[str, str] | None, *, is_parsed: bool
) -> TestResult:
    if not is_parsed:
        parse(test, variables)
    with sql_errors(str(test.path), connection):
        rows = connection.sql(test.sql(variables)).to_arrow_table()
    first = tuple(
        {name: _json(value) for name, value in row.items()} for row in rows.slice(0, _OFFENDING_ROWS).to_pylist()
    )
    return TestResult(test.name, rows.num_rows == 0, rows.num_rows, first)


def _json(value: Any) -> Any:
    """A value that JSON can hold."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value
