from pathlib import Path

import pytest
from click.testing import CliRunner
from small_project import SmallProject
from written_steps import write_step

from data_engine.cli import main


def _said(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, list(arguments))
    return done.exit_code, done.output


def test_a_backup_says_its_size_and_is_restored_over_nothing(
    notes: SmallProject, engine_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    store = notes.load().runtime("notes").store()
    write_step(store, "raw_index", [{"sample_id": "a", "uri": "a"}], "may")
    place = str(engine_folder / "backup")
    status, said = _said("restore", place)
    assert (status, "holds no finished backup" in said) == (1, True)
    status, said = _said("backup", place)
    assert (status, said.startswith("backed up ")) == (0, True)
    status, said = _said("restore", place)
    assert (status, "nothing is restored over data; give --move-aside" in said) == (1, True)
    status, said = _said("restore", place, "--move-aside")
    assert (status, said.startswith("restored notes as of ")) == (0, True)
    assert store.read("raw_index")["uri"].to_pylist() == ["a"]
