import re
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster_postgres.event_log import PostgresEventLogStorage
from sqlalchemy.exc import InternalError

from data_engine.orchestration.instance.postgres_event_log import PoolSafePostgresEventLogStorage
from data_engine.orchestration.launch.instance_of_home import opened_instance
from data_engine.shipped import shipped_dagster_yaml

_DOCS = Path(__file__).resolve().parents[3] / "docs"
_POOL = "notes_accepted"


@pytest.fixture
def instance(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance as the guide to running with more has it, on an empty database."""
    folder = server.partition("unix_sock=")[2].rpartition("/")[0]
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", f"postgresql+psycopg2://tests@/postgres?host={folder}")
    (storages,) = re.findall("```yaml\n(run_storage:.*?)```", (_DOCS / "running.md").read_text("utf-8"), re.DOTALL)
    settings = yaml.safe_load(shipped_dagster_yaml().read_text("utf-8")) | yaml.safe_load(storages)
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with opened_instance() as opened:
        yield opened


def test_a_pool_that_another_run_was_faster_to_make_is_there(instance: dg.DagsterInstance) -> None:
    storage = instance.event_log_storage
    assert isinstance(storage, PoolSafePostgresEventLogStorage)
    assert storage.initialize_concurrency_limit_to_default(_POOL)
    with pytest.raises(InternalError):
        PostgresEventLogStorage.initialize_concurrency_limit_to_default(storage, _POOL)
    assert storage.initialize_concurrency_limit_to_default(_POOL)
    (info,) = storage.get_pool_limits()
    assert (info.name, info.limit) == (_POOL, 1)


def test_an_error_that_left_no_pool_is_one(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bool:
        raise InternalError("INSERT", {}, RuntimeError("out of memory"))

    monkeypatch.setattr(PostgresEventLogStorage, "initialize_concurrency_limit_to_default", fail)
    with pytest.raises(InternalError, match="out of memory"):
        instance.event_log_storage.initialize_concurrency_limit_to_default("another_pool")
