"""The copy of one corpus as it stands between two steps, taken while runs go on.

Files of tables never change, so a copy of the log up to one version, with the files that it names, is that version.
Versions are taken at a moment at which the tables hold what the steps say that they wrote.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from data_engine.runtime.backups.copied_files import copy_database, copy_file
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.integrity.step_records import check_step_versions
from data_engine.storage.atomic_files import write_text
from data_engine.storage.integrity.checksums import CHECKSUMS
from data_engine.storage.integrity.commit_log import LOG, entry_name
from data_engine.storage.integrity.table_damage import TableLog

_LEAST_PAUSE_S, _PAUSES = 0.02, 200
_REPLACED_WHOLE = ("tombstones.json", "release_marks.json")
_MADE_ANEW = ("marts", "reports", "learnt", "accepted", "foundation_model")


@dataclass(frozen=True)
class CopiedRuntime(CorpusRuntime):
    """The runtime of a corpus in another data folder, with the queue that was copied there."""

    place: Path = Path()

    @property
    def data_folder(self) -> Path:
        """The folder of the copy."""
        return self.place

    @property
    def queue_url(self) -> str:
        """The copy of the queue; that of a server is not copied."""
        url = super().queue_url
        return f"sqlite:///{self.place / 'review.db'}" if url.startswith("sqlite") else url

    def of_question(self, name: str) -> "CopiedRuntime":
        """One of several questions of the copy."""
        corpus = self.corpus.of_question(name)
        return CopiedRuntime(corpus, self.project_folder, self.reads_only, shared=self, place=self.place)


def copy_corpus(runtime: CorpusRuntime, target: Path) -> set[Path]:
    """Copy a corpus with its questions into a data folder.

    Returns: the files of the copy.

    Raises: OSError as the disk gives it, also where a file went meanwhile; the copy is then to be made again.
    """
    copied: set[Path] = set()
    releases: set[str] | None = None
    for each in (runtime, *runtime.questions):
        place = target / each.corpus_folder.relative_to(runtime.data_folder)
        logs = _settled(each)
        for log in logs.values():
            copied |= _copy_table(log, place / "tables" / log.folder.name)
        if releases is None:
            releases = set(_releases(runtime, logs))
            for name in sorted(releases):
                copied |= _copy_below(runtime.corpus_folder / "releases" / name, place / "releases" / name)
        copied |= _copy_rest(each.corpus_folder, place, releases)
    return copied


def _settled(runtime: CorpusRuntime) -> Mapping[str, TableLog]:
    """The logs of the tables at a moment between two steps; at any moment where there is none for a while."""
    for _ in range(_PAUSES):
        checked = CheckedCorpus(runtime)
        logs = checked.logs
        if not list(check_step_versions(checked)):
            break
        time.sleep(_LEAST_PAUSE_S)
    return logs


def _copy_table(log: TableLog, place: Path) -> set[Path]:
    """A table up to the last version of a log: entries, their checksums and the files that are there."""
    names = [f"{folder}/{entry_name(version)}" for version in sorted(log.entries) for folder in (LOG, CHECKSUMS)]
    names += [added.path for version in sorted(log.entries) for added in log.entries[version].added]
    present = [name for name in names if (log.folder / name).is_file()]
    for name in present:
        copy_file(log.folder / name, place / name)
    return {place / name for name in present}


def _releases(runtime: CorpusRuntime, logs: Mapping[str, TableLog]) -> Iterator[str]:
    """The releases that stand on no later versions of tables than those that are copied.

    After a forgetting tables begin anew, and earlier releases stand on none: what is pinned counts before the manifest.
    """
    file = runtime.corpus_folder / "pins.json"
    pinned = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    for path in sorted((runtime.corpus_folder / "releases").glob("[!.]*/manifest.json")):
        versions = pinned.get(path.parent.name, json.loads(path.read_text("utf-8")).get("table_versions") or {})
        if all(version <= logs[name.partition("/")[0]].last for name, version in versions.items()):
            yield path.parent.name


def _copy_rest(folder: Path, place: Path, releases: set[str]) -> set[Path]:
    """What is beside tables and releases: pins of these releases, marks, and what can be made anew."""
    copied = set()
    for name in _MADE_ANEW:
        copied |= _copy_below(folder / name, place / name)
    for name in _REPLACED_WHOLE:
        if (folder / name).is_file():
            copy_file(folder / name, place / name)
            copied.add(place / name)
    if (folder / "pins.json").is_file():
        pins = json.loads((folder / "pins.json").read_text("utf-8"))
        kept = {name: versions for name, versions in pins.items() if name in releases}
        write_text(place / "pins.json", json.dumps(kept, indent=2, sort_keys=True) + "\n")
        copied.add(place / "pins.json")
    return copied


def _copy_below(folder: Path, place: Path) -> set[Path]:
    """All files below a folder that are not being written; databases by SQLite's own means."""
    copied = set()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        is_half = any(part.endswith((".tmp", ".lock")) for part in path.relative_to(folder).parts)
        if not path.is_file() or is_half or path.name.endswith(("-wal", "-shm", "-journal", "-door")):
            continue
        target = place / path.relative_to(folder)
        (copy_database if path.suffix == ".db" else copy_file)(path, target)
        copied.add(target)
    return copied
