from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.runs import SqliteRunStorage
from sqlalchemy import text

from data_engine.orchestration.instance.run_storage import PooledSqliteRunStorage


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PooledSqliteRunStorage:
    """The storage of an instance that has not run anything."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return PooledSqliteRunStorage.from_config_value(None, {})


def test_a_run_is_where_dagsters_own_storage_finds_it(storage: PooledSqliteRunStorage, tmp_path: Path) -> None:
    storage.add_run(dg.DagsterRun(job_name="ingest", run_id="11111111-1111-4111-8111-111111111111"))
    assert [run.job_name for run in SqliteRunStorage.from_local(str(tmp_path / "history")).get_runs()] == ["ingest"]
    storage.dispose()


def test_who_asks_while_another_is_asking_does_not_wait(storage: PooledSqliteRunStorage) -> None:
    with storage.connect() as one, storage.connect() as other:
        assert one is not other
        assert other.execute(text("SELECT count(*) FROM runs")).scalar_one() == 0
    storage.dispose()


def test_what_fails_half_way_leaves_nothing(storage: PooledSqliteRunStorage) -> None:
    with pytest.raises(ValueError, match="half way"), storage.connect() as connection:
        connection.execute(text("INSERT INTO kvs (key, value) VALUES ('a', 'b')"))
        raise ValueError("half way")
    assert storage.get_cursor_values({"a"}) == {}
    storage.dispose()
