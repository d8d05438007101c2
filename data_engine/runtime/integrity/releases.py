"""The check of releases: their files against the manifest, their id against their rows.

Writing a release is in `data_engine.releasing`; what releases stand on is checked in `pins.py`.
"""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_engine.errors import StorageError
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.progress import progress
from data_engine.runtime.releases.current import current_release


def check_releases(checked: CheckedCorpus) -> Iterator[Finding]:
    """Releases that are damaged, missing, or have files that they did not have when they were written."""
    from data_engine.releasing import damage_of_release, read_manifest

    folders = release_folders(checked)
    newest = current_release(checked.runtime)
    advance = progress("checking releases", len(folders))
    for folder in folders:
        remedy = _remedy(checked, folder, is_newest=folder.name == newest)
        try:
            manifest = read_manifest(folder)
        except StorageError as error:
            yield _without_manifest(checked, folder, str(error), remedy)
        else:
            for path, what in damage_of_release(folder, manifest):
                yield Finding("error", what, checked.shown(path), remedy)
            yield from _foreign(checked, folder, manifest)
        advance(1)
    yield from _newest(checked, folders)


def release_folders(checked: CheckedCorpus) -> list[Path]:
    """The folders of all releases of a corpus, sorted; half-written ones begin with a dot and are none."""
    root = checked.runtime.corpus_folder / "releases"
    return sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".") if root.is_dir() else []


def _remedy(checked: CheckedCorpus, folder: Path, *, is_newest: bool) -> str:
    place = shlex.quote(str(folder))
    if not is_newest:
        return (
            f"restore {place} from a backup, or from whoever has the release; nothing makes a release of older tables "
            "again"
        )
    aside = shlex.quote(str(checked.runtime.corpus_folder / f"{folder.name}.damaged"))
    return f"mv {place} {aside} && {checked.run()}"


def _without_manifest(checked: CheckedCorpus, folder: Path, what: str, remedy: str) -> Finding:
    """A folder whose manifest is missing or cannot be read; one that was never pinned was never a release."""
    where = checked.shown(folder / "manifest.json")
    if (folder / "manifest.json").exists() or folder.name in checked.pins:
        return Finding("error", what, where, remedy)
    what = "has no manifest and no pinned versions: it is half a release, which nobody can have used"
    return Finding("error", what, checked.shown(folder), f"rm -r {shlex.quote(str(folder))}")


def _foreign(checked: CheckedCorpus, folder: Path, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Files beside those that the manifest names; images have a check of their own."""
    files = manifest.get("files")
    if not isinstance(files, Mapping):
        return
    known = {"manifest.json", "images", *(Path(str(name)).parts[0] for name in files)}
    for path in sorted(path for path in folder.iterdir() if path.name not in known):
        what = "is no file of the release: its manifest does not name it"
        aside = shlex.quote(str(checked.runtime.corpus_folder / f"{path.name}.foreign"))
        yield Finding("error", what, checked.shown(path), f"mv {shlex.quote(str(path))} {aside}")


def _newest(checked: CheckedCorpus, folders: list[Path]) -> Iterator[Finding]:
    """The release that the table `release` holds."""
    rows = checked.store.read("release")
    if rows.num_rows == 0:
        return
    release_id = rows["release_id"][0].as_py()
    folder = next((folder for folder in folders if folder.name == release_id), None)
    if folder is None:
        where = checked.shown(checked.runtime.corpus_folder / "releases" / str(release_id))
        yield Finding("error", "the newest release is missing", where, checked.run())
    elif not _is_of(rows, folder):
        yield Finding("error", f"its rows are not those of release {release_id}", "table release", checked.run())


def _is_of(rows: pa.Table, folder: Path) -> bool:
    """Whether rows are those of a release; where its manifest cannot be read, which is found elsewhere, they may be."""
    from data_engine.releasing import read_manifest, release_fingerprint

    try:
        declared = read_manifest(folder).get("declared")
    except StorageError:
        return True
    return release_fingerprint(rows, declared) == folder.name
