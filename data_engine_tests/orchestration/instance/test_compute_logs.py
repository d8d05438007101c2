"""What steps print: captured for the UI, and left on the terminal of a command."""

import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from data_engine.orchestration.instance.compute_logs import TerminalComputeLogManager, printed_on_the_terminal

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dg.op
def say_hello() -> None:
    print("hello")  # noqa: T201


@dg.job
def greeting() -> None:
    say_hello()


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands of all processes that are started."""
    started: list[list[str]] = []
    popen = subprocess.Popen

    def counted(command: list[str], *arguments: Any, **named: Any) -> Any:
        started.append(command)
        return popen(command, *arguments, **named)

    monkeypatch.setattr(subprocess, "Popen", counted)
    return started


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """The instance that the shipped `dagster.yaml` describes."""
    with dg.DagsterInstance.get() as made:
        yield made


def _printed(instance: dg.DagsterInstance, *, is_command: bool) -> str:
    """What the UI has to show of what a run printed."""
    with printed_on_the_terminal() if is_command else nullcontext():
        result = greeting.execute_in_process(instance=instance, run_config=QUIET)
    manager = instance.compute_log_manager
    assert isinstance(manager, TerminalComputeLogManager)
    (captured,) = [event for event in result.all_events if event.event_type_value == "LOGS_CAPTURED"]
    log_key = manager.build_log_key_for_run(result.run_id, captured.logs_captured_data.file_key)
    assert manager.is_capture_complete(log_key)
    return Path(manager.get_captured_local_path(log_key, "out")).read_text("utf-8")


def test_a_run_of_the_ui_shows_what_it_printed(instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]) -> None:
    with capfd.disabled():
        assert _printed(instance, is_command=False).endswith("hello\n")


def test_a_run_of_a_command_starts_no_process_and_prints_on_its_terminal(
    instance: dg.DagsterInstance, processes: list[list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert "terminal of that command" in _printed(instance, is_command=True)
    assert processes == []
    assert capfd.readouterr().out == "hello\n"
