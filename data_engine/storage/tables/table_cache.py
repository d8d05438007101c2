"""Delta tables that were opened before, kept for as long as their log shows no other history.

Reading their rows is in `table_scan.py`.

Opening a table reads its whole log, which takes milliseconds and happens hundreds of times in a run. Every version is
one file of the log that is never changed, so two looks at the folder tell whether there is a newer one.
"""

import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from data_engine.places.kinds import is_local
from data_engine.places.object_store import delta_options, entries_from

_MOST_KEPT = 64
#: Commits that are read one by one for the files that they add and remove.
_MOST_COMMITS = 64

#: Commits that change no row.
HARMLESS = ("CREATE", "VACUUM", "OPTIMIZE", "FSCK", "ADD COLUMN", "CHANGE COLUMN")


@dataclass(frozen=True)
class _Handle:
    """An open table, the log entry that it was opened at with its inode, time and size, and its files by version."""

    table: Any
    entry: Path
    signature: tuple[int, int, int]
    files: dict[int, tuple["TableFile", ...]] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    """ETags of log entries behind a URL, by version, as they were first seen."""


class _Kept(threading.local):
    """The handles of one thread: a write moves its handle on, and must not move that of another thread's write."""

    def __init__(self) -> None:
        self.handles: dict[Path, _Handle] = {}


_KEPT = _Kept()
_NUMBERS = itertools.count()


def latest_of(folder: Path) -> Any:
    """The table in a folder as of its latest version; the same object for as long as the table is the same one.

    Raises: deltalake.exceptions.DeltaError when there is no table.
    """
    if not is_local(folder):
        return _latest_behind_url(folder)
    place, kept = folder.absolute(), _KEPT.handles
    table = kept[place].table if is_known(folder) else None
    if table is None:
        table = opened(folder)
        entry = log_entry(place, table.version())
        signature = file_signature(entry)
        if signature is not None:
            _keep(place, _Handle(table, entry, signature))
    elif log_entry(place, table.version() + 1).exists():
        table.update_incremental()
    return table


def opened(folder: Path, version: int | None = None) -> Any:
    """The table in a folder as of a version, by default the latest, read from its log.

    Raises: deltalake.exceptions.DeltaError when there is no table, or no such version.
    """
    from deltalake import DeltaTable

    return DeltaTable(str(folder), version=version, storage_options=delta_options(folder))


def _latest_behind_url(folder: Path) -> Any:
    """One listing says whether the version that is kept is still there and the same, and whether there is a newer."""
    handle = _KEPT.handles.get(folder)
    if handle is not None:
        version = int(handle.table.version())
        found = entries_from(folder / "_delta_log", f"{version:020}")
        tag = found.get(log_entry(folder, version).name)
        if tag is not None and handle.tags.setdefault(version, tag) == tag:
            if log_entry(folder, version + 1).name in found:
                handle.table.update_incremental()
            return handle.table
        del _KEPT.handles[folder]
    table = opened(folder)
    _keep(folder, _Handle(table, log_entry(folder, table.version()), (next(_NUMBERS), 0, 0)))
    return table


def kept_signature(folder: Path) -> tuple[int, int, int] | None:
    """What tells the history of a table that is kept from that of another one in its place; None where none is."""
    handle = _KEPT.handles.get(folder)
    return None if handle is None else handle.signature


def _keep(place: Path, handle: _Handle) -> None:
    kept = _KEPT.handles
    kept[place] = handle
    while len(kept) > _MOST_KEPT:
        del kept[next(iter(kept))]


#: Values of the partition columns of a file, and its path in the folder of the table.
TableFile = tuple[list[str], str]


def files_of_latest(folder: Path, columns: Sequence[str]) -> tuple[TableFile, ...]:
    """The files of the latest version of a table; listed once for as long as no newer one is there.

    Args:
        folder: the table's, which exists.
        columns: its partition columns.
    """
    table = latest_of(folder)
    handle, version = _KEPT.handles.get(folder.absolute()), int(table.version())
    if handle is None or handle.table is not table:
        return tuple(files_in(table, columns))
    if version not in handle.files:
        found = _moved_on(handle, version, columns)
        handle.files.clear()
        handle.files[version] = tuple(files_in(table, columns)) if found is None else found
    return handle.files[version]


def _moved_on(handle: _Handle, version: int, columns: Sequence[str]) -> tuple[TableFile, ...] | None:
    """The files of a version from those that were listed of an earlier one: a listing takes as long as all commits.

    None where none was listed, where many commits came since, and where the log is not as our own writes leave it.
    """
    since = max(handle.files, default=version)
    if not since < version <= since + _MOST_COMMITS or not is_local(handle.entry):
        return None
    values = {path: partition for partition, path in handle.files[since]}
    try:
        for number in range(since + 1, version + 1):
            entry = handle.entry.with_name(f"{number:020}.json")
            actions = [json.loads(line) for line in entry.read_text("utf-8").splitlines() if line]
            # What a commit removes it does not add.
            for removed in (action["remove"] for action in actions if "remove" in action):
                del values[unquote(removed["path"])]
            for added in (action["add"] for action in actions if "add" in action):
                given = added["partitionValues"]
                values[unquote(added["path"])] = [given[column] or "" for column in columns]
    except (OSError, ValueError, KeyError):
        return None
    return tuple((partition, path) for path, partition in values.items())


def files_in(table: Any, columns: Sequence[str]) -> Iterator[TableFile]:
    """The files of an open table, each with its partition values: the empty string in the place of null."""
    import pyarrow.dataset as pads

    for file in table.to_pyarrow_dataset().get_fragments():
        values = pads.get_partition_keys(file.partition_expression)
        yield [values.get(column) or "" for column in columns], file.path


def is_known(folder: Path) -> bool:
    """Whether the table was opened in this thread and is still there, and not another one in its place."""
    place, kept = folder.absolute(), _KEPT.handles
    if not is_local(folder):
        return place in kept
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
