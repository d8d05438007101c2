"""Listing: the files of a corpus by batch; one command lists its source once."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from data_engine.errors import SourceMissing
from data_engine.errors.boundary import secrets_hidden
from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    from data_engine.indexing import SourceFile

_KEPT: "ContextVar[dict[str, dict[str, tuple[SourceFile, ...]]] | None]" = ContextVar("kept", default=None)


def batches_of(runtime: CorpusRuntime) -> "dict[str, tuple[SourceFile, ...]]":
    """The source files by ingestion batch, as they are now, or as they were when the command began.

    Raises: SourceError when the source cannot be listed.
    """
    from data_engine import indexing

    kept = _KEPT.get()
    if kept is not None and runtime.corpus.name in kept:
        return kept[runtime.corpus.name]
    with secrets_hidden():
        batches = indexing.list_batches(runtime.corpus.source, runtime.corpus.batches, runtime.project_folder)
    if kept is not None:
        kept[runtime.corpus.name] = batches
    return batches


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


@contextmanager
def listed_once() -> Iterator[None]:
    """Within, every source is listed at most once."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)
