"""The check of tombstones: no sample that was forgotten is in the raw index or in a release again.

Forgetting samples is in `data_engine.runtime.amendments.forgotten_samples`.
"""

import shlex
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.places.object_store import arrow_filesystem
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding


def check_forgotten(checked: CheckedCorpus) -> Iterator[Finding]:
    """Tombstones that cannot be read, and samples with one that are there all the same."""
    from data_engine.runtime.amendments.tombstones import tombstones

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
    import pyarrow.parquet as pq

    try:
        among = {"sample_id": forgotten}
        raw = checked.store.read("raw_index", columns=["sample_id"], among=among)
        yield "raw_index", raw["sample_id"].combine_chunks()
    except StorageError:
        pass  # What is wrong with the table is a finding of its own.
    for path in sorted((checked.runtime.corpus_folder / "releases").glob("[!.]*/data.parquet")):
        try:
            rows = pq.read_table(path.name, filesystem=arrow_filesystem(path.parent), columns=["sample_id"])
        except (OSError, ValueError, KeyError):
            continue  # So is what is wrong with the file of a release.
        yield checked.shown(path.parent), rows["sample_id"].combine_chunks()
