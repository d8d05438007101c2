"""Pins and vacuum: table versions that releases stand on stay, files that nobody needs any more can be deleted.

Nothing younger than a week is deleted, except what killed runs left half-written.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa

from data_engine.errors import InvalidInput, StorageError
from data_engine.places.kinds import is_local
from data_engine.places.place import place
from data_engine.schemas import SCHEMAS
from data_engine.storage.atomic_files import change_text, read_text
from data_engine.storage.cleaning.leftovers import delete, leftovers
from data_engine.storage.presence import is_current
from data_engine.storage.question_tables import question_stores
from data_engine.storage.storage_errors import storage_errors
from data_engine.storage.table_store import TableStore
from data_engine.storage.tables.table_cache import opened

#: Tables that say which versions of others are needed.
_WITH_VERSIONS = ("step_versions", "accepted_versions")

LEAST_KEEP_HOURS = 168
"""A reader or writer that started a week ago still finds its files."""


@dataclass(frozen=True)
class Vacuumed:
    """Files deleted, relative to the corpus' folder: data that no kept version needs, and leftovers."""

    data_files: tuple[str, ...]
    leftovers: tuple[str, ...]


def pins(root: Path, corpus: str) -> dict[str, dict[str, int]]:
    """Versions that releases stand on, by release id, and by table or `table/partition` (see `pin`).

    Raises: StorageError when the list cannot be read; without it nothing must be deleted.
    """
    path = _pin_list(root, corpus)
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return _pins_in(path, text)


def _pins_in(path: Path, text: str | None) -> dict[str, dict[str, int]]:
    try:
        found: dict[str, dict[str, int]] = json.loads("{}" if text is None else text)
        return {release: {table: int(v) for table, v in versions.items()} for release, versions in found.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> StorageError:
    return StorageError(
        f"the list of pinned versions at {path} cannot be read ({error}); restore it from the manifests of the "
        f"releases before anything is deleted"
    )


def _text_of(pinned: Mapping[str, Mapping[str, int]]) -> str:
    return json.dumps(pinned, indent=2, sort_keys=True) + "\n"


def pin(
    root: Path, corpus: str, release_id: str, versions: Mapping[str, int], *, is_anew: bool = False
) -> dict[str, int]:
    """Pin the table versions of a release, so that no vacuum deletes them.

    A release is frozen, so the versions of its first pin stay when it is pinned again.

    Args:
        root: Data folder of all corpora.
        corpus: Name of the corpus.
        release_id: The release.
        is_anew: Whether its files were lost and are written anew, from these versions.
        versions: Delta version by table name; by `table/partition` for a partition that was read at an earlier one.

    Returns: The versions that are pinned for the release.

    Raises: InvalidInput for an unknown table; StorageError when the list cannot be read or written.
    """
    unknown = sorted({name.partition("/")[0] for name in versions} - set(SCHEMAS))
    if unknown:
        raise InvalidInput(f"there is no table {unknown[0]!r} to pin; the tables are {', '.join(sorted(SCHEMAS))}")
    path = _pin_list(root, corpus)
    wanted = {table: int(version) for table, version in versions.items()}

    def add(text: str | None) -> str:
        known = _pins_in(path, text)
        return _text_of({**known, release_id: wanted if is_anew else known.get(release_id, wanted)})

    with storage_errors(f"pinning release {release_id}", path):
        return _pins_in(path, change_text(path, add))[release_id]


def unpin(root: Path, corpus: str, release_id: str) -> None:
    """Let go of the versions of a release that is deleted; what nothing else needs can be vacuumed.

    Raises: StorageError when the list cannot be read or written.
    """
    path = _pin_list(root, corpus)

    def take_out(text: str | None) -> str:
        return _text_of({name: versions for name, versions in _pins_in(path, text).items() if name != release_id})

    with storage_errors(f"letting go of release {release_id}", path):
        if path.exists():
            change_text(path, take_out)


def pin_nothing(root: Path, corpus: str, release_ids: Iterable[str]) -> None:
    """Keep that these releases stand on no tables any more, because all tables of the corpus were deleted.

    Their files are whole without; the numbers of new tables have nothing to do with those of their manifests.
    """
    replace_pins(root, corpus, {name: {} for name in release_ids})


def replace_pins(root: Path, corpus: str, versions: Mapping[str, Mapping[str, int]]) -> None:
    """Write the list of what releases stand on anew, whatever it says and whether it can be read or not.

    Raises: StorageError when it cannot be written.
    """
    path = _pin_list(root, corpus)
    with storage_errors("keeping what releases stand on", path):
        change_text(path, lambda _: _text_of(versions))


def pinned_versions(root: Path, corpus: str, table: str) -> list[int]:
    """The versions of one table that any release stands on, sorted."""
    known = [pinned.items() for pinned in pins(root, corpus).values()]
    return sorted({version for pinned in known for name, version in pinned if name.partition("/")[0] == table})


def vacuum(store: TableStore, *, keep_hours: int = LEAST_KEEP_HOURS, now: datetime, is_tried: bool = False) -> Vacuumed:
    """Delete data files that neither the last `keep_hours` nor a version in use needs; run it with no writer active.

    In use are the versions that releases pin, and those that steps name as what they last wrote.

    Args:
        store: The tables of a corpus.
        keep_hours: Files replaced less than this many hours ago stay; at least 168.
        now: The time, aware; leftovers of dead processes are deleted, and others older than a day before it.
        is_tried: Only say what would be deleted.

    Returns: The deleted files.

    Raises: InvalidInput for too few hours; StorageError when the pins or a table cannot be read.
    """
    if keep_hours < LEAST_KEEP_HOURS:
        raise InvalidInput(
            f"keep_hours is {keep_hours} but runs may read files for a week; give at least {LEAST_KEEP_HOURS}"
        )
    data_files = [file for name in SCHEMAS for file in _vacuum_table(store, name, keep_hours, is_tried=is_tried)]
    # Behind a URL nothing is half-written; what lies in scratch is found by whoever works there.
    half = leftovers(store.folder, now=now) if is_local(store.folder) else []
    if not is_tried:
        delete(half)
    names = (str(path.relative_to(store.folder)) for path in half)
    return Vacuumed(tuple(sorted(data_files)), tuple(sorted(names)))


def _vacuum_table(store: TableStore, name: str, keep_hours: int, *, is_tried: bool) -> list[str]:
    if not store.exists(name):
        return []
    folder = store.path(name)
    keep = sorted({*pinned_versions(store.root, store.corpus, name), *versions_in_use(store, name)})
    with storage_errors(f"vacuuming {name}", folder, intact="no pinned version was touched"):
        table = opened(folder)
        named = table.vacuum(retention_hours=keep_hours, dry_run=True, full=True, keep_versions=keep or None)
        # Of what was deleted before, the name is told again.
        found = [path for path in (_place(folder, name) for name in named) if path.exists()]
        if not is_tried:
            table.vacuum(retention_hours=keep_hours, dry_run=False, full=True, keep_versions=keep or None)
    return [str(path.relative_to(store.folder)) for path in found if is_tried or not path.exists()]


def _place(folder: Path, name: str) -> Path:
    """Where a file is that Delta names, by its path below the table or in the log's encoding of that."""
    return folder / name if (folder / name).exists() else folder / unquote(name)


def versions_in_use(store: TableStore, name: str) -> set[int]:
    """Versions that steps say they wrote or read, or had accepted before, where the latest has other rows there."""
    latest = store.version(name)
    columns = ["step", "table_version", "table_versions"]
    named: set[int] = set()
    # What the steps of a question read is shared by all of them.
    stores = (store, *question_stores(store))
    kept = (each.read(table, columns=columns) for each in stores for table in _WITH_VERSIONS)
    for row in pa.concat_tables(kept).to_pylist():
        besides = json.loads(row["table_versions"] or "{}")
        named |= {version for read, version in besides.items() if read.partition("/")[0] == name}
        named |= {row["table_version"]} if row["step"] == name else set()
    return {
        version
        for version in named
        if latest is not None and version <= latest and not is_current(store, name, version)
    }


def _pin_list(root: Path, corpus: str) -> Path:
    return place(root) / corpus / "pins.json"
