import fcntl
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from written_steps import notes_runtime

from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.integrity.surroundings import check_history, check_locks


def test_a_lock_that_is_held_is_a_note_and_one_of_a_dead_process_is_nothing(tmp_path: Path) -> None:
    checked = CheckedCorpus(notes_runtime(tmp_path))
    path = checked.runtime.corpus_folder / "command.lock"
    path.parent.mkdir(parents=True)
    path.write_text("process 7 on there\n")
    assert list(check_locks(checked)) == []
    with path.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (finding,) = check_locks(checked)
    assert (finding.severity, finding.what.startswith("process 7 on there is at work")) == ("note", True)
    path.unlink()
    path.mkdir()
    (finding,) = check_locks(checked)
    assert (finding.severity, finding.remedy) == ("error", f"rm -r {path}")


def test_a_damaged_database_of_dagster_is_named_and_a_whole_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "history").mkdir()
    with closing(sqlite3.connect(tmp_path / "history" / "runs.db")) as database:
        database.execute("create table runs (id integer)")
    checked = CheckedCorpus(notes_runtime(tmp_path))
    assert list(check_history(checked)) == []
    (tmp_path / "history" / "runs.db").write_bytes(b"no database" * 99)
    (finding,) = check_history(checked)
    assert (finding.where, finding.remedy[:6]) == (f"history of runs: {tmp_path / 'history' / 'runs.db'}", "rm -f ")
