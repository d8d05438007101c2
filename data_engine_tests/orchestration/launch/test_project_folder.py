"""The Dagster home of a project: made where there is none, brought up to date where it is of an earlier version."""

import os
from pathlib import Path

import dagster as dg
import pytest

from data_engine.errors import InvalidInput
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


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_an_instance_file_that_a_killed_command_had_begun_is_written_whole(
    home: Path, tmp_path: Path, share: float
) -> None:
    home.mkdir()
    shipped = SHIPPED.read_text("utf-8")
    (home / "dagster.yaml").write_text(shipped[: int(len(shipped) * share)], "utf-8")
    find_project_folder(tmp_path)
    assert (home / "dagster.yaml").read_text("utf-8") == shipped
    assert [path.name for path in home.iterdir()] == ["dagster.yaml"]


def test_relative_folders_of_the_environment_are_taken_from_where_the_command_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", ".dagster_home")
    monkeypatch.setenv("DATA_ENGINE_DATA", "rows")
    find_project_folder(tmp_path)
    assert os.environ["DAGSTER_HOME"] == str(tmp_path / ".dagster_home")
    assert os.environ["DATA_ENGINE_DATA"] == str(tmp_path / "rows")
    with dg.DagsterInstance.get() as instance:
        assert Path(instance.root_directory) == tmp_path / ".dagster_home"


def test_a_project_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(tmp_path / "nowhere"))
    with pytest.raises(InvalidInput, match=r"DATA_ENGINE_PROJECT is '.*nowhere', which has no pyproject\.toml"):
        find_project_folder(tmp_path)
