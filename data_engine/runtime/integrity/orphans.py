"""The check for files that nothing names: notes, because they only take room.

What the engine left there itself, `data-engine clean` deletes; what others put there stays until they move it.
"""

import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.integrity.surroundings import LOCKS

_FILES = {"pins.json", "tombstones.json", "release_marks.json", *LOCKS}
_FOLDERS = {"tables", "releases", "reports", "marts", "accepted", "learnt", "questions", "foundation_model"}
#: Of the data folder of all corpora, beside these; of the queue with what SQLite and the engine put beside it.
_SHARED = ("_embeddings", "review.db", "review.db-wal", "review.db-shm", "review.db-journal", "review.db-door")


def check_orphans(checked: CheckedCorpus) -> Iterator[Finding]:
    """Files that no table, release or other part names: the engine's own counted by folder, others one by one."""
    own = Counter(checked.shown(path.parent) for path in _own(checked))
    for folder, n in sorted(own.items()):
        what = f"{n} files that nothing names, of killed runs (cleaned after a day) or of old versions (after a week)"
        yield Finding("note", what, folder, f"data-engine clean {checked.name}")
    for path in _foreign(checked):
        what = "is nothing that the engine wrote, or was moved aside; the engine leaves it alone"
        yield Finding("note", what, checked.shown(path), f"move it elsewhere, or: rm -r {shlex.quote(str(path))}")


def _own(checked: CheckedCorpus) -> Iterator[Path]:
    """Half-written files, and data files of tables that no commit names."""
    folder = checked.runtime.corpus_folder
    for name in sorted(_FOLDERS - {"tables"}):
        yield from (path for path in _files_below(folder / name) if _is_half_written(path))
    for log in checked.logs.values():
        named = {log.folder / added.path for entry in log.entries.values() for added in entry.added}
        for path in _files_below(log.folder):
            is_data = path.suffix == ".parquet" and path.relative_to(log.folder).parts[0] != "_delta_log"
            if path not in named and (is_data or _is_half_written(path)):
                yield path


def _foreign(checked: CheckedCorpus) -> Iterator[Path]:
    """Files and folders with other names than the engine gives, in the folders where it knows every name."""
    folder, tables = checked.runtime.corpus_folder, {log.folder.name for log in checked.logs.values()}
    for path in _in(folder):
        is_known = path.name in (_FOLDERS if path.is_dir() else _FILES) or path.name in LOCKS
        if not is_known and not _is_half_written(path):
            yield path
    yield from (path for path in _in(folder / "tables") if path.name not in tables)
    for log in checked.logs.values():
        for path in _in(log.folder):
            is_partition = path.is_dir() and ("=" in path.name or path.name in ("_delta_log", "_checksums"))
            if not is_partition and path.suffix != ".parquet" and not _is_half_written(path):
                yield path
    for path in _in(checked.runtime.data_folder):
        is_corpus = path.is_dir() and any((path / name).is_dir() for name in _FOLDERS)
        if not is_corpus and path.name not in _SHARED and path != folder:
            yield path


def _in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def _is_half_written(path: Path) -> bool:
    """Whether the name is one that the engine gives while it writes, or it is in such a folder."""
    return any(part.name.endswith(".tmp") and part.name[0] in "._" for part in (path, *path.parents))
