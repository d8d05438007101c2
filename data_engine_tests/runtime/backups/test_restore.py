import shutil
from datetime import UTC, datetime
from errno import ENOSPC
from pathlib import Path

import pytest

from data_engine.errors import InvalidInput, StorageError
from data_engine.runtime.backups.copied_files import claim, finish
from data_engine.runtime.backups.restore import restore_backup

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_backup_is_put_where_nothing_is_and_over_data_only_after_they_are_moved_aside(tmp_path: Path) -> None:
    folder, data, home = tmp_path / "backup", tmp_path / "data", tmp_path / "home"
    claim(folder)
    for name in ("data/notes/a", "home/history/runs.db", "home/dagster.yaml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("saved")
    home.mkdir()
    (home / "dagster.yaml").write_text("mine")
    finish(folder, [path for path in folder.rglob("*") if path.is_file()], {"made_at": "then", "corpora": ["notes"]})
    data.mkdir()
    assert restore_backup(folder, data=data, home=home, now=NOW) == ["restored notes as of then"]
    assert (data / "notes" / "a").read_text() == (home / "history" / "runs.db").read_text() == "saved"
    assert (home / "dagster.yaml").read_text() == "mine"
    (data / "notes" / "a").write_text("newer")
    with pytest.raises(InvalidInput, match="nothing is restored over data; give --move-aside"):
        restore_backup(folder, data=data, home=home, now=NOW)
    said = restore_backup(folder, data=data, home=home, now=NOW, moves_aside=True)
    assert said[1] == f"what was in {data} is in {data}.before-20260301T120000"
    assert (data / "notes" / "a").read_text() == "saved"
    assert (tmp_path / "data.before-20260301T120000" / "notes" / "a").read_text() == "newer"


def test_a_disk_that_is_mounted_as_the_data_folder_is_filled_and_never_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, data = tmp_path / "backup", tmp_path / "data"
    claim(folder)
    (folder / "data" / "notes").mkdir(parents=True)
    (folder / "data" / "notes" / "a").write_text("saved")
    finish(folder, [folder / "data" / "notes" / "a"], {"made_at": "then", "corpora": ["notes"]})
    data.mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda path: path == data)
    inode = data.stat().st_ino
    restore_backup(folder, data=data, home=tmp_path / "home", now=NOW)
    assert [path.name for path in data.iterdir()] == ["notes"]
    assert data.stat().st_ino == inode
    with pytest.raises(InvalidInput, match="is a disk of its own and not empty"):
        restore_backup(folder, data=data, home=tmp_path / "home", now=NOW, moves_aside=True)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, data = tmp_path / "backup", tmp_path / "data"
    claim(folder)
    (folder / "data").mkdir()
    (folder / "data" / "a").write_text("saved")
    finish(folder, [folder / "data" / "a"], {"made_at": "then", "corpora": ["notes"]})
    data.mkdir()
    (data / "b").write_text("mine")

    def full(*_: object, **__: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(StorageError, match=r"restoring failed .* the disk is full .* before is as it was"):
        restore_backup(folder, data=data, home=tmp_path / "home", now=NOW, moves_aside=True)
    assert [path.name for path in tmp_path.iterdir() if path != folder] == ["data"]
    assert (data / "b").read_text() == "mine"
