"""Deleting what a table no longer holds from the disk at once, whatever its age and whoever stands on it.

What may only go when nobody needs it is in `retention.py`.
"""

from collections.abc import Mapping

from data_engine.schemas import SCHEMAS
from data_engine.storage.storage_errors import storage_errors
from data_engine.storage.table_store import TableStore
from data_engine.storage.tables.table_cache import latest_of


def pieces_of(store: TableStore, name: str) -> list[dict[str, str]]:
    """The partitions of a table that hold rows, each as values by column, in order; none where it does not exist."""
    if not store.exists(name):
        return []
    with storage_errors(f"listing {name}", store.path(name), intact="nothing was changed"):
        found = latest_of(store.path(name)).partitions()
    pieces = ({column: value or "" for column, value in piece.items()} for piece in found)
    return sorted(pieces, key=lambda piece: tuple(piece.values()))


def empty_piece(store: TableStore, name: str, piece: Mapping[str, str], *, run_id: str) -> None:
    """Take all rows of a partition out of the newest version of a table, if there is one."""
    if store.exists(name):
        store.write(name, SCHEMAS[name].empty_table(), partition=piece, run_id=run_id, code_version="1")


def delete_old_versions(store: TableStore, name: str) -> None:
    """Delete every file that the newest version of a table does not name; no older version can be read whole then.

    Raises: StorageError when the disk fails.
    """
    if not store.exists(name):
        return
    with storage_errors(f"deleting old versions of {name}", store.path(name), intact="the newest version is whole"):
        table = latest_of(store.path(name))
        table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
