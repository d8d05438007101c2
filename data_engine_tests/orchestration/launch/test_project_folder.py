"""The Dagster home of a project: made where there is none, brought up to date where it is of an earlier version."""

from pathlib import Path

import dagster as dg
import pytest

from data_engine.orchestration.launch.project_folder import find_project_folder

SHIPPED = Path(__file__).resolve().parents[3] / ".dagster_home" / "dagster.yaml"
FORMER = """# my own remark about data_engine.orchestration.event_log
run_storage:
  module: data_engine.orchestration.run_storage
  class: KeptEngineRunStorage
event_log_storage:
  module: data_engine.orchestration.event_log
  class: KeptEngineEventLogStorage
compute_logs:
  module: data_engine.orchestration.compute_logs
  class: TerminalComputeLogManager
telemetry:
  enabled: false
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_project_without_a_dagster_home_gets_the_shipped_one(home: Path, tmp_path: Path) -> None:
    find_project_folder(tmp_path)
    assert (home / "dagster.yaml").read_text("utf-8") == SHIPPED.read_text("utf-8")


def test_a_home_of_an_earlier_version_names_the_parts_that_there_are_now_and_keeps_the_rest(
    home: Path, tmp_path: Path
) -> None:
    home.mkdir()
    (home / "dagster.yaml").write_text(FORMER, "utf-8")
    find_project_folder(tmp_path)
    text = (home / "dagster.yaml").read_text("utf-8")
    assert text.startswith("# my own remark about data_engine.orchestration.event_log\n")
    assert text.endswith("telemetry:\n  enabled: false\n")
    with dg.DagsterInstance.get() as instance:
        assert type(instance.run_storage).__name__ == "PooledSqliteRunStorage"
        assert type(instance.event_log_storage).__name__ == "PooledSqliteEventLogStorage"
        assert type(instance.compute_log_manager).__name__ == "TerminalComputeLogManager"
