"""The database of the review queue: opening it, making or migrating its tables, and transactions.

Every write is one transaction at a time (BEGIN IMMEDIATE on SQLite, an advisory lock on PostgreSQL), so a rule such
as `no more answers than wanted` is checked and kept in the same breath. On SQLite nobody waits for others for long, and
what was answered is on the disk before it is said to be taken; on PostgreSQL nobody waits for longer than
`_LOCK_TIMEOUT`, and who stalls within a transaction loses it. The tables are in `queue_tables.py`.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, NoSuchModuleError

from data_engine.errors import StorageError
from data_engine.errors.secret_texts import harmless
from data_engine.review.queue_migrations import lacking, likely_version, migrate
from data_engine.review.queue_tables import SCHEMA_VERSION, metadata, queue, schema_version
from data_engine.review.queue_url import parsed_url, shown_url

_BUSY_TIMEOUT_S = 30
_WAITS_QUIETLY_S = 1.0
_DOOR_TIMEOUT_S = 5
_POSTGRES_LOCK = 0x72657669
_LOCK_TIMEOUT = "10s"
_STALL_TIMEOUT = "30s"
_OF_SERVER = frozenset({"08", "25", "53", "55", "57", "58"})
_OF_LIBPQ = "connect_timeout"
_PATIENCE = {"pg8000": "timeout"}
"""What drivers call the seconds in which a connection has to be made, where it is not as in libpq."""
_READING = "review_is_reading"
_IS_LASTING = "review_is_lasting"
_AWAY = "restore it from a backup; or move it away, and the next run makes a new queue and numbers its rounds on"


def open_engine(url: str, *, may_create: bool = True, reads_only: bool = False) -> Engine:
    """An engine on a database that has the tables; folder, file and tables are made where they lack.

    Tables of an earlier version become those of today, in one transaction. A SQLite file that may not be written can
    still be read.

    Args:
        url: `sqlite:////absolute/path.db`, or a PostgreSQL URL.
        may_create: False refuses a database without a queue.
        reads_only: Whether nothing at all is written, not even the log of a SQLite file; implies not `may_create`.

    Raises:
        InvalidInput: the URL is of another kind, or in memory.
        StorageError: the database is of a newer schema, damaged, no database, cannot be reached, or its driver is not
            installed.
    """
    parsed = parsed_url(url)
    shown = shown_url(parsed)
    path = Path(str(parsed.database)) if parsed.get_backend_name() == "sqlite" else None
    if path is not None and path.is_dir():
        raise StorageError(f"the review queue at {shown} cannot be opened: that is a folder; give the path of a file")
    may_create = may_create and not reads_only
    if path is not None and not may_create and not path.exists():
        raise StorageError(f"there is no review queue at {shown}; check the path")
    is_read_only = path is not None and path.exists() and (reads_only or not _is_writable(path))
    engine = _engine(parsed, path if is_read_only else None)
    try:
        if is_read_only:
            _require_today(engine, shown)
        else:
            _install(engine, shown, may_create=may_create)
    except DatabaseError as error:
        engine.dispose()
        said = _cause(error)
        raise StorageError(f"the review queue at {shown} cannot be opened: {said}") from harmless(error)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: Engine, *, is_lasting: bool = True) -> Iterator[Connection]:
    """One write transaction; no other writer runs beside it. Rolled back when the block raises.

    What is not lasting (a lease) waits for no disk: a killed process does not lose it, a power cut may.
    """
    with engine.connect() as connection:
        connection.execution_options(**{_IS_LASTING: is_lasting})
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot of all tables; writers go on meanwhile."""
    level = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.execution_options(**{_READING: True}, **level).begin() as connection:
        yield connection


def time_of_now(engine: Engine) -> datetime:
    """The time of now in UTC, by the one clock of all who use the database: PostgreSQL's, else this machine's.

    A lease of one host must not run out by the clock of another.
    """
    if engine.dialect.name == "sqlite":
        return datetime.now(UTC)
    with engine.connect() as connection:
        found: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return found.astimezone(UTC)


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def engine_with_driver(url: URL, **options: Any) -> Engine:
    """An engine for a URL, which waits for a connection for a while only. Raises: StorageError without its driver."""
    is_sqlite = url.get_backend_name() == "sqlite"
    patience = {"timeout": _BUSY_TIMEOUT_S} if is_sqlite else {_PATIENCE.get(url.get_driver_name(), _OF_LIBPQ): 10}
    try:
        return sa.create_engine(url, **({"connect_args": patience} | options))
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StorageError(
            f"the review queue at {shown_url(url)} needs a database driver that is not installed ({error}); "
            "install it, e.g. pg8000 or psycopg2-binary, or use SQLite"
        ) from error


def _engine(url: URL, read_only: Path | None) -> Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and read_only is None:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    # A server that was started again has closed the connections that are kept.
    options: dict[str, Any] = {"pool_pre_ping": not is_sqlite}
    if read_only is not None:
        options = {"creator": lambda: _connect_for_reading(read_only)}
    engine = engine_with_driver(url, **options)
    if is_sqlite:
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        sa.event.listen(engine, "connect", _configure_postgres)
        sa.event.listen(engine, "begin", _begin_postgres)
    return engine


def _connect_for_reading(path: Path) -> sqlite3.Connection:
    """A file in a folder where SQLite cannot make its log; without one that holds rows it is taken as it is."""
    log = path.with_name(path.name + "-wal")
    immutable = "" if log.exists() and log.stat().st_size else "&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{immutable}", uri=True, check_same_thread=False)


def _configure_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver would begin transactions late and without IMMEDIATE; None leaves them to _begin_sqlite.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_READING, False):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get(_IS_LASTING, True) else 'NORMAL'}")
    door = _open_door(connection)
    if door is None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    try:
        _wait_at(door, fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        if not _begins_soon(connection):
            _wait_at(door, fcntl.LOCK_EX)
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        os.close(door)


def _open_door(connection: Connection) -> int | None:
    """A file beside the database that every writer passes, and that one who has waited for long keeps shut.

    The lock of SQLite goes to whoever happens to ask in the right moment, so that a few who write without a pause
    keep out the others for seconds. It remains what keeps writers apart: the door is for fairness alone.
    """
    try:
        return os.open(f"{connection.engine.url.database}-door", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None


def _wait_at(door: int, how: int) -> None:
    """Until the door can be had; a while at most, because who holds it may have been stopped."""
    until = time.monotonic() + _DOOR_TIMEOUT_S
    while time.monotonic() < until:
        try:
            fcntl.flock(door, how | fcntl.LOCK_NB)
            return
        except OSError:
            time.sleep(0.002)


def _begins_soon(connection: Connection) -> bool:
    """Whether the lock of SQLite was got before others had to be kept out for it."""
    driver: Any = connection.connection.driver_connection
    (patience_ms,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout={min(patience_ms, round(1000 * _WAITS_QUIETLY_S))}")
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        # Whatever it is, it is asked again in a way that says it.
        return False
    finally:
        driver.execute(f"PRAGMA busy_timeout={patience_ms}")
    return True


def _configure_postgres(dbapi_connection: Any, _record: object) -> None:
    """Let no client wait, or have others wait, without end."""
    cursor = dbapi_connection.cursor()
    cursor.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
    cursor.execute(f"SET idle_in_transaction_session_timeout = '{_STALL_TIMEOUT}'")
    cursor.close()
    dbapi_connection.commit()


def _begin_postgres(connection: Connection) -> None:
    if not connection.get_execution_options().get(_READING, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")


def _install(engine: Engine, shown: str, *, may_create: bool) -> None:
    if engine.dialect.name == "sqlite":
        _write_ahead(engine, shown)
    with writing(engine) as connection:
        if not _tables_in(connection):
            if not may_create:
                raise StorageError(f"there is no review queue at {shown}; check the URL")
            metadata.create_all(connection)
            connection.execute(sa.insert(schema_version), {"version": SCHEMA_VERSION})
        found = _known_version(connection, shown)
        # Another process that opens the same queue waits for this transaction, and then finds the version of today.
        if found < SCHEMA_VERSION:
            migrate(connection, found, metadata)
            connection.execute(sa.insert(schema_version), {"version": SCHEMA_VERSION})
        if connection.execute(sa.select(queue)).first() is None:
            connection.execute(sa.insert(queue), {"queue_id": uuid4().hex})


def _require_today(engine: Engine, shown: str) -> None:
    with reading(engine) as connection:
        found = _known_version(connection, shown)
    if found < SCHEMA_VERSION:
        raise StorageError(
            f"the review queue at {shown} has schema version {found} and may not be written, so it cannot be brought "
            f"to version {SCHEMA_VERSION}; make file and folder writable, then give the command again"
        )


def _known_version(connection: Connection, shown: str) -> int:
    """The schema version of a queue that has all columns of it. Raises: StorageError for any other."""
    tables = _tables_in(connection)
    has_versions = schema_version.name in tables
    found = connection.execute(sa.select(sa.func.max(schema_version.c.version))).scalar() if has_versions else None
    if found is None:
        likely = likely_version(tables, metadata)
        remedy = f"its tables are those of version {likely}: insert that into review_schema" if likely else _AWAY
        raise StorageError(f"the review queue at {shown} does not say its schema version in review_schema; {remedy}")
    if found > SCHEMA_VERSION:
        raise StorageError(
            f"the review queue at {shown} has schema version {found} and this release reads up to {SCHEMA_VERSION}; "
            "upgrade data-engine, or point it at another queue"
        )
    if found < 1:
        raise StorageError(f"the review queue at {shown} has schema version {found}, which never was; {_AWAY}")
    missing = lacking(tables, found, metadata)
    if missing:
        raise StorageError(f"the review queue at {shown} is damaged: it lacks {', '.join(missing)}; {_AWAY}")
    return int(found)


def _tables_in(connection: Connection) -> dict[str, set[str]]:
    """The columns of the queue's tables that there are."""
    inspector = sa.inspect(connection)
    names = set(metadata.tables) & set(inspector.get_table_names())
    return {name: {column["name"] for column in inspector.get_columns(name)} for name in names}


def said_by(error: BaseException) -> str:
    """What the driver says, in one line."""
    said = getattr(error, "orig", None) or error
    fields = _fields(said)
    return " ".join(str(fields.get("M") or said).split())


def is_of_server(error: DBAPIError) -> bool:
    """Whether PostgreSQL says of itself that it cannot: others hold a lock, or it is stopped, full, out of reach."""
    state = str(getattr(error.orig, "pgcode", None) or _fields(error.orig).get("C", ""))
    return error.connection_invalidated or state[:2] in _OF_SERVER


def _fields(error: BaseException | None) -> dict[str, Any]:
    """What pg8000 says of an error, letter by letter of PostgreSQL's protocol."""
    said = error.args[0] if error is not None and error.args else None
    return said if isinstance(said, dict) else {}


def _cause(error: BaseException) -> str:
    """What the driver says, in one line, and what to do."""
    said = said_by(error)
    if any(word in said for word in ("malformed", "not a database", "disk I/O", "decode")):
        return f"{said}; {_AWAY}"
    if any(word in said for word in ("readonly", "unable to open")):
        return f"{said}; check the path, and that its folder is there and writable"
    return f"{said}; {'end what holds it, then try again' if 'locked' in said else 'check the path or URL'}"


def _write_ahead(engine: Engine, shown: str) -> None:
    # Switching the mode of a new file does not wait for other processes that do the same: it fails at once.
    for is_last in [False] * (_BUSY_TIMEOUT_S * 20 - 1) + [True]:
        try:
            with closing(engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.DatabaseError as error:
            if is_last or "locked" not in str(error):
                raise StorageError(f"the review queue at {shown} cannot be opened: {_cause(error)}") from error
            time.sleep(0.05)
