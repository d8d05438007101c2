"""The check of what is around the data of a corpus: locks of commands, and the databases of Dagster.

The databases hold the history of runs and no data; how they are made is in `data_engine.orchestration.instance`.
"""

import fcntl
import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from data_engine.places.kinds import is_local
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.progress import progress

#: The lock of commands first: the others are held for moments.
LOCKS = ("command.lock", ".pins.json.lock", ".release_marks.json.lock")

HISTORY = ("history", "schedules")
"""Folders of Dagster's home with its databases."""


def check_locks(checked: CheckedCorpus) -> Iterator[Finding]:
    """A command that is at work, and locks that no command can take. The lock of a killed process is free."""
    folder = checked.runtime.corpus_folder
    if not is_local(folder):
        return
    for path in (folder / name for name in LOCKS):
        if path.is_dir():
            what = "is a folder in the place of the file that commands lock, so that none can work on the corpus"
            yield Finding("error", what, checked.shown(path), f"rm -r {shlex.quote(str(path))}")
        elif path.exists() and (holder := _holder(path)):
            what = f"{holder} is at work on the corpus, and what it has half done is found here as damage"
            again = f"wait until it ends, then: data-engine check {checked.name}"
            yield Finding("note", what, checked.shown(path), again)


def _holder(path: Path) -> str:
    """Who holds a lock; empty where nobody does."""
    with path.open(encoding="utf-8", errors="replace") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return lock.read().strip() or "a process"
    return ""


def check_history(checked: CheckedCorpus) -> Iterator[Finding]:  # noqa: ARG001
    """Databases of Dagster below `DAGSTER_HOME` that are damaged; nothing where it keeps them elsewhere."""
    home = Path(os.environ.get("DAGSTER_HOME") or "no home")
    paths = sorted(path for name in HISTORY for path in (home / name).rglob("*.db") if path.is_file())
    advance = progress("checking the history of runs", len(paths))
    for path in paths:
        what = _damage_of_database(path)
        if what:
            places = " ".join(shlex.quote(f"{path}{end}") for end in ("", "-wal", "-shm"))
            what = f"is damaged ({what}); it holds no data of a corpus, and the next command makes it anew"
            yield Finding("error", what, f"history of runs: {path}", f"rm -f {places}")
        advance(1)


def _damage_of_database(path: Path) -> str:
    # Without a log of pending writes nobody has the file open, and SQLite need not make files beside it.
    log = path.with_name(f"{path.name}-wal")
    mode = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?{mode}", uri=True, timeout=10)) as database:
            (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if said == "ok" else str(said)
