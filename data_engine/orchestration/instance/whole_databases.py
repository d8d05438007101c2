"""Dagster's SQLite files are there whole or not at all, also where the process that made them was killed.

Dagster makes a file in place, some fifty statements long, and takes one that is there for finished. So a file is made
beside its place and linked there, and one that was left half made is made anew. The storages are in `run_storage.py`
and `event_log.py`.
"""

import fcntl
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data_engine.errors import StorageError

_BUSY_TIMEOUT_S = 30
#: Rows of these tables say nothing of what anybody did; Dagster writes them while it makes the file.
_NO_HISTORY = ("alembic_version", "secondary_indexes", "instance_info", "sqlite_sequence")

State = Literal["absent", "whole", "half made", "incomplete"]


@dataclass(frozen=True)
class _Kind:
    """One of Dagster's files: its tables, the migrations that a new one is marked with, who makes and completes it."""

    tables: frozenset[str]
    marks: frozenset[str]
    make: Callable[[str], None]
    complete: Callable[[str], None]


def ensure_whole(path: Path) -> None:
    """Have `runs.db`, `index.db` or `schedules.db` there with all that Dagster puts into a new one.

    A file without history that lacks something is made anew; one with history is completed and keeps every row.

    Raises: StorageError where the file is no database, or cannot be read or written.
    """
    kind = _KINDS[path.stem]()
    making = path.parent / f".making-{path.stem}"
    try:
        if _state(path, kind) != "whole":
            path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(path.parent / f".{path.stem}.lock"):
                _make_or_complete(path, kind, making)
        shutil.rmtree(making, ignore_errors=True)
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"Dagster's records {path} cannot be read or written: {error}; see that its folder is writable and its "
            "disk has room, then run the command again"
        ) from error
    except sqlite3.DatabaseError as error:
        raise StorageError(
            f"Dagster's records {path} are damaged ({error}); they hold the history of runs and no data of a corpus: "
            "move the file away, then run the command again"
        ) from error


def _make_or_complete(path: Path, kind: _Kind, making: Path) -> None:
    state = _state(path, kind)
    if state == "incomplete":
        kind.complete(str(path.parent))
    elif state != "whole":
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        kind.make(str(making))
        made = making / path.name
        with closing(sqlite3.connect(made)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # What a killed process had in its log belongs to the old file and must not be read into the new one.
        for rest in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
        made.replace(path)


def _state(path: Path, kind: _Kind) -> State:
    """What is there: nothing, all of it, a file that was never finished, or one with history that lacks something."""
    if not path.exists():
        return "absent"
    with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S)) as database:
        found = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        has_version = "alembic_version" in found and _has_rows(database, "alembic_version")
        lacks_tables = bool(kind.tables - found)
        marked = set()
        if "secondary_indexes" in found:
            done = "SELECT name FROM secondary_indexes WHERE migration_completed IS NOT NULL"
            marked = {name for (name,) in database.execute(done)}
        if has_version and not lacks_tables and kind.marks <= marked:
            return "whole"
        if any(_has_rows(database, name) for name in found - set(_NO_HISTORY)):
            # Dagster itself says so where a file of an earlier version waits for `dagster instance migrate`.
            return "whole" if has_version else "incomplete"
    return "half made"


def _has_rows(database: sqlite3.Connection, table: str) -> bool:
    return database.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone() is not None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Within, no other process makes the file; the lock of a killed one is gone with it."""
    with path.open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _runs() -> _Kind:
    from dagster._core.storage.runs import SqliteRunStorage
    from dagster._core.storage.runs.migration import OPTIONAL_DATA_MIGRATIONS, REQUIRED_DATA_MIGRATIONS
    from dagster._core.storage.runs.schema import RunStorageSqlMetadata

    def make(folder: str) -> None:
        SqliteRunStorage.from_local(folder).dispose()

    marks = frozenset({*REQUIRED_DATA_MIGRATIONS, *OPTIONAL_DATA_MIGRATIONS})
    return _Kind(frozenset(RunStorageSqlMetadata.tables), marks, make, make)


def _events() -> _Kind:
    from dagster._core.storage.event_log import SqliteEventLogStorage
    from dagster._core.storage.event_log.migration import ASSET_DATA_MIGRATIONS, EVENT_LOG_DATA_MIGRATIONS
    from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
    from dagster._core.storage.sql import create_engine
    from sqlalchemy.pool import NullPool

    def make(folder: str) -> None:
        SqliteEventLogStorage(folder).dispose()

    def complete(folder: str) -> None:
        storage = SqliteEventLogStorage(folder)
        index = create_engine(storage.conn_string_for_shard("index"), poolclass=NullPool)
        storage._initdb(index, for_index_shard=True)
        storage.reindex_events()
        storage.reindex_assets()
        storage.dispose()

    marks = frozenset({*EVENT_LOG_DATA_MIGRATIONS, *ASSET_DATA_MIGRATIONS})
    return _Kind(frozenset(SqlEventLogStorageMetadata.tables), marks, make, complete)


def _schedules() -> _Kind:
    from dagster._core.storage.schedules import SqliteScheduleStorage
    from dagster._core.storage.schedules.migration import (
        OPTIONAL_SCHEDULE_DATA_MIGRATIONS,
        REQUIRED_SCHEDULE_DATA_MIGRATIONS,
    )
    from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata

    def make(folder: str) -> None:
        SqliteScheduleStorage.from_local(folder).dispose()

    marks = frozenset({*REQUIRED_SCHEDULE_DATA_MIGRATIONS, *OPTIONAL_SCHEDULE_DATA_MIGRATIONS})
    return _Kind(frozenset(ScheduleStorageSqlMetadata.tables), marks, make, make)


_KINDS: dict[str, Callable[[], _Kind]] = {"runs": _runs, "index": _events, "schedules": _schedules}
