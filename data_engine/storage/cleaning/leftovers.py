"""Leftovers of killed processes and unneeded files of a corpus: finding them, and deleting them.

What else can go is in `unneeded.py`.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from data_engine.places.kinds import file_system_of, is_local
from data_engine.places.place import remove_folder, scratch
from data_engine.storage.atomic_files import this_machine

_OLDER_THAN = timedelta(days=1)

#: `.name.place-process-random.tmp`; an earlier version of the engine wrote no place and no process.
_TEMPORARY = re.compile(r"\..+\.(?:(?P<place>[0-9a-f]{16})-(?P<process>\d+)-)?[0-9a-f]+\.tmp")
_DELTA = re.compile(r".+\.(?:parquet|json)#\d+|_commit_[0-9a-f-]{36}\.json\.tmp")


def leftovers(folder: Path, *, now: datetime) -> list[Path]:
    """Half-written files and folders below a folder whose process is certainly dead, or that are older than a day.

    Of a folder behind a URL those are in the scratch folder of this host.
    """
    return [path for path in _temporary(scratch(folder)) if _is_dead(path, now)]


def delete(paths: Iterable[Path]) -> list[Path]:
    """Delete files and folders; gives those that were there. One that somebody else deletes meanwhile is no error."""
    gone = []
    for path in paths:
        if not is_local(path) or (path.is_dir() and not path.is_symlink()):
            with suppress(OSError):
                remove_folder(path)
        else:
            path.unlink(missing_ok=True)
        gone.append(path)
    return gone


def _temporary(folder: Path) -> Iterator[Path]:
    """Temporary files and folders, not what is inside such a folder."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if _TEMPORARY.fullmatch(name) or _DELTA.fullmatch(name):
                yield Path(parent, name)
        folders[:] = [name for name in folders if not _TEMPORARY.fullmatch(name)]


def _is_dead(path: Path, now: datetime) -> bool:
    named = _TEMPORARY.fullmatch(path.name)
    if named and named["process"] and named["place"] == this_machine():
        return not _runs(int(named["process"]))
    try:
        newest = max(found.stat().st_mtime for found in (path, *(path.rglob("*") if path.is_dir() else ())))
    except OSError:
        return False
    return bool(newest < (now - _OLDER_THAN).timestamp())


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    try:
        if not is_local(path):
            file_system, key = file_system_of(path)
            return int(file_system.du(key))
        if path.is_dir() and not path.is_symlink():
            return sum(found.lstat().st_size for found in path.rglob("*") if not found.is_dir())
        return path.lstat().st_size
    except OSError:
        return 0
