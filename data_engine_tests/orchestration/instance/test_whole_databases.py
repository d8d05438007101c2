"""Dagster's files: whole or not at all, and what anybody did in them is never lost."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from data_engine.errors import StorageError
from data_engine.orchestration.instance.whole_databases import ensure_whole

pytestmark = pytest.mark.usefixtures("made_by_dagster")

_SUPPORT = Path(__file__).resolve().parents[2] / "support"
_FILES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")

#: Of some 360 statements, commits and renamed files of a first command; most of them make Dagster's three files.
POINTS = (*range(2, 300, 19), 330)


def test_a_first_command_killed_anywhere_leaves_a_home_in_which_the_next_one_works(tmp_path: Path) -> None:
    command = [sys.executable, str(_SUPPORT / "killed_home.py"), str(tmp_path), *map(str, (0, *POINTS))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=900)
    undisturbed, *killed = [line.split() for line in done.stdout.splitlines()]
    assert undisturbed[:2] == ["0", "0"], done.stderr
    assert int(undisturbed[2]) > max(POINTS)
    assert killed == [[str(-signal.SIGKILL), "0", "-"]] * len(POINTS), done.stderr


@pytest.fixture(scope="module")
def _home_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one run in it."""
    home = tmp_path_factory.mktemp("home")
    shutil.copy(Path(__file__).resolve().parents[3] / ".dagster_home" / "dagster.yaml", home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.get() as instance:
            instance.create_run_for_job(_nothing)
            instance.add_dynamic_partitions("batches", ["may"])
    return home


@pytest.fixture
def home(_home_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    shutil.copytree(_home_once, tmp_path / "home")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@dg.job
def _nothing() -> None:
    """A job without steps."""


def _execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def _history() -> tuple[int, list[str]]:
    with dg.DagsterInstance.get() as instance:
        return len(instance.get_runs()), list(instance.get_dynamic_partitions("batches"))


@pytest.mark.parametrize("file", _FILES)
def test_a_whole_file_is_left_alone(home: Path, file: str) -> None:
    before = (home / file).read_bytes()
    ensure_whole(home / file)
    assert (home / file).read_bytes() == before


def test_a_file_with_history_that_has_lost_its_version_is_completed_and_keeps_it(home: Path) -> None:
    _execute(home / "history/runs/index.db", "DROP TABLE alembic_version", "DROP TABLE asset_check_executions")
    _execute(home / "history/runs.db", "DELETE FROM alembic_version")
    assert _history() == (1, ["may"])
    with closing(sqlite3.connect(home / "history/runs/index.db")) as database:
        assert database.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM asset_check_executions").fetchone() == (0,)


@pytest.mark.parametrize("content", [b"", b"none of this is a table"])
@pytest.mark.parametrize("file", _FILES)
def test_an_empty_file_is_made_anew_and_one_that_is_no_database_is_named(home: Path, file: str, content: bytes) -> None:
    for rest in ("-wal", "-shm"):
        (home / f"{file}{rest}").unlink(missing_ok=True)
    (home / file).write_bytes(content * 100)
    if content:
        with pytest.raises(StorageError, match=r"are damaged .* move the file away, then run the command again"):
            ensure_whole(home / file)
        assert (home / file).read_bytes() == content * 100
    else:
        ensure_whole(home / file)
        assert _history()[0] in (0, 1)


def test_what_a_kill_left_beside_a_file_is_removed(home: Path) -> None:
    (home / "history/.making-runs").mkdir()
    ensure_whole(home / "history/runs.db")
    assert sorted(path.name for path in (home / "history").glob(".making*")) == []


def test_marks_that_a_kill_left_out_are_set_where_there_is_no_history(tmp_path: Path) -> None:
    ensure_whole(tmp_path / "schedules.db")
    _execute(tmp_path / "schedules.db", "DELETE FROM secondary_indexes")
    ensure_whole(tmp_path / "schedules.db")
    with closing(sqlite3.connect(tmp_path / "schedules.db")) as database:
        assert database.execute("SELECT count(*) FROM secondary_indexes").fetchone() == (2,)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs.db").mkdir()
    with pytest.raises(StorageError, match=r"runs\.db cannot be read or written: .* its folder is writable"):
        ensure_whole(tmp_path / "runs.db")
