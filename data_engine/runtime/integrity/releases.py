"""The check of releases: their files against the manifest, their id against their rows, their pins.

Writing a release is in `data_engine.releasing`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data_engine.errors import StorageError
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.progress import progress

_BACKUP = (
    "restore {folder} from a backup, or from whoever has the release; nothing makes a release of older tables again"
)


def check_releases(checked: CheckedCorpus) -> Iterator[Finding]:
    """Releases that are damaged or missing, and pins that contradict them."""
    from data_engine.releasing import damage_of_release, read_manifest

    root = checked.runtime.corpus_folder / "releases"
    folders = sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".") if root.is_dir() else []
    advance = progress("checking releases", len(folders))
    manifests: dict[str, Mapping[str, Any]] = {}
    for folder in folders:
        remedy = _BACKUP.format(folder=checked.shown(folder))
        try:
            manifests[folder.name] = read_manifest(folder)
        except StorageError as error:
            yield Finding("error", str(error), checked.shown(folder / "manifest.json"), remedy)
        else:
            for path, what in damage_of_release(folder, manifests[folder.name]):
                yield Finding("error", what, checked.shown(path), remedy)
        advance(1)
    yield from _newest(checked, folders)
    yield from _pins(checked, folders, manifests)


def _newest(checked: CheckedCorpus, folders: list[Path]) -> Iterator[Finding]:
    """The release that the table `release` holds."""
    from data_engine.releasing import release_fingerprint

    rows = checked.store.read("release")
    if rows.num_rows == 0:
        return
    release_id = rows["release_id"][0].as_py()
    if release_fingerprint(rows) != release_id:
        yield Finding("error", f"its rows are not those of release {release_id}", "table release", checked.run())
    if release_id not in {folder.name for folder in folders}:
        where = checked.shown(checked.runtime.corpus_folder / "releases" / str(release_id))
        yield Finding("error", "the newest release is missing", where, f"restore it from a backup, or: {checked.run()}")


def _pins(checked: CheckedCorpus, folders: list[Path], manifests: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    from data_engine.storage import pins

    path = checked.runtime.corpus_folder / "pins.json"
    names = {folder.name for folder in folders}
    remedy = f"restore {checked.shown(path)} from a backup, or from `table_versions` of the manifests"
    try:
        found = pins(checked.runtime.data_folder, checked.runtime.corpus.name)
    except StorageError as error:
        yield Finding("error", str(error), checked.shown(path), remedy)
        return
    if found and path.read_text("utf-8") != json.dumps(found, indent=2, sort_keys=True) + "\n":
        yield Finding("error", "is not in the form in which it was written", checked.shown(path), remedy)
    for release_id in sorted(names - found.keys()):
        what = f"release {release_id} is not pinned: cleaning up may delete what it stands on"
        yield Finding("error", what, checked.shown(path), remedy)
    for release_id in sorted(found.keys() - names):
        what = f"pins versions for release {release_id}, which is not there"
        yield Finding("note", what, checked.shown(path), "restore the release, or take its entry out of the file")
    for release_id in sorted(found.keys() & manifests.keys()):
        if not found[release_id]:
            # The corpus was made new since; the files of the release are all that is left of it, and whole.
            continue
        said = manifests[release_id].get("table_versions")
        if isinstance(said, Mapping) and dict(said) != found[release_id]:
            what = f"pins other versions for release {release_id} than its manifest names"
            yield Finding("error", what, checked.shown(path), remedy)
