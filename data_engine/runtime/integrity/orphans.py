"""The check for files that nothing names: notes, because they only take room.

Deleting them is left to `data-engine clean`.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from data_engine.runtime.integrity.finding import CheckedCorpus, Finding

_FILES = {
    "pins.json",
    ".pins.json.lock",
    "command.lock",
    "tombstones.json",
    "release_marks.json",
    ".release_marks.json.lock",
}
_FOLDERS = {"tables", "releases", "reports", "marts", "accepted", "learnt", "questions", "foundation_model"}


def check_orphans(checked: CheckedCorpus) -> Iterator[Finding]:
    """Files of the corpus' folder that no table, release or other part names, counted by folder."""
    counted = Counter(checked.shown(path.parent) for path in _orphans(checked))
    for folder, n in sorted(counted.items()):
        yield Finding("note", f"{n} files that nothing names", folder, f"data-engine clean {checked.name}")


def _orphans(checked: CheckedCorpus) -> Iterator[Path]:
    folder = checked.runtime.corpus_folder
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in _FOLDERS:
            yield from _files_below(path)
        elif path.is_file() and path.name not in _FILES:
            yield path
    for name in sorted(_FOLDERS - {"tables"}):
        yield from (path for path in _files_below(folder / name) if path.name.endswith(".tmp") or _is_in_tmp(path))
    yield from _of_tables(checked, folder / "tables")


def _of_tables(checked: CheckedCorpus, folder: Path) -> Iterator[Path]:
    known = {log.folder.name: log for log in checked.logs.values()}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        log = known.get(path.name)
        if log is None:
            yield from _files_below(path)
            continue
        named = {path / added.path for entry in log.entries.values() for added in entry.added}
        for file in _files_below(path):
            inside = file.relative_to(path).parts[0]
            if file not in named and (inside not in ("_delta_log", "_checksums") or file.name.endswith(".tmp")):
                yield file


def _files_below(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def _is_in_tmp(path: Path) -> bool:
    return any(parent.name.startswith(".") and parent.name.endswith(".tmp") for parent in path.parents)
