"""Delta tables that were opened before, kept for as long as their log shows no other history.

Reading their rows is in `table_scan.py`.

Opening a table reads its whole log, which takes milliseconds and happens hundreds of times in a run. Every version is
one file of the log that is never changed, so two looks at the folder tell whether there is a newer one.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MOST_KEPT = 64

#: Commits that change no row.
HARMLESS = ("CREATE", "VACUUM", "OPTIMIZE", "FSCK", "ADD COLUMN", "CHANGE COLUMN")


@dataclass(frozen=True)
class _Handle:
    """An open table, and the log entry that it was opened at with its inode, time and size."""

    table: Any
    entry: Path
    signature: tuple[int, int, int]


class _Kept(threading.local):
    """The handles of one thread: a write moves its handle on, and must not move that of another thread's write."""

    def __init__(self) -> None:
        self.handles: dict[Path, _Handle] = {}


_KEPT = _Kept()


def latest_of(folder: Path) -> Any:
    """The table in a folder as of its latest version; the same object for as long as the table is the same one.

    Raises: deltalake.exceptions.DeltaError when there is no table.
    """
    from deltalake import DeltaTable

    place, kept = folder.absolute(), _KEPT.handles
    table = kept[place].table if is_known(folder) else None
    if table is None:
        table = DeltaTable(str(folder))
        entry = log_entry(place, table.version())
        signature = file_signature(entry)
        if signature is not None:
            kept[place] = _Handle(table, entry, signature)
            while len(kept) > _MOST_KEPT:
                del kept[next(iter(kept))]
    elif log_entry(place, table.version() + 1).exists():
        table.update_incremental()
    return table


def is_known(folder: Path) -> bool:
    """Whether the table was opened in this thread and is still there, and not another one in its place."""
    place, kept = folder.absolute(), _KEPT.handles
    handle = kept.get(place)
    # A write of this process moves the table on: what it wrote last has to be there too.
    is_there = handle is not None and log_entry(place, handle.table.version()).exists()
    if is_there and handle is not None and file_signature(handle.entry) == handle.signature:
        return True
    kept.pop(place, None)
    return False


def log_entry(place: Path, version: int) -> Path:
    """The file of the log that a version of a table is."""
    return place / "_delta_log" / f"{version:020}.json"


def file_signature(entry: Path) -> tuple[int, int, int] | None:
    """What tells a file from another one in its place: inode, time and size; None where there is none."""
    try:
        found = entry.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
