"""Presence: whether the rows that a commit wrote are still in their table, told from its log and the names of files.

No row is read. Which versions are asked for is known to `data_engine.runtime.staleness`; whether the bytes are those
that were written is found out by whoever reads them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from data_engine.schemas import PARTITION_COLUMNS
from data_engine.storage.storage_errors import storage_errors
from data_engine.storage.table_store import TableStore
from data_engine.storage.tables.table_cache import HARMLESS, latest_of


@dataclass(frozen=True)
class _Commit:
    """One entry of the log: what it says of itself, and the files that it adds, by place with their sizes."""

    operation: str
    run_id: str
    partition: Mapping[str, str]
    n_rows: int | None
    files: Mapping[str, int]


def why_rows_are_lost(
    store: TableStore, name: str, piece: Mapping[str, str], *, version: int, run_id: str, n_rows: int | None = None
) -> str:
    """Why the rows that a run wrote into a piece of a table are not those that are in it; empty when they are.

    Args:
        store: The tables of a corpus.
        name: The table.
        piece: Values of its partition columns.
        version: The commit of the rows.
        run_id: The run that wrote them.
        n_rows: How many there were; None where that is not known.

    Raises: StorageError when the log cannot be read.
    """
    latest = store.version(name)
    if latest is None:
        return f"its table {name} is gone"
    commit = _commit_at(store.path(name), version) if version <= latest else None
    if commit is None:
        return f"version {version} of its table {name} is gone"
    if commit.run_id not in ("", run_id) or (commit.run_id and commit.partition != piece):
        return f"version {version} of its table {name} is that of another write"
    if n_rows is not None and commit.n_rows not in (None, n_rows):
        return f"version {version} of its table {name} has {commit.n_rows} rows and not {n_rows}"
    if set(commit.files) != _files_in(store, name, latest).get(_key(name, piece), frozenset()):
        return f"its table {name} has other rows by now"
    return _missing_file(store.path(name), commit)


def why_table_is_lost(store: TableStore, name: str, *, run_id: str) -> str:
    """Why the last write of a whole table is not the one of a run; empty when it is.

    Raises: StorageError when the log cannot be read.
    """
    latest = store.version(name)
    if latest is None:
        return f"its table {name} is gone"
    folder = store.path(name)
    for version in range(latest, -1, -1):
        commit = _commit_at(folder, version)
        if commit is not None and not commit.operation.startswith(HARMLESS):
            return _missing_file(folder, commit) if commit.run_id in ("", run_id) else f"its table {name} is another's"
    return f"what was written into its table {name} is gone"


def was_written(store: TableStore, name: str, piece: Mapping[str, str], version: int) -> bool:
    """Whether the log has a commit of this version that wrote this piece of a table, and its files are there."""
    folder = store.path(name)
    commit = _commit_at(folder, version)
    if commit is None or (commit.run_id and dict(commit.partition) != dict(piece)):
        return False
    return not _missing_file(folder, commit)


def is_current(store: TableStore, name: str, version: int) -> bool:
    """Whether the latest version of a table still holds all files that a commit added."""
    commit, latest = _commit_at(store.path(name), version), store.version(name)
    if commit is None or latest is None:
        return True
    return set(commit.files) <= set().union(*_files_in(store, name, latest).values())


def _missing_file(folder: Path, commit: _Commit) -> str:
    for place, size in commit.files.items():
        try:
            found = (folder / place).stat().st_size
        except OSError:
            return f"its file {folder.name}/{place} is gone"
        if found != size:
            return f"its file {folder.name}/{place} has {found:,} bytes and not {size:,}"
    return ""


def _commit_at(folder: Path, version: int) -> _Commit | None:
    """The entry of a version; None where it is gone, or holds no commit, as a disk that lost its content leaves it."""
    path = folder / "_delta_log" / f"{version:020}.json"
    try:
        found = path.stat()
        return _parsed(path, (found.st_ino, found.st_mtime_ns, found.st_size))
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=8192)
def _parsed(path: Path, _state: tuple[int, int, int]) -> _Commit:
    actions = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    if not actions:
        raise ValueError(f"{path} holds no commit")
    info: dict[str, Any] = next((action["commitInfo"] for action in actions if "commitInfo" in action), {})
    added = [action["add"] for action in actions if "add" in action]
    return _Commit(
        operation=str(info.get("operation", "")),
        run_id=str(info.get("run_id", "")),
        partition=json.loads(info.get("partition", "{}")),
        n_rows=int(info["n_rows"]) if "n_rows" in info else None,
        files={unquote(add["path"]): int(add["size"]) for add in added},
    )


def _key(name: str, piece: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(piece.get(column, "") for column in PARTITION_COLUMNS.get(name, ()))


def _files_in(store: TableStore, name: str, version: int) -> Mapping[tuple[str, ...], frozenset[str]]:
    """The files of the latest version of a table, by partition."""
    folder = store.path(name)
    with storage_errors(f"opening {name}", folder, intact="nothing was changed"):
        entry = folder / "_delta_log" / f"{version:020}.json"
        found = entry.stat() if entry.exists() else None
        return _partitions(folder, PARTITION_COLUMNS.get(name, ()), version, found and found.st_mtime_ns)


@lru_cache(maxsize=64)
def _partitions(
    folder: Path, columns: tuple[str, ...], _version: int, _time: int | None
) -> Mapping[tuple[str, ...], frozenset[str]]:
    import pyarrow as pa

    actions = pa.table(latest_of(folder).get_add_actions(flatten=True))
    keys = [actions[f"partition.{column}"].to_pylist() for column in columns]
    paths = actions["path"].to_pylist()
    found: dict[tuple[str, ...], set[str]] = {}
    for number, path in enumerate(paths):
        found.setdefault(tuple(values[number] or "" for values in keys), set()).add(unquote(path))
    return {key: frozenset(files) for key, files in found.items()}
