"""Dagster's SQLite storage of runs with its file kept open; `dagster.yaml` names it.

Dagster's own class opens and closes the file for each of the thirty questions of a run, and a file in write-ahead mode
is tidied up, and waited for, whenever nobody has it open any more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData

from data_engine.orchestration.instance.dagster_home import InDagsterHome
from data_engine.orchestration.instance.whole_databases import ensure_whole


class PooledSqliteRunStorage(InDagsterHome, SqliteRunStorage):
    """The runs in `$DAGSTER_HOME/history/runs.db`, where Dagster has them."""

    FOLDER = "history"

    @classmethod
    def in_folder(cls, folder: str, inst_data: ConfigurableClassData | None) -> Self:
        """Made by Dagster from `dagster.yaml`; the schedules, which Dagster opens next, are seen to as well."""
        ensure_whole(Path(folder) / "runs.db")
        ensure_whole(Path(folder).parent / "schedules" / "schedules.db")
        return cls.from_local(folder, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """A connection that has begun a transaction; threads that ask at once get one each."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @cached_property
    def _engine(self) -> Any:
        from sqlalchemy import event
        from sqlalchemy.pool import QueuePool

        engine = create_engine(
            self._conn_string,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=-1,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", set_synchronous_normal)
        return engine

    def dispose(self) -> None:
        """Close the file."""
        self._engine.dispose()
        super().dispose()


def set_synchronous_normal(connection: Any, _record: object) -> None:
    """Let a commit end before it is on the disk; a killed process loses nothing by it, only a power cut can."""
    connection.execute("PRAGMA synchronous=NORMAL")
