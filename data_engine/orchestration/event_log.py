"""Dagster's SQLite event log with its engines kept open; `dagster.yaml` names it.

Dagster's own class makes a new engine for every event and waits for the disk at every commit. With some fifty events
per run that is most of the time of a short run. Write-ahead logging loses nothing when a process is killed, also
without waiting for the disk; only a power cut can cost the last events.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData

#: The index and the runs in progress; a web server that shows many runs must not keep all their files open.
_MOST_ENGINES = 4


class KeptEngineEventLogStorage(SqliteEventLogStorage):
    """Event logs in `$DAGSTER_HOME/history/runs`, one SQLite file per run, as Dagster has them."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Mapping[str, Any],  # noqa: ARG003
    ) -> Self:
        """Made by Dagster from `dagster.yaml`."""
        home = os.environ.get("DAGSTER_HOME")
        if not home:
            raise ValueError("DAGSTER_HOME is not set; set it to the folder that holds dagster.yaml")
        return cls(str(Path(home) / "history" / "runs"), inst_data=inst_data)

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Any] = OrderedDict()
        super().__init__(base_dir, inst_data=inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Any]:
        with self._db_lock:
            if shard not in self._engines:
                self._engines[shard] = self._new_engine(shard)
            engine = self._engines[shard]
            self._engines.move_to_end(shard)
            if len(self._engines) > _MOST_ENGINES:
                self._engines.popitem(last=False)[1].dispose()
            with engine.connect() as connection, connection.begin():
                yield connection

    def _new_engine(self, shard: str) -> Any:
        from sqlalchemy import event

        engine = create_engine(
            self.conn_string_for_shard(shard),
            pool_size=1,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _do_not_wait_for_the_disk)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        return engine

    def dispose(self) -> None:
        """Close every file."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _do_not_wait_for_the_disk(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")
