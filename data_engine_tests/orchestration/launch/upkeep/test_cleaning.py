"""The command `data-engine clean` on a project of its own."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_project import SmallProject
from written_steps import write_step

from data_engine.cli import main
from data_engine.orchestration.launch.command_lock import corpus_lock, remove_leftovers
from data_engine.orchestration.launch.upkeep.cleaning import Cleaning


@pytest.fixture
def half(notes: SmallProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release that a process long dead left half-written, beside rows of one batch."""
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    runtime = notes.load().runtime("notes")
    write_step(runtime.store(), "raw_index", [{"sample_id": "a", "uri": "a"}], "may")
    folder = runtime.corpus_folder / "releases" / f".r1.{'0' * 32}.tmp"
    folder.mkdir(parents=True)
    (folder / "data.parquet").write_bytes(b"x" * 200_000)
    for path in (folder / "data.parquet", folder):
        os.utime(path, (0, 0))
    return folder


def _said(*arguments: str, answer: str = "") -> str:
    done = CliRunner().invoke(main, ["clean", *arguments], input=answer)
    assert done.exit_code == 0, done.output
    return done.output


def test_it_says_what_it_would_free_asks_and_frees_it(half: Path) -> None:
    told = "notes: half-written by killed processes: 1, 0.2 MB\n0.2 MB in all\n"
    assert _said("notes", "--dry-run") == told
    assert _said("notes", answer="n\n").startswith(told + "delete it?")
    assert half.exists()
    assert _said("--all", "--yes") == told + "deleted 1 files and folders\n"
    assert not half.exists()
    assert _said("notes", "--yes") == "nothing to clean: no leftovers, and no old version that is not in use\n"


def test_a_corpus_and_all_is_refused_and_a_command_at_work_is_not_disturbed(half: Path, notes: SmallProject) -> None:
    done = CliRunner().invoke(main, ["clean", "notes", "--all"])
    assert (done.exit_code, "--all cleans every corpus, 'notes' included" in done.output) == (1, True)
    project = notes.load()
    cleaning = Cleaning.of(project, "notes", is_all=False)
    with corpus_lock(project.runtime("notes")):
        done = CliRunner().invoke(main, ["clean", "notes", "--yes"])
    assert (done.exit_code, "another command is at work on corpus notes" in done.output) == (1, True)
    assert half.exists()
    assert cleaning.clean() == 1


def test_the_next_command_removes_what_a_dead_process_left(half: Path, notes: SmallProject) -> None:
    runtime = notes.load().runtime("notes")
    remove_leftovers(runtime)
    assert not half.exists()
    assert runtime.store().read("raw_index").num_rows == 1
