"""Backups of a corpus at work: what is copied while a run goes on is whole, and a run continues from it."""

import shutil
import threading
from datetime import UTC, datetime
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from small_project import SmallProject
from written_steps import notes_runtime, write_step

from data_engine.cli import main
from data_engine.errors import InvalidInput, StorageError
from data_engine.runtime.backups.backup import make_backup
from data_engine.runtime.backups.copied_files import whole_backup
from data_engine.runtime.integrity.registry import check_corpus
from data_engine.runtime.step_run import StepResult, StepRun


def test_a_backup_taken_while_a_run_goes_on_is_whole_and_a_run_from_it_makes_the_same_release(
    finished: SmallProject, engine_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(finished.folder))
    finished.change("notes", release={"splits": {}})
    folder = tmp_path / "backup"
    before, at_work, copied = finished.release("notes"), threading.Event(), threading.Event()
    finish = StepRun.finish

    def finish_after_the_backup(step_run: StepRun, *args: Any, **kwargs: Any) -> StepResult:
        """The release's files are there, and its table and its version are not."""
        at_work.set()
        assert step_run.step == "release"
        assert copied.wait(120)
        return finish(step_run, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(StepRun, "finish", finish_after_the_backup)
        run = threading.Thread(target=finished.run, args=("notes",))
        run.start()
        assert at_work.wait(120)
        done = CliRunner().invoke(main, ["backup", str(folder)])
        copied.set()
        assert done.exit_code == 0, done.output
        run.join()
    release = finished.release("notes")
    monkeypatch.setenv("DATA_ENGINE_DATA", str(engine_folder / "restored"))
    monkeypatch.setenv("DAGSTER_HOME", str(engine_folder / "other"))
    done = CliRunner().invoke(main, ["restore", str(folder)])
    assert done.exit_code == 0, done.output
    runtime = finished.load().runtime("notes")
    assert [finding for finding in check_corpus(runtime) if finding.severity == "error"] == []
    assert finished.release("notes") == before
    finished.run("notes")
    assert finished.release("notes") == release != before


def test_a_backup_in_the_data_folder_is_refused_and_a_queue_on_a_server_is_left_to_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = notes_runtime(tmp_path)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text("storage:\n  postgres:\n    postgres_url: x\n")
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(InvalidInput, match="is in or around the data folder"):
        make_backup([runtime], runtime.data_folder / "backup", home=tmp_path / "home", now=now)
    monkeypatch.setenv("DATA_ENGINE_REVIEW_URL", "postgresql+psycopg2://me:password@host/answers")
    made = make_backup([runtime], tmp_path / "backup", home=tmp_path / "home", now=now)
    assert [remark.split(":")[0] for remark in made.remarks] == [
        "the review queue is in Postgres and not in this backup",
        "Dagster's history is in Postgres and not in this backup",
    ]
    assert list(whole_backup(tmp_path / "backup")["files"]) == ["home/dagster.yaml"]


def test_a_backup_is_refused_where_it_cannot_be_and_goes_on_where_the_disk_was_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, home, folder = notes_runtime(tmp_path), tmp_path / "home", tmp_path / "backup"
    write_step(runtime.store(), "raw_index", [{"sample_id": "a", "uri": "a"}], "may")
    home.mkdir()
    now = datetime(2026, 3, 1, tzinfo=UTC)
    (tmp_path / "file").touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").touch()
    for place, why in (
        (runtime.data_folder, "is in or around the data folder"),
        (home / "backup", "is in or around the home of Dagster"),
        (tmp_path / "mine", "is not empty and no backup"),
        (tmp_path / "file" / "backup", "backing up failed at .*Not a directory.*the data are as they were"),
    ):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises((InvalidInput, StorageError), match=why):
            make_backup([runtime], place, home=home, now=now)
        assert sorted(tmp_path.rglob("*")) == before
    copy, copied = shutil.copy2, []

    def full_after_three(source: Path, target: Path) -> None:
        if len(copied) == 3:
            raise OSError(ENOSPC, "No space left on device", str(target))
        copied.append(copy(source, target))

    monkeypatch.setattr(shutil, "copy2", full_after_three)
    with pytest.raises(StorageError, match=r"backup: the disk is full .* the same command goes on: free some space"):
        make_backup([runtime], folder, home=home, now=now)
    with pytest.raises(StorageError, match="holds no finished backup"):
        whole_backup(folder)
    monkeypatch.setattr(shutil, "copy2", copy)
    inodes = {path: path.stat().st_ino for path in folder.rglob("*") if path.is_file()}
    assert make_backup([runtime], folder, home=home, now=now).n_files > len(copied)
    # What was there already was not copied again.
    assert {path: path.stat().st_ino for path in inodes} == inodes
