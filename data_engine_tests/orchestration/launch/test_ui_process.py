"""What `data-engine ui` asks for before it becomes Dagster."""

import os
import socket
from pathlib import Path

import pytest

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch.ui_process import become_ui, hold_home, require_free


def test_a_port_that_is_in_use_is_refused_and_a_free_one_is_not() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=rf"port {port} is in use; stop what runs there, or give another one"):
            require_free(port)
    require_free(port)


def test_a_home_has_one_ui_at_a_time_and_is_free_once_that_is_gone(tmp_path: Path) -> None:
    held = hold_home(tmp_path, 3000)
    with pytest.raises(InvalidInput, match=rf"already \(process {os.getpid()}, port 3000\); open that one, or stop it"):
        hold_home(tmp_path, 3001)
    assert os.get_inheritable(held)
    os.close(held)
    os.close(hold_home(tmp_path, 3001))


def test_a_project_without_a_workspace_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dg.project]\n", "utf-8")
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(tmp_path))
    with pytest.raises(InvalidInput, match=r"has no workspace\.yaml for Dagster to load; copy the engine's own there"):
        become_ui(tmp_path, 3000, 0, say=lambda _: None)
