"""Backups: a folder with everything that the engine holds, taken while runs go on, from which a run continues.

How one corpus is copied is in `corpus_copy.py`; putting a backup back is in `restore.py`.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from data_engine.errors import InvalidInput, StorageError
from data_engine.runtime.backups.copied_files import claim, copy_database, copy_file, finish, on_this_host
from data_engine.runtime.backups.corpus_copy import CopiedRuntime, copy_corpus
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.integrity.finding import Finding
from data_engine.runtime.integrity.registry import check_corpus
from data_engine.runtime.integrity.surroundings import HISTORY
from data_engine.storage import storage_errors

_ATTEMPTS, _PAUSE_S = 8, 0.5
#: What tells whether the parts of a copy fit each other; the bytes of its tables are compared when it is restored.
_FIT = ("step_versions", "review_queue", "releases", "pins", "derived_files", "forgotten", "accepted_samples")


@dataclass(frozen=True)
class BackupMade:
    """A finished backup: its size, and what its owner has to know or to do besides."""

    n_files: int
    n_bytes: int
    remarks: tuple[str, ...]


def make_backup(runtimes: Sequence[CorpusRuntime], folder: Path, *, home: Path, now: datetime) -> BackupMade:
    """Copy the data of all corpora, the review queue and the history of Dagster into a folder.

    A backup that is broken off is taken up again by the same call; an earlier one is brought up to date. The manifest
    is written last.

    Args:
        runtimes: All corpora of one data folder.
        folder: New, empty, or that of an earlier backup.
        home: Dagster's.
        now: The time, aware.

    Raises: InvalidInput for a folder with other contents, or one in or around the data folder or Dagster's home;
        StorageError where no copy whose parts fit each other came about, a database is damaged, or the disk is full or
        refuses.
    """
    data, folder = on_this_host(runtimes[0].data_folder).absolute(), folder.absolute()
    for place, what in ((data, "the data folder"), (home.absolute(), "the home of Dagster")):
        if folder.is_relative_to(place) or place.is_relative_to(folder):
            raise InvalidInput(
                f"{folder} is in or around {what} {place}; give a folder elsewhere, best on another disk"
            )
    with storage_errors("backing up", folder, intact="the data are as they were, and the same command goes on"):
        claim(folder)
        return _made(runtimes, folder, data, home, now)


def _made(runtimes: Sequence[CorpusRuntime], folder: Path, data: Path, home: Path, now: datetime) -> BackupMade:
    kept = _copy_cache(data, folder / "data")
    remarks: list[str] = []
    for runtime in runtimes:
        if runtime.corpus_folder.is_dir():
            files, left = _fitting_copy(runtime, folder / "data")
            kept |= files
            remarks += [f"{runtime.corpus.name}: {each.where} {each.what}; {each.remedy}" for each in left]
    kept |= _copy_queue(runtimes[0], folder / "data")
    kept |= _copy_home(home, folder / "home")
    remarks += _on_servers(runtimes[0], home)
    said = {"made_at": now.isoformat(timespec="seconds"), "corpora": sorted(each.corpus.name for each in runtimes)}
    sizes = finish(folder, kept, said)
    return BackupMade(len(sizes), sum(sizes.values()), tuple(remarks))


def _fitting_copy(runtime: CorpusRuntime, target: Path) -> tuple[set[Path], list[Finding]]:
    """A copy whose parts fit each other, and what is wrong with it as it is with the corpus itself."""
    errors: list[Finding] = []
    for _ in range(_ATTEMPTS):
        try:
            kept = copy_corpus(runtime, target) | _copy_queue(runtime, target)
        except FileNotFoundError:
            # Replaced while it was copied; the next copy has what came in its place.
            time.sleep(_PAUSE_S)
            continue
        errors = _errors(_copied(runtime, target))
        own = {(each.check, each.what) for each in _errors(runtime)} if errors else set()
        if all((each.check, each.what) in own for each in errors):
            return kept, errors
        time.sleep(_PAUSE_S)
    found = f": {errors[0].where} {errors[0].what}" if errors else ""
    raise StorageError(
        f"no copy of {runtime.corpus.name} came about whose parts fit each other{found}; give the same command again, "
        "when fewer runs are at work"
    )


def _errors(runtime: CorpusRuntime) -> list[Finding]:
    return [finding for finding in check_corpus(runtime, _FIT) if finding.severity == "error"]


def _copied(runtime: CorpusRuntime, target: Path) -> CorpusRuntime:
    values = {each.name: getattr(runtime, each.name) for each in fields(CorpusRuntime)}
    return CopiedRuntime(**values, place=target)


def _copy_cache(data: Path, target: Path) -> set[Path]:
    """The embedding cache, whose files never change."""
    paths = [target / path.relative_to(data) for path in (data / "_embeddings").glob("*/[!.]*.parquet")]
    for path in paths:
        copy_file(data / path.relative_to(target), path)
    return set(paths)


def _copy_queue(runtime: CorpusRuntime, target: Path) -> set[Path]:
    from data_engine.review.queue_audit import queue_file

    file = queue_file(runtime.queue_url)
    if file is None or not file.is_file():
        return set()
    copy_database(file, target / "review.db")
    return {target / "review.db"}


def _copy_home(home: Path, target: Path) -> set[Path]:
    """Dagster's databases and its settings; what steps printed is not copied."""
    copied = set()
    databases = [path for name in HISTORY for path in (home / name).rglob("*.db")]
    for path in sorted((*databases, home / "dagster.yaml")):
        if path.is_file() and not any(part.startswith(".making") for part in path.parts):
            place = target / path.relative_to(home)
            (copy_database if path.suffix == ".db" else copy_file)(path, place)
            copied.add(place)
    return copied


def _on_servers(runtime: CorpusRuntime, home: Path) -> list[str]:
    """What is in databases of others, which back them up by their own means."""
    from data_engine.review.queue_audit import queue_file

    remarks = []
    if queue_file(runtime.queue_url) is None:
        remarks.append(
            'the review queue is in Postgres and not in this backup: pg_dump --format=custom --file=review.dump "URL", '
            "with the URL of DATA_ENGINE_REVIEW_URL"
        )
    settings = home / "dagster.yaml"
    if settings.is_file() and "postgres" in "".join(
        line.partition("#")[0] for line in settings.read_text("utf-8").splitlines()
    ):
        remarks.append(
            "Dagster's history is in Postgres and not in this backup: pg_dump --format=custom --file=dagster.dump "
            '"URL", with the URL of dagster.yaml'
        )
    return remarks
