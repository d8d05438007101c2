"""Which files of a batch are new, changed or gone since it was read, by the rows of its raw index.

Whether a batch is stale at all is told from the fingerprint of its listing; settings and code are compared in
`differences.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.indexing.uris import splits_of
from data_engine.runtime.changes.differences import Difference
from data_engine.runtime.versions import step_versions

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


def said_of_gone_batches(
    runtime: "CorpusRuntime", gone: Sequence[str], listed: "Mapping[str, Sequence[SourceFile]]"
) -> str:
    """What becomes of batches that the source no longer has, as a sentence.

    Their files may all be in batches of another name, as where `batches` changed; else samples leave with them.
    """
    there = {file.uri for files in listed.values() for file in files}
    versions = [version for (_, batch), version in step_versions(runtime.store(), "raw_index").items() if batch in gone]
    named = ", ".join(gone[:5]) + (f" and {len(gone) - 5:,} more" if len(gone) > 5 else "")
    if all(_files_read(runtime, version, there).keys() <= there for version in versions):
        are = f"the batch {named} is" if len(gone) == 1 else f"the batches {named} are"
        return f"{are} grouped otherwise now: the same files, whose samples keep ids, answers and labels"
    n = sum(version.n_rows for version in versions)
    those = "the raw sample there leaves if it is" if n == 1 else f"of {n:,} raw samples those leave that are"
    return f"the source no longer has {named}: {those} in no other batch; put the files back to have them again"


def _files_read(runtime: "CorpusRuntime", last: "StepVersion", listed: set[str]) -> dict[str, datetime]:
    """Every file that has a row, with the time of its last change."""
    store = runtime.store()
    rows = store.read(
        "raw_index", partition={"batch": last.batch}, columns=["uri", "arrived_at"], version=last.table_version
    )
    has_parts = runtime.corpus.source.kind not in _ONE_SAMPLE_PER_FILE
    # Without the last part, a file of many rows has few names. One that could not be opened has its own name.
    are_files = pc.is_in(rows["uri"], pa.array(sorted(listed), pa.string()))
    shorter = pc.replace_substring_regex(rows["uri"], r"#[^#]*$", "")
    names = pc.if_else(are_files, rows["uri"], shorter) if has_parts else rows["uri"]
    latest = pa.table({"uri": names, "at": rows["arrived_at"]}).group_by("uri").aggregate([("at", "max")])
    found: dict[str, datetime] = {}
    for name, moment in zip(latest["uri"].to_pylist(), latest["at_max"].to_pylist(), strict=True):
        file = _file_of(name, listed) if has_parts else name
        found[file] = max(moment, found.get(file, moment))
    return found


def _file_of(name: str, listed: set[str]) -> str:
    """The file of a uri without its last part: a shorter one where only that is listed, for members may have a `#`."""
    shorter = (file for file, _ in splits_of(name) if file in listed)
    return name if name in listed else next(shorter, name)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")
