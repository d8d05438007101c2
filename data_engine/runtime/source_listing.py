"""Listing: the files of a corpus by batch; one command lists its source once."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from data_engine.errors import SourceError, SourceMissing
from data_engine.errors.boundary import secrets_hidden
from data_engine.places.kinds import is_local
from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    from upath import UPath

    from data_engine.indexing import SourceFile

_KEPT: "ContextVar[dict[str, dict[str, tuple[SourceFile, ...]]] | None]" = ContextVar("kept", default=None)
#: Versions of the files of batches that are listed, by corpus and batch.
_VERSIONS: "ContextVar[dict[tuple[str, str], str] | None]" = ContextVar("versions", default=None)


def batches_of(runtime: CorpusRuntime) -> "dict[str, tuple[SourceFile, ...]]":
    """The source files by ingestion batch, as they are now, or as they were when the command began.

    Raises: SourceError when the source cannot be listed.
    """
    from data_engine import indexing

    kept = _KEPT.get()
    if kept is not None and runtime.corpus.name in kept:
        return kept[runtime.corpus.name]
    source = runtime.source_folder
    with secrets_hidden():
        batches = indexing.list_batches(runtime.corpus.source, runtime.corpus.batches, runtime.project_folder)
        _refuse_own_data(runtime, source, batches)
    if kept is not None:
        kept[runtime.corpus.name] = batches
    return batches


def _refuse_own_data(
    runtime: CorpusRuntime, source: "Path | UPath", batches: "dict[str, tuple[SourceFile, ...]]"
) -> None:
    """Raises: SourceError when the source would read what the engine writes, which changes with every run."""
    data = runtime.data_folder
    if not isinstance(source, Path) or not is_local(data):
        return
    data = data.resolve()
    if not data.is_relative_to(source.resolve()):
        return
    within = data.relative_to(source.resolve()).as_posix() + "/"
    for files in batches.values():
        for file in files:
            if within == "./" or file.uri.startswith(within):
                raise SourceError(
                    f"the source {source} holds the data folder {data}, and {file.uri} in it matches source.pattern "
                    f"({runtime.corpus.source.pattern}); point source.path or source.pattern at the samples alone"
                )


def batch_files(runtime: CorpusRuntime, batch: str) -> "tuple[SourceFile, ...]":
    """The source files of a batch.

    Raises: SourceMissing when the source no longer holds any file of this batch.
    """
    batches = batches_of(runtime)
    if batch not in batches:
        raise SourceMissing(
            f"the source {runtime.source_folder} holds no file of batch {batch!r} any more; put the files back, or "
            f"delete the partition"
        )
    return batches[batch]


def files_version(runtime: CorpusRuntime, batch: str) -> str:
    """The fingerprint of the files of a batch, whose names, sizes and times it follows from.

    Raises: SourceError when the source cannot be listed.
    """
    from data_engine import indexing

    kept, key = _VERSIONS.get(), (runtime.corpus.name, batch)
    if kept is not None and key in kept:
        return kept[key]
    found = indexing.fingerprint(batches_of(runtime).get(batch, ()))
    if kept is not None:
        kept[key] = found
    return found


@contextmanager
def listed_once() -> Iterator[None]:
    """Within, every source is listed at most once; also within another of these."""
    token = _KEPT.set({} if _KEPT.get() is None else _KEPT.get())
    versions = _VERSIONS.set({} if _VERSIONS.get() is None else _VERSIONS.get())
    try:
        yield
    finally:
        _VERSIONS.reset(versions)
        _KEPT.reset(token)
