"""Dagster's SQLite event log with its connections kept open; `dagster.yaml` names it.

Dagster's own class makes a new engine for every event, asks for the columns of its index again, and waits for the disk
at every commit. With some fifty events per run that is most of the time of a short run. Write-ahead logging loses
nothing when a process is killed, also without waiting for the disk; only a power cut can cost the last events.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData

from data_engine.orchestration.instance.dagster_home import InDagsterHome
from data_engine.orchestration.instance.run_storage import set_synchronous_normal
from data_engine.orchestration.instance.whole_databases import ensure_whole

#: The index and the runs in progress; a web server that shows many runs must not keep all their files open.
_MOST_CONNECTIONS = 4


class PooledSqliteEventLogStorage(InDagsterHome, SqliteEventLogStorage):
    """Event logs in `$DAGSTER_HOME/history/runs`, one SQLite file per run, as Dagster has them."""

    FOLDER = "history/runs"

    @classmethod
    def in_folder(cls, folder: str, inst_data: ConfigurableClassData | None) -> Self:
        """Made by Dagster from `dagster.yaml`."""
        return cls(folder, inst_data=inst_data)

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._connections: OrderedDict[str, Any] = OrderedDict()
        self._tables: set[str] = set()
        self._asset_columns: set[str] = set()
        self._empty_log: bytes | None = None
        ensure_whole(Path(base_dir) / f"{INDEX_SHARD_NAME}.db")
        super().__init__(base_dir, inst_data=inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Any]:
        with self._db_lock:
            if shard not in self._connections:
                self._connections[shard] = self._new_engine(shard).connect()
            connection = self._connections[shard]
            self._connections.move_to_end(shard)
            if len(self._connections) > _MOST_CONNECTIONS:
                _close(self._connections.popitem(last=False)[1])
            with connection.begin():
                yield connection

    def _new_engine(self, shard: str) -> Any:
        from sqlalchemy import event

        engine = create_engine(
            self.conn_string_for_shard(shard),
            pool_size=1,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", set_synchronous_normal)
        if shard not in self._initialized_dbs:
            if not self._copied_from_an_empty_log(shard):
                self._initdb(engine)
                self._keep_if_empty(shard, engine)
            self._initialized_dbs.add(shard)
        return engine

    def _copied_from_an_empty_log(self, shard: str) -> bool:
        """Copy an empty log for a new run; creating all its tables takes longer than many a step."""
        path = Path(self.path_for_shard(shard))
        if self._empty_log is None or shard == INDEX_SHARD_NAME or path.exists():
            return False
        copy = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        copy.write_bytes(self._empty_log)
        try:
            os.link(copy, path)
        except OSError:
            return False
        finally:
            copy.unlink()
        return True

    def _keep_if_empty(self, shard: str, engine: Any) -> None:
        from sqlalchemy import text

        if self._empty_log is not None or shard == INDEX_SHARD_NAME:
            return
        with engine.connect() as connection:
            if connection.execute(text("SELECT count(*) FROM event_logs")).scalar_one() == 0:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
                self._empty_log = Path(self.path_for_shard(shard)).read_bytes()

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; asked for every event, so what is there is remembered."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _has_asset_key_col_on_connection(self, conn: Any, column_name: str) -> bool:
        """Whether the index of assets has a column; asked for every asset event, so what is there is remembered."""
        if column_name not in self._asset_columns and super()._has_asset_key_col_on_connection(conn, column_name):
            self._asset_columns.add(column_name)
        return column_name in self._asset_columns

    def dispose(self) -> None:
        """Close every file."""
        with self._db_lock:
            while self._connections:
                _close(self._connections.popitem()[1])
        super().dispose()


def _close(connection: Any) -> None:
    engine = connection.engine
    connection.close()
    engine.dispose()
