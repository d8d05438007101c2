"""Review queues as every earlier version of their tables left them, as SQL in data_engine_tests/data.

A whole project of an earlier version is in `earlier_project.py`.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "data"

EARLIER_VERSIONS = tuple(sorted(int(path.stem.rpartition("_")[2]) for path in _FOLDER.glob("queue_of_version_*.sql")))


def write_earlier_queue(version: int, path: Path) -> Path:
    """The database file of a queue of this version: two batches, three answers, a correction, a draft, a decision."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript((_FOLDER / f"queue_of_version_{version}.sql").read_text("utf-8"))
    return path
