"""Restoring: a whole backup becomes the data folder and the home of Dagster, where there is nothing.

Making one is in `backup.py`.
"""

import shutil
from datetime import datetime
from pathlib import Path

from data_engine.errors import InvalidInput
from data_engine.runtime.backups.copied_files import whole_backup
from data_engine.runtime.integrity.surroundings import HISTORY
from data_engine.storage import storage_errors
from data_engine.storage.atomic_files import new_folder


def restore_backup(folder: Path, *, data: Path, home: Path, now: datetime, moves_aside: bool = False) -> list[str]:
    """Put a backup in the place of an empty or missing data folder; its files are compared with their hashes before.

    Args:
        folder: Of the backup.
        data: The data folder.
        home: Dagster's; only its databases are restored, and its settings where it has none.
        now: The time, aware; names what is moved aside.
        moves_aside: Whether data and history that are there are moved aside, in place of an error.

    Returns: sentences about what was done.

    Raises: StorageError where the backup is not finished or not whole; InvalidInput where there are data and
        `moves_aside` is false. Nothing is then changed.
    """
    manifest = whole_backup(folder)
    said = [f"restored {', '.join(manifest['corpora'])} as of {manifest['made_at']}"]
    history = [home / name for name in HISTORY]
    in_the_way = [path for path in (data, *history) if path.is_dir() and any(path.iterdir())]
    if in_the_way and not moves_aside:
        raise InvalidInput(
            f"{in_the_way[0]} is not empty, and nothing is restored over data; give --move-aside, or move it yourself"
        )
    if data in in_the_way and data.is_mount():
        raise InvalidInput(f"{data} is a disk of its own and not empty; move what is in it elsewhere first")
    with (
        storage_errors("restoring", data, intact="what was there before is as it was"),
        # A disk that is mounted there cannot be replaced by a folder, only filled.
        new_folder(data / "restored" if data.is_mount() else data) as half,
    ):
        if (folder / "data").is_dir():
            shutil.copytree(folder / "data", half, dirs_exist_ok=True)
        for path in in_the_way:
            aside = path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S}")
            path.rename(aside)
            said.append(f"what was in {path} is in {aside}")
        _put(half, data)
    for path in sorted((folder / "home").rglob("*")) if (folder / "home").is_dir() else ():
        place = home / path.relative_to(folder / "home")
        if path.is_file() and (path.suffix == ".db" or not place.exists()):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
    return said


def _put(half: Path, data: Path) -> None:
    """Make a filled folder the data folder, which is empty or missing."""
    if data.is_mount():
        for path in half.iterdir():
            path.rename(data / path.name)
        return
    if data.is_dir():
        data.rmdir()
    half.rename(data)
