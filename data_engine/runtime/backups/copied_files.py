"""Copies of files and of SQLite databases that others write meanwhile, and the manifest that is written last.

What of a corpus is copied is in `corpus_copy.py`.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from errno import ENOSPC
from pathlib import Path
from typing import Any

from data_engine.errors import InvalidInput, StorageError
from data_engine.places.kinds import is_local
from data_engine.storage.atomic_files import replace_file, write_text
from data_engine.storage.integrity.checksums import digest_of

MANIFEST = "backup.json"
"""Written last: a folder without it is no backup."""

_CLAIMED = ".data-engine-backup"


def copy_file(source: Path, target: Path) -> None:
    """Copy a file that is never changed in place; one that is there with the same size and time is left.

    Raises: OSError as the disk gives it, also where the file is gone.
    """
    found = source.stat()
    if target.is_file() and (target.stat().st_size, target.stat().st_mtime_ns) == (found.st_size, found.st_mtime_ns):
        return
    replace_file(target, lambda half: shutil.copy2(source, half))


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite database as it is at one moment, by SQLite's own means, while others write to it.

    Raises: StorageError where it is damaged; OSError as the disk gives it.
    """

    def write(half: Path) -> None:
        try:
            with closing(sqlite3.connect(source, timeout=60)) as reader, closing(sqlite3.connect(half)) as writer:
                reader.backup(writer)
                writer.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.DatabaseError as error:
            # SQLite says of a full disk now this and now that, such as "disk I/O error".
            if shutil.disk_usage(half.parent).free < source.stat().st_size:
                raise OSError(ENOSPC, "No space left on device", str(target)) from error
            raise StorageError(
                f"{source} could not be copied ({error}); data-engine check says whether it is damaged"
            ) from error

    replace_file(target, write)


def claim(folder: Path) -> None:
    """Make a folder the place of a backup that is not finished. An earlier backup in it is brought up to date.

    Raises: InvalidInput where it holds anything else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _CLAIMED).is_file():
        raise InvalidInput(
            f"{folder} is not empty and no backup; give a new or empty folder, or one of an earlier backup"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _CLAIMED).touch()
    (folder / MANIFEST).unlink(missing_ok=True)


def finish(folder: Path, kept: Iterable[Path], said: Mapping[str, Any]) -> dict[str, int]:
    """Delete what an earlier backup had and this one has not, hash the rest, and write the manifest.

    Returns: the bytes of each file by its path from the folder on.
    """
    wanted = {path for path in kept if path.is_file()}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path not in wanted and path.name != _CLAIMED:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    files = {
        path.relative_to(folder).as_posix(): {"n_bytes": path.stat().st_size, "xxh3": digest_of(path)}
        for path in sorted(wanted)
    }
    write_text(folder / MANIFEST, json.dumps({**said, "files": files}, indent=1, sort_keys=True) + "\n")
    return {name: int(str(each["n_bytes"])) for name, each in files.items()}


def whole_backup(folder: Path) -> dict[str, Any]:
    """The manifest of a backup whose files are all as they were written.

    Raises: StorageError where the folder holds no finished backup, or a file of it is missing or another.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        files = manifest["files"].items()
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise StorageError(
            f"{folder} holds no finished backup: {MANIFEST} is missing or cannot be read; give the folder of another "
            f"backup, or finish this one by data-engine backup {folder}"
        ) from error
    for name, said in files:
        path = folder / name
        if not path.is_file() or digest_of(path) != said["xxh3"]:
            raise StorageError(
                f"{path} is missing or not the file that was backed up; nothing was restored: give the folder of "
                "another backup"
            )
    return manifest


def on_this_host(data: Path) -> Path:
    """The data folder, which is on a disk. Raises: InvalidInput where it is behind a URL."""
    if not is_local(data):
        raise InvalidInput(
            f"the data folder is {data}, and backups are copies of folders of this host; have the store keep "
            f"versions of the bucket or replicate it, or copy it while no run goes on "
            f"(`aws s3 sync {data} s3://ANOTHER/PREFIX`), and the review queue by `pg_dump`"
        )
    return data
