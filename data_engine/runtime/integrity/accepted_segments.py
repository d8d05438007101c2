"""The check of the index of accepted samples: its files against their checksums and against what the batches keep.

How the index is read and written is in `data_engine.runtime.accepted_samples`.
"""

import shlex
from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.places.place import drop_copy, local_copy
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding


def check_accepted_samples(checked: CheckedCorpus) -> Iterator[Finding]:
    """Segments of the index that are damaged, that lack samples of their batch, or that are of no batch any more."""
    from data_engine.runtime.made_from.segment_kinds import segment_name
    from data_engine.storage.accepted_index import Segment, ids_as_numbers
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
                kept = checked.store.read(
                    "first_pass", columns=["sample_id", "verdict"], partition={"batch": names[path]}
                )
                ids = ids_as_numbers(kept.filter(pc.equal(kept["verdict"], "kept"))["sample_id"].to_pylist())
                if not np.array_equal(np.unique(ids, axis=0), Segment.read(copy).ids):
                    what = (
                        f"holds other samples than first_pass keeps of {names[path]}; it is made anew when it is needed"
                    )
                    yield Finding("error", what, where, again)
            elif path.name.partition("-")[0] not in known:
                yield Finding("note", "is of a batch that the corpus does not have", where, again)
        except StorageError:
            continue  # What is wrong with the table is a finding of its own.
        except (OSError, ValueError) as error:
            yield Finding("error", f"{error}; it is made anew when it is needed", where, again)
