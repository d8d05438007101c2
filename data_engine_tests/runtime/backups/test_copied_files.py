import json
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from data_engine.errors import InvalidInput, StorageError
from data_engine.runtime.backups import copied_files
from data_engine.runtime.backups.copied_files import MANIFEST, claim, copy_database, copy_file, finish, whole_backup


def test_a_file_with_the_same_size_and_time_is_not_copied_again(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "to" / "a"
    source.write_text("one")
    copy_file(source, target)
    first = target.stat().st_ino
    copy_file(source, target)
    assert (target.read_text(), target.stat().st_ino) == ("one", first)
    source.write_text("other")
    copy_file(source, target)
    assert target.read_text() == "other"


def test_a_database_is_copied_while_somebody_has_it_open_and_a_full_disk_is_not_taken_for_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as open_one:
        open_one.execute("PRAGMA journal_mode = WAL")
        open_one.execute("create table t (n)")
        open_one.execute("insert into t values (7)")
        open_one.commit()
        open_one.execute("insert into t values (8)")
        copy_database(tmp_path / "a.db", tmp_path / "b.db")
    with closing(sqlite3.connect(tmp_path / "b.db")) as copied:
        assert copied.execute("select n from t").fetchall() == [(7,)]
    (tmp_path / "a.db").write_bytes(b"no database" * 99)
    with pytest.raises(StorageError, match="could not be copied"):
        copy_database(tmp_path / "a.db", tmp_path / "b.db")
    monkeypatch.setattr(copied_files.shutil, "disk_usage", lambda _: SimpleNamespace(free=9))
    with pytest.raises(OSError, match="No space left on device"):
        copy_database(tmp_path / "a.db", tmp_path / "b.db")


def test_a_folder_of_others_is_refused_and_an_unfinished_backup_is_none(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").touch()
    with pytest.raises(InvalidInput, match="is not empty and no backup"):
        claim(tmp_path / "mine")
    folder = tmp_path / "backup"
    claim(folder)
    claim(folder)
    with pytest.raises(StorageError, match="holds no finished backup"):
        whole_backup(folder)


def test_what_an_earlier_backup_had_goes_and_a_changed_file_is_told(tmp_path: Path) -> None:
    claim(tmp_path / "b")
    old, kept = tmp_path / "b" / "old" / "x", tmp_path / "b" / "data" / "y"
    for path in (old, kept):
        path.parent.mkdir()
        path.write_text("abc")
    assert finish(tmp_path / "b", [kept], {"made_at": "now"}) == {"data/y": 3}
    assert not old.parent.exists()
    assert whole_backup(tmp_path / "b") == json.loads((tmp_path / "b" / MANIFEST).read_text())
    kept.write_text("abd")
    with pytest.raises(StorageError, match="not the file that was backed up; nothing was restored"):
        whole_backup(tmp_path / "b")
