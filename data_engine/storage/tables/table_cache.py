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
    if table is not None and not _entry(place, table.version()).exists():
        # The end of the log was lost after the table had moved on.
        table = None
    if table is None:
        table = DeltaTable(str(folder))
        entry = _entry(place, table.version())
        signature = _signature(entry)
        if signature is not None:
            kept[place] = _Handle(table, entry, signature)
            while len(kept) > _MOST_KEPT:
                del kept[next(iter(kept))]
    elif _entry(place, table.version() + 1).exists():
        table.update_incremental()
    return table


def is_known(folder: Path) -> bool:
    """Whether the table was opened in this thread and is still there, and not another one in its place."""
    place, kept = folder.absolute(), _KEPT.handles
    if place in kept and _signature(kept[place].entry) == kept[place].signature:
        return True
    kept.pop(place, None)
    return False


def _entry(place: Path, version: int) -> Path:
    return place / "_delta_log" / f"{version:020}.json"


def _signature(entry: Path) -> tuple[int, int, int] | None:
    try:
        found = entry.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
