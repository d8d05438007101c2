"""The log of a Delta table as it lies on disk, entry by entry, for comparing it with what Delta makes of it.

Commits are made in `storage/tables/delta_commits.py`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

LOG = "_delta_log"
_ENTRY = re.compile(r"(\d{20})\.json")


@dataclass(frozen=True)
class AddedFile:
    """A data file as a commit names it.

    Attributes:
        path: Below the table's folder.
        values: Its partition values; the empty string where there is none.
        n_bytes: Its size.
        n_rows: Its rows; None where the commit does not say.
    """

    path: str
    values: Mapping[str, str]
    n_bytes: int
    n_rows: int | None


@dataclass(frozen=True)
class LogEntry:
    """One commit: what it says of itself, the data files that it adds, in order, and those that it removes."""

    version: int
    info: Mapping[str, Any]
    added: tuple[AddedFile, ...]
    removed: tuple[str, ...]

    @property
    def piece(self) -> dict[str, str]:
        """Values of partition columns that select what it replaced; empty for the whole table."""
        return dict(json.loads(self.info.get("partition", "{}")))


def entry_name(version: int) -> str:
    """The file name of a log entry."""
    return f"{version:020}.json"


def versions_in(folder: Path) -> list[int]:
    """The versions that a folder has a file `<version>.json` of, sorted; none where there is no folder."""
    if not folder.is_dir():
        return []
    found = (_ENTRY.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in found if match)


def read_entry(folder: Path, version: int) -> LogEntry:
    """One entry of the log of the table in a folder.

    Raises: OSError as the disk gives it; ValueError when it is no log entry.
    """
    text = (folder / LOG / entry_name(version)).read_text("utf-8")
    info: Mapping[str, Any] = {}
    added: list[AddedFile] = []
    removed: list[str] = []
    try:
        for line in text.splitlines():
            for action, said in json.loads(line).items():
                if action == "commitInfo":
                    info = dict(said)
                elif action == "add":
                    added.append(_added(said))
                elif action == "remove":
                    removed.append(unquote(said["path"]))
        entry = LogEntry(version, info, tuple(added), tuple(removed))
        entry.piece  # noqa: B018 - it must be readable too
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return entry


def active_files(entries: Iterable[LogEntry]) -> dict[str, AddedFile]:
    """The data files of a table after these commits, from the first on, by path."""
    active: dict[str, AddedFile] = {}
    for entry in entries:
        for path in entry.removed:
            active.pop(path, None)
        active |= {added.path: added for added in entry.added}
    return active


def _added(said: Mapping[str, Any]) -> AddedFile:
    values = {name: value or "" for name, value in said["partitionValues"].items()}
    stats = json.loads(said.get("stats") or "{}")
    n_rows = stats.get("numRecords")
    return AddedFile(unquote(said["path"]), values, int(said["size"]), None if n_rows is None else int(n_rows))
