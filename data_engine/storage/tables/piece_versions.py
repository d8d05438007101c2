"""Which commit last wrote each partition of a table, so that a partition can be read as an earlier commit left it.

Opening and keeping tables is in `table_cache.py`, reading them in `table_scan.py`.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_engine.places.kinds import is_local
from data_engine.storage.tables.table_cache import HARMLESS, file_signature, kept_signature, latest_of, log_entry

_MOST_KEPT = 64


@dataclass
class PieceVersions:
    """The commits that last wrote the partitions of a table.

    Attributes:
        version: Delta version of the table that this was read at.
        whole: Version that last wrote the whole table; -1 where none did.
        pieces: Version that last wrote a partition, by the value of the partition column.
        signature: What told the log entry of `version` from others when it was read.
    """

    version: int = -1
    whole: int = -1
    pieces: dict[str, int] = field(default_factory=dict)
    signature: tuple[int, int, int] | None = None

    def of(self, value: str) -> int:
        """The version that last wrote this partition; -1 where none did."""
        return max(self.whole, self.pieces.get(value, -1))

    def add(self, entry: Mapping[str, Any]) -> None:
        """Take in one commit of the table's history."""
        if not entry["operation"].startswith(HARMLESS):
            piece = json.loads(entry.get("partition", "{}"))
            if len(piece) == 1:
                value = next(iter(piece.values()))
                self.pieces[value] = max(entry["version"], self.pieces.get(value, -1))
            else:
                self.whole = max(entry["version"], self.whole)


class _Kept(threading.local):
    """What one thread knows of tables, by folder."""

    def __init__(self) -> None:
        self.tables: dict[Path, PieceVersions] = {}


_KEPT = _Kept()


def piece_versions(folder: Path) -> PieceVersions:
    """The commits that last wrote the partitions of a table with one partition column; only new ones are read."""
    table, place = latest_of(folder), folder.absolute()
    known = _KEPT.tables.get(place)
    if known is None or known.version > table.version() or known.signature != _signature(place, known):
        known = _KEPT.tables[place] = PieceVersions()
    if known.version < table.version():
        for entry in table.history(table.version() - known.version):
            known.add(entry)
        known.version = table.version()
        known.signature = _signature(place, known)
    while len(_KEPT.tables) > _MOST_KEPT:
        del _KEPT.tables[next(iter(_KEPT.tables))]
    return known


def _signature(place: Path, known: PieceVersions) -> tuple[int, int, int] | None:
    return file_signature(log_entry(place, known.version)) if is_local(place) else kept_signature(place)
