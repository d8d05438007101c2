"""The check of tombstones: no sample that was forgotten is in the raw index or in a release again.

Forgetting samples is in `data_engine.runtime.amendments.forgotten_samples`.
"""

import shlex
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding


def check_forgotten(checked: CheckedCorpus) -> Iterator[Finding]:
    """A forgetting broken off, tombstones that cannot be read, samples with one that are there all the same."""
    from data_engine.runtime.amendments.tombstones import tombstones
    from data_engine.runtime.amendments.unfinished_forgetting import unfinished_forgetting

    try:
        begun = unfinished_forgetting(checked.runtime)
    except StorageError as error:
        file = checked.runtime.corpus_folder / "forgetting.json"
        yield Finding("error", str(error), checked.shown(file), f"rm {shlex.quote(str(file))}")
        begun = None
    if begun is not None:
        what = f"a forgetting of {len(begun.sample_ids)} samples was broken off"
        yield Finding("error", what, "forgetting.json", f"{begun.command(checked.name)} && {checked.run()}")
    path = checked.runtime.corpus_folder / "tombstones.json"
    try:
        stones = tombstones(checked.runtime)
    except StorageError as error:
        remedy = f"restore {shlex.quote(str(path))} from a backup"
        yield Finding("error", str(error), checked.shown(path), remedy)
        return
    if not stones:
        return
    forgotten = pa.array(sorted(stones), pa.string())
    for place, ids in _places(checked, forgotten):
        found = pc.unique(ids.filter(pc.is_in(ids, value_set=forgotten))).to_pylist()
        if found:
            reason = shlex.quote(stones[found[0]].reason)
            again = f"data-engine forget {' '.join(found)} --corpus {checked.name} --reason {reason} --yes"
            what = f"{len(found)} samples that were forgotten are there again, such as {found[0]}"
            yield Finding("error", what, place, f"{again} && {checked.run()}")


def _places(checked: CheckedCorpus, forgotten: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """The sample ids of the raw index, as far as they are forgotten ones, and those of every release."""
    from data_engine.errors import DataEngineError
    from data_engine.releasing.exporting import rows_of_folder

    try:
        among = {"sample_id": forgotten}
        raw = checked.store.read("raw_index", columns=["sample_id"], among=among)
        yield "raw_index", raw["sample_id"].combine_chunks()
    except StorageError:
        pass  # What is wrong with the table is a finding of its own.
    for path in sorted((checked.runtime.corpus_folder / "releases").glob("[!.]*/manifest.json")):
        try:
            ids = rows_of_folder(path.parent)["sample_id"].combine_chunks()
        except (DataEngineError, OSError, ValueError, KeyError):
            continue  # So is what is wrong with the file of a release.
        yield checked.shown(path.parent), ids
