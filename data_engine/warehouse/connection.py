"""An in-memory DuckDB over the tables of a corpus, closed to files. Queries on it are in `queries.py`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pyarrow as pa

from data_engine.errors import InvalidInput, SqlModelError, StorageError
from data_engine.places.place import scratch
from data_engine.schemas import SCHEMAS
from data_engine.storage import TableStore
from data_engine.storage.mart_files import mart_dataset, mart_names

if TYPE_CHECKING:
    import duckdb

#: How DuckDB begins the error of a table's files, as opposed to one of the SQL.
_STREAM_FAILED = "reading the stream registered as"

#: The tables that a connection reads.
_TABLES: "WeakKeyDictionary[duckdb.DuckDBPyConnection, dict[str, Any]]" = WeakKeyDictionary()

_LOCK = (
    "SET TimeZone = 'UTC'",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


def open_warehouse(
    store: TableStore, *, review: Mapping[str, pa.Table] | None = None, threads: int = 2
) -> "duckdb.DuckDBPyConnection":
    """Open a DuckDB in memory, in which every table and every mart of a corpus is a view under its name.

    Each table is read as of its latest version at this moment; one that does not exist yet is empty. The connection
    can read no other file, and what is created in it is gone when it closes.

    Args:
        store: The tables of the corpus.
        review: Tables of the review queue, by the name that SQL knows them by.
        threads: Threads that a query may use, at least 1.

    Returns: The connection; close it after use.

    Raises: InvalidInput when a review table has the name of a table; StorageError when a table cannot be read.
    """
    connection = open_tables(store, review=review, threads=threads)
    taken = {*SCHEMAS, *(review or {})}
    for name in mart_names(store):
        if name not in taken:
            connection.register(name, mart_dataset(store, name))
    return connection


def open_tables(
    store: TableStore, *, review: Mapping[str, pa.Table] | None, threads: int
) -> "duckdb.DuckDBPyConnection":
    """As `open_warehouse`, without the marts."""
    import duckdb

    for name in review or {}:
        if name in SCHEMAS:
            raise InvalidInput(f"review table {name!r} has the name of a table of the engine; rename it")
    # What does not fit into memory goes beside the data, not into whatever folder the process was started in.
    spill = str(scratch(store.folder).absolute() / ".spill")
    connection = duckdb.connect(":memory:", config={"threads": threads, "temp_directory": spill})
    _TABLES[connection] = {name: store.dataset(name) for name in SCHEMAS}
    for name, rows in _TABLES[connection].items():
        connection.register(name, rows)
    for name, table in (review or {}).items():
        connection.register(name, table)
    for statement in _LOCK:
        connection.execute(statement)
    return connection


@contextmanager
def sql_errors(what: str, connection: "duckdb.DuckDBPyConnection", *, models: Sequence[str] = ()) -> Iterator[None]:
    """Run SQL; what DuckDB says against it becomes a SqlModelError, with the tables that there are.

    Args:
        what: What is run, as the message calls it.
        connection: Where.
        models: Names of models that may be asked besides the tables.

    Raises: SqlModelError; StorageError when the SQL is sound and a file of a table cannot be read.
    """
    import duckdb

    try:
        yield
    except duckdb.CatalogException as error:
        raise SqlModelError(f"{what} cannot run: {_one_line(error)}; {_named(connection, models)}") from error
    except duckdb.Error as error:
        damage = _damage(connection, error)
        if damage is not None:
            raise StorageError(f"{what} cannot run: {_one_line(error)}; {damage}") from error
        if _STREAM_FAILED in str(error):
            raise StorageError(
                f"{what} cannot run: {_one_line(error)}; nothing was changed: restore the file, or materialize the "
                f"table anew"
            ) from error
        correct = f"correct the SQL; {_named(connection, models)}"
        raise SqlModelError(f"{what} cannot run: {_one_line(error)}; {correct}") from error


def _named(connection: "duckdb.DuckDBPyConnection", models: Sequence[str]) -> str:
    """The tables and models that a statement may name."""
    tables = {row[0] for row in connection.execute("SHOW TABLES").fetchall()}
    others = sorted(set(models) - tables)
    return f"the tables are {', '.join(sorted(tables))}" + (f"; the models {', '.join(others)}" if others else "")


def _damage(connection: "duckdb.DuckDBPyConnection", error: Exception) -> StorageError | None:
    """What is wrong with a file of the table that an error of DuckDB names; None where nothing is found."""
    from data_engine.storage.tables.table_rows import TableRows

    named = re.search(rf"{_STREAM_FAILED} '(\w+)'", str(error))
    rows = _TABLES.get(connection, {}).get(named[1] if named else "")
    return rows.damage() if isinstance(rows, TableRows) else None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
