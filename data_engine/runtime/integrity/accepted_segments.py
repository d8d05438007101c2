"""The check of the index of accepted samples: its files against their checksums and against what the batches keep.

How the index is read and written is in `data_engine.runtime.accepted_samples`.
"""

import shlex
from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.errors import StorageError
from data_engine.places.place import drop_copy, local_copy
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding


def check_accepted_samples(checked: CheckedCorpus) -> Iterator[Finding]:
    """Segments of the index that are damaged, that lack samples of their batch, or that are of no batch any more."""
    from data_engine.runtime.made_from.segment_kinds import segment_name
    from data_engine.storage.accepted_index import Segment
    from data_engine.storage.checksums import verify

    index = checked.store.sketch_index()
    names = {}
    for (step, batch), version in checked.versions.items():
        if step == "first_pass":
            names[index.path(batch, segment_name(checked.runtime.corpus, version))] = batch
    known = {path.name.partition("-")[0] for path in names}
    for path in sorted(index.folder.glob("*.sketches")):
        where, again = f"accepted samples: {checked.shown(path)}", f"rm {shlex.quote(str(path))}"
        try:
            # Not the copy of before: what lies in the bucket now is asked for.
            drop_copy(path)
            copy = local_copy(path)
            verify(copy)
            if path in names:
                if not _is_kept(checked, names[path], Segment.read(copy).ids):
                    what = (
                        f"holds other samples than first_pass keeps of {names[path]}; it is made anew when it is needed"
                    )
                    yield Finding("error", what, where, again)
            elif path.name.partition("-")[0] not in known:
                yield Finding("note", "is of a batch that the corpus does not have", where, again)
        except (OSError, ValueError) as error:
            yield Finding("error", f"{error}; it is made anew when it is needed", where, again)
    yield from _merged(checked)


def _merged(checked: CheckedCorpus) -> Iterator[Finding]:
    """Merged segments that are damaged, or that lack samples of a batch that they hold in its version of now."""
    from data_engine.runtime.made_from.segment_kinds import segment_name
    from data_engine.storage.checksums import verify
    from data_engine.storage.merged_segments import read_merged

    versions = {batch: version for (step, batch), version in checked.versions.items() if step == "first_pass"}
    for path in sorted(checked.store.sketch_index().folder.glob("*.merged")):
        where, again = f"accepted samples: {checked.shown(path)}", f"rm {shlex.quote(str(path))}"
        try:
            verify(path)
            found = read_merged(path)
        except (OSError, ValueError) as error:
            yield Finding("error", f"{error}; it is made anew when it is needed", where, again)
            continue
        if found is None:
            yield Finding("error", "is no segment; it is made anew when it is needed", where, again)
            continue
        for number, (batch, name) in enumerate(zip(found.batches, found.versions, strict=True)):
            if batch not in versions:
                yield Finding("note", f"is of batch {batch!r} too, which the corpus does not have", where, again)
            elif segment_name(checked.runtime.corpus, versions[batch]) == name:
                ids = found.segment.ids[np.asarray(found.batch_of) == number]
                if not _is_kept(checked, batch, ids):
                    what = f"holds other samples than first_pass keeps of {batch}; it is made anew when it is needed"
                    yield Finding("error", what, where, again)


def _is_kept(checked: CheckedCorpus, batch: str, ids: NDArray[np.uint64]) -> bool:
    """Whether these are the ids (n, 2), ascending, of what a batch keeps; so where its table cannot be read, which is
    a finding of its own."""
    from data_engine.storage.accepted_index import ids_as_numbers

    try:
        kept = checked.store.read("first_pass", columns=["sample_id", "verdict"], partition={"batch": batch})
    except StorageError:
        return True
    known = ids_as_numbers(kept.filter(pc.equal(kept["verdict"], "kept"))["sample_id"].to_pylist())
    return bool(np.array_equal(np.unique(known, axis=0), ids))
