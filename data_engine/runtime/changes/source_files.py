"""Which files of a batch are new, changed or gone since it was read, by the rows of its raw index.

Whether a batch is stale at all is told from the fingerprint of its listing; settings and code are compared in
`made_from.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.indexing.uris import splits_of
from data_engine.runtime.changes.made_from import Difference

if TYPE_CHECKING:
    from data_engine.indexing import SourceFile
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.runtime.versions import StepVersion

_ONE_SAMPLE_PER_FILE = ("folder", "front_matter")


def new_batch(batch: str, files: "Sequence[SourceFile]") -> Difference:
    """A batch that was never read."""
    n_bytes = sum(file.n_bytes for file in files)
    return Difference(
        "batch", batch, "", f"new: {len(files):,} file{'' if len(files) == 1 else 's'}, {n_bytes:,} bytes"
    )


def changed_files(runtime: "CorpusRuntime", last: "StepVersion", files: "Sequence[SourceFile]") -> Iterator[Difference]:
    """The files that differ from those that a version of the raw index was read from.

    Where none can be named, because only a size or an entity tag changed, or some could not be read, the batch is.

    Raises: StorageError where the raw index cannot be read.
    """
    before = _files_read(runtime, last, {file.uri for file in files})
    now = {file.uri: file.modified_at for file in files}
    found = [Difference("file", uri, "", "new") for uri in sorted(now.keys() - before.keys())]
    found += [Difference("file", uri, "read", "gone from the source") for uri in sorted(before.keys() - now.keys())]
    found += [
        Difference("file", uri, _time(before[uri]), f"changed, {_time(now[uri])}")
        for uri in sorted(now.keys() & before.keys())
        if before[uri] != now[uri]
    ]
    if not found:
        found = [Difference("batch", last.batch, "", "its files changed, or could not all be read the last time")]
    yield from found


def _files_read(runtime: "CorpusRuntime", last: "StepVersion", listed: set[str]) -> dict[str, datetime]:
    """Every file that has a row, with the time of its last change."""
    store = runtime.store()
    rows = store.read(
        "raw_index", partition={"batch": last.batch}, columns=["uri", "arrived_at"], version=last.table_version
    )
    has_parts = runtime.corpus.source.kind not in _ONE_SAMPLE_PER_FILE
    uris = [_file_of(uri, listed) if has_parts else uri for uri in rows["uri"].to_pylist()]
    grouped = pa.table({"uri": pa.array(uris, pa.string()), "at": rows["arrived_at"]}).group_by("uri")
    latest = grouped.aggregate([("at", "max")])
    return dict(zip(latest["uri"].to_pylist(), latest["at_max"].to_pylist(), strict=True))


def _file_of(uri: str, listed: set[str]) -> str:
    """The file of a sample: one that is listed where it fits, else what stands before the last `#`."""
    if uri in listed:
        return uri
    splits = [file for file, _ in splits_of(uri)]
    return next((file for file in splits if file in listed), splits[-1] if splits else uri)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")
