"""The check of pins: the table versions that releases stand on, against the manifests of these; and mending the list.

Pinning is in `data_engine.storage.retention`.
"""

import json
from collections.abc import Iterator, Mapping

from data_engine.errors import StorageError
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.integrity.releases import release_folders


def check_pins(checked: CheckedCorpus) -> Iterator[Finding]:
    """Pins that contradict the releases."""
    from data_engine.storage import pins

    path = checked.runtime.corpus_folder / "pins.json"
    where, remedy = checked.shown(path), checked.mend_pins()
    said = _versions_of_releases(checked)
    try:
        found = pins(checked.runtime.data_folder, checked.runtime.corpus.name)
    except StorageError as error:
        yield Finding("error", str(error), where, remedy)
        return
    if found and path.read_text("utf-8") != json.dumps(found, indent=2, sort_keys=True) + "\n":
        yield Finding("error", "is not in the form in which it was written", where, remedy)
    for release_id in sorted(said.keys() - found.keys()):
        what = f"release {release_id} is not pinned: cleaning up may delete what it stands on"
        yield Finding("error", what, where, remedy)
    there = {folder.name for folder in release_folders(checked)}
    for release_id in sorted(found.keys() - there):
        what = f"pins versions for release {release_id}, which is not there"
        yield Finding("note", what, where, f"restore the release, or: {remedy}")
    for release_id in sorted(found.keys() & said.keys()):
        # The corpus was made new since, where nothing is pinned: the files of the release are all that is left of it.
        if found[release_id] and said[release_id] != found[release_id]:
            what = f"pins other versions for release {release_id} than its manifest names"
            yield Finding("error", what, where, remedy)


def mend_pins(runtime: CorpusRuntime) -> int:
    """Write the list of pinned versions anew from the manifests of the releases.

    A release that stands on no tables any more stays so. What is pinned for a release whose manifest cannot be read
    stays as it is, if that can be read.

    Returns: the number of releases in it.

    Raises: StorageError when the list cannot be written.
    """
    from data_engine.storage.retention import replace_pins

    checked = CheckedCorpus(runtime)
    there = {folder.name for folder in release_folders(checked)}
    kept = {name: versions for name, versions in checked.pins.items() if name in there}
    said = {name: versions for name, versions in _versions_of_releases(checked).items() if kept.get(name) != {}}
    replace_pins(runtime.data_folder, runtime.corpus.name, {**kept, **said})
    return len({**kept, **said})


def _versions_of_releases(checked: CheckedCorpus) -> dict[str, dict[str, int]]:
    """The table versions that the manifests of the releases name, by release; those that can be read."""
    from data_engine.releasing import read_manifest

    found = {}
    for folder in release_folders(checked):
        try:
            versions = read_manifest(folder).get("table_versions")
        except StorageError:
            continue
        if isinstance(versions, Mapping):
            found[folder.name] = {str(table): int(version) for table, version in versions.items()}
    return found
