"""What a command says last: a sentence for every error, a status, a file with the traceback."""

import errno
import sqlite3
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from data_engine.errors import InvalidInput, StorageError
from data_engine.terminal import last_words as module
from data_engine.terminal.last_words import keep_traceback, last_words, was_interrupted


class DagsterExecutionInterruptedError(BaseException):
    """As Dagster's own is called."""


class DagsterPostgresException(Exception):
    """As that of Dagster's storage is called."""


def _raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "cause", "says"),
    [
        (InvalidInput("port 0; give 1 or more"), None, "port 0; give 1 or more"),
        (StorageError("it is full\x1b[2J"), OSError(errno.ENOSPC, "no space"), "it is full\\x1b[2J"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/d/x"),
            None,
            "/d/x may not be written or read",
        ),
        (OSError(errno.EROFS, "Read-only file system", "/d"), None, "/d may not be written or read (Read-only file"),
        (
            RuntimeError("step"),
            OSError(errno.ENOSPC, "No space left", "/d/x"),
            "no room is left to write /d/x (",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file", "/d/x"), None, "[Errno 2] No such file: '/d/x'"),
        (MemoryError(), None, "memory ran out; free some"),
        (
            OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full")),
            None,
            "a database cannot be read or written: database or disk is full; make room and",
        ),
        (
            RuntimeError("Dagster's"),
            OperationalError("select", {}, Exception('connection to server at "db" failed:\n\tIs it running?')),
            'a database cannot be read or written: connection to server at "db" failed: Is it running?; see that',
        ),
        (sqlite3.DatabaseError("database disk image is malformed"), None, "a database cannot be read or written: dat"),
        (
            DagsterPostgresException("too many retries for DB connection"),
            None,
            "a database cannot be read or written",
        ),
        (
            pa.ArrowInvalid("Casting field 'seconds' with null"),
            None,
            "a table cannot be read or written: Cast",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_errors_of_a_known_kind_have_a_sentence_of_their_own(
    error: BaseException, cause: BaseException | None, says: str
) -> None:
    said, status = last_words(_raised(error, cause))
    assert said.startswith(says)
    assert status == 1
    assert "\n" not in said
    assert "Traceback" not in said


def test_an_error_that_nobody_expected_is_a_sentence_with_the_file_of_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    said, status = last_words(_raised(KeyError("n_samples\n[x]")))
    (file,) = (tmp_path / "logs").iterdir()
    assert status == 1
    assert said == (
        "the command failed by an error that is none of its own (KeyError: 'n_samples\\n[x]'); the traceback is in "
        f"{file}, and --debug before the command's name prints it"
    )
    written = file.read_text("utf-8")
    assert written.startswith("Traceback")
    assert "in _raised" in written


@given(st.text(max_size=600), st.sampled_from([ValueError, KeyError, ZeroDivisionError, AssertionError]))
def test_whatever_an_error_says_its_sentence_is_one_short_line(text: str, kind: type[Exception]) -> None:
    said, status = last_words(kind(text))
    assert status == 1
    assert len(said) < 3000
    assert not any(ord(character) < 32 for character in said)


def test_a_traceback_that_cannot_be_kept_in_the_home_goes_to_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").touch()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    assert keep_traceback(ValueError("x")).parent == tmp_path / "temporary"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DagsterExecutionInterruptedError("SIGINT")])
def test_an_interrupt_says_how_to_go_on_with_the_status_that_shells_know(error: BaseException) -> None:
    for raised in (error, _raised(RuntimeError("around it"), error)):
        assert was_interrupted(raised)
        said, status = last_words(raised)
        assert said == "interrupted; what was done until then is kept, and giving the command again goes on from there"
        assert status == 130
    assert not was_interrupted(ValueError("x"))


_ENDS = """
import atexit, logging, sys
from data_engine.terminal.last_words import with_quick_ends

class Loop:
    def __init__(self):
        self.itself = self

    def __del__(self):
        print("freed")

def command():
    global loop
    loop = Loop()
    atexit.register(print, "registered")
    sys.stdout.write("said, not flushed ")
    raise {ended}

with_quick_ends(command)
"""


@pytest.mark.parametrize(
    ("ended", "status", "end"),
    [
        ("SystemExit(3)", 3, "registered\n"),
        ("SystemExit", 0, "registered\n"),
        ("SystemExit('a sentence')", 1, "registered\nfreed\n"),
        ("KeyError('none of ours')", 1, "registered\nfreed\n"),
    ],
)
def test_a_process_ends_with_its_status_after_what_was_registered_and_frees_nothing(
    ended: str, status: int, end: str
) -> None:
    done = subprocess.run([sys.executable, "-c", _ENDS.format(ended=ended)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (status, f"said, not flushed {end}"), done.stderr
