"""The check of files that can be made again: what was learnt, marts, the report.

The index of accepted samples is in `accepted_segments.py`, the embedding cache in `vector_cache.py`; releases, which
cannot be made again, are in `releases.py`.
"""

import shlex
from collections.abc import Iterator
from pathlib import Path

from data_engine.runtime.integrity.finding import CheckedCorpus, Finding

_DAMAGED = "is not the file that was written: its checksum differs"


def check_derived_files(checked: CheckedCorpus) -> Iterator[Finding]:
    """Derived files that are damaged, or missing although they were made."""
    yield from _marts(checked)
    yield from _report(checked)
    yield from _ending_in_a_checksum(checked)


def _ending_in_a_checksum(checked: CheckedCorpus) -> Iterator[Finding]:
    """Artefacts, which runs make anew where they are damaged or missing."""
    from data_engine.storage.checksums import verify

    folder = checked.runtime.corpus_folder
    for path in sorted(folder.glob("learnt/[!.]*")):
        try:
            verify(path)
        except (OSError, ValueError) as error:
            yield Finding("error", str(error), checked.shown(path), f"rm {shlex.quote(str(path))} && {checked.run()}")


def _marts(checked: CheckedCorpus) -> Iterator[Finding]:
    from data_engine.runtime.sql_models import models_of
    from data_engine.storage.mart_files import mart_path, run_of_mart

    last = checked.versions.get(("sql_models", ""))
    if last is None:
        return
    for name in (model.name for model in models_of(checked.runtime) if model.layer == "marts"):
        path = mart_path(checked.store, name)
        found = list(_sealed(checked, path, f"mart {name}"))
        if not found and run_of_mart(checked.store, name) != last.run_id:
            where = f"mart {name}: {checked.shown(path)}"
            found.append(Finding("error", "is not the one that the last run wrote", where, checked.run()))
        yield from found


def _report(checked: CheckedCorpus) -> Iterator[Finding]:
    if ("quality_report", "") in checked.versions:
        yield from _sealed(checked, checked.runtime.corpus_folder / "reports" / "report.html", "quality report")


def _sealed(checked: CheckedCorpus, path: Path, name: str) -> Iterator[Finding]:
    """A file with a checksum beside it."""
    from data_engine.storage.integrity.checksums import is_as_sealed, seal_path

    where = f"{name}: {checked.shown(path)}"
    files = f"{shlex.quote(str(path))} {shlex.quote(str(seal_path(path)))}"
    again = f"rm -f {files} && {checked.run()}"
    if not path.is_file():
        yield Finding("error", "is missing", where, again)
    elif (sound := is_as_sealed(path)) is False:
        yield Finding("error", _DAMAGED, where, again)
    elif sound is None:
        yield Finding("note", "has no checksum beside it, so nobody can tell whether it is whole", where, again)
