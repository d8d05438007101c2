"""read_batch and read_in_order: the files of one batch become rows of the raw index, in memory or on disk meanwhile.

The reader of each kind of source is named in `registry.py`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine import schemas
from data_engine.errors import DataEngineError, SourceError
from data_engine.indexing.columnar.rows import NO_OBJECT
from data_engine.indexing.files import VANISHED, broken_off, not_opened, without_content
from data_engine.indexing.registry import KINDS
from data_engine.indexing.samples import RawSample, to_batches, to_table
from data_engine.indexing.source import Source
from data_engine.indexing.source_files import SourceFile
from data_engine.modalities import find_modality, load
from data_engine.schemas import BREAKS_OFF, GIVES_NOTHING

if TYPE_CHECKING:
    from data_engine.storage.scratch import OrderedBatches


def read_batch(
    source: Source,
    files: Sequence[SourceFile],
    *,
    batch: str,
    modality: str,
    progress: Callable[[int, int], None] | None = None,
    unread: list[str] | None = None,
) -> pa.Table:
    """Read the files of a batch, one file at a time and in bounded pieces.

    A sample that cannot be read is a row with `is_readable` false and `error` saying why: too large, broken, binary,
    or vanished since it was listed. A file of rows that as a whole is not what the source says is an error, because
    one unreadable row in its place would hide how many samples are missing.

    Args:
        source: how the files are to be read.
        files: the files of the batch, as `list_batches` gives them.
        batch: the batch key written to every row.
        modality: what a sample is.
        progress: called after each file with the number of files read and the number of all files.
        unread: takes the uris of what could not be read for a reason that may pass: a server that is down or cuts the
            connection, a permission that lacks. Such a batch is worth reading again although no file changed.

    Returns:
        Table with the schema `schemas.RAW_INDEX`, sorted by uri.

    Raises:
        SourceError: a column that the source names is missing from a file, or the source's settings do not go
            together; the message names the file, the column and what was found.
    """
    return to_table(_read(source, files, modality, progress, unread), batch)


@dataclass(frozen=True, eq=False)
class RowsInOrder:
    """Rows of the raw index sorted by uri, which are not in memory; each iteration reads them from a scratch file."""

    rows: "OrderedBatches"
    order: NDArray[np.int64]
    n_unreadable: int

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Batches of bounded size."""
        return self.rows.in_order(self.order)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.order)


def read_in_order(
    source: Source,
    files: Sequence[SourceFile],
    *,
    batch: str,
    modality: str,
    scratch: Path,
    progress: Callable[[int, int], None] | None = None,
    unread: list[str] | None = None,
) -> RowsInOrder:
    """The rows of `read_batch` in the same order; only their uris are in memory all at once.

    Args:
        source: how the files are to be read.
        files: the files of the batch.
        batch: the batch key written to every row.
        modality: what a sample is.
        scratch: folder for a file without a name, as large as the rows; small batches do without it.
        progress: as for `read_batch`.
        unread: as for `read_batch`.

    Raises:
        SourceError: as `read_batch` does.
        StorageError: the disk of the scratch file is full or fails.
    """
    from data_engine.storage.scratch import OrderedBatches

    rows, uris, n_unreadable = OrderedBatches(scratch, schemas.RAW_INDEX), [], 0
    for piece in to_batches(_read(source, files, modality, progress, unread), batch):
        rows.add(piece)
        uris.append(piece["uri"])
        n_unreadable += pc.sum(pc.cast(pc.invert(piece["is_readable"]), pa.int64())).as_py()
    order = pc.sort_indices(pa.chunked_array(uris, pa.string())).to_numpy().astype(np.int64)
    return RowsInOrder(rows, order, n_unreadable)


def _read(
    source: Source,
    files: Sequence[SourceFile],
    modality: str,
    progress: Callable[[int, int], None] | None,
    unread: list[str] | None,
) -> Iterator[RawSample]:
    _refuse_what_does_not_fit(source, modality)
    samples = _noted(_samples(source, files, modality, progress), [] if unread is None else unread)
    look = find_modality(modality).look
    if look is not None:
        samples = load(look)(samples, source)
    return _with_columns_of_uri(samples, source.uri_pattern)


def _refuse_what_does_not_fit(source: Source, modality: str) -> None:
    kind = KINDS[source.kind]
    if source.kind not in find_modality(modality).kinds:
        raise SourceError(f"source.kind is {source.kind} but modality is {modality}; {kind.other_modality}")
    if source.keep_where_any and not kind.has_columns:
        raise SourceError(
            f"source.keep_where_any is {list(source.keep_where_any)} but files of kind {source.kind} have no columns; "
            "remove keep_where_any or use kind front_matter"
        )


def _with_columns_of_uri(samples: Iterator[RawSample], pattern: str | None) -> Iterator[RawSample]:
    """The samples, with the named groups of a pattern that is found in their uri as metadata."""
    if pattern is None:
        yield from samples
        return
    search = re.compile(pattern).search
    for sample in samples:
        match = search(sample.uri)
        yield replace(sample, metadata={**sample.metadata, **match.groupdict()}) if match else sample


def _samples(
    source: Source, files: Sequence[SourceFile], modality: str, progress: Callable[[int, int], None] | None
) -> Iterator[RawSample]:
    for n_read, file in enumerate(files, start=1):
        if file.why_not is not None:
            yield not_opened(file, file.why_not)
        else:
            yield from _of_file(source, file, modality)
        if progress is not None:
            progress(n_read, len(files))


def _of_file(source: Source, file: SourceFile, modality: str) -> Iterator[RawSample]:
    samples = _with_failures(source, file, modality)
    # Of a kind with one sample a file, a file that cannot be read counts in the share of its batch.
    is_of_rows = KINDS[source.kind].has_columns and source.kind != "front_matter"
    return _or_nothing(file, samples) if is_of_rows and not source.keep_where_any else samples


def _or_nothing(file: SourceFile, samples: Iterator[RawSample]) -> Iterator[RawSample]:
    """The samples of a file of rows, and where none of several can be read one more that says so of the file.

    A single sample is not told from a file of samples, unless it is JSON of another form.
    """
    first, n = None, 0
    for sample in samples:
        is_of_file = sample.uri == file.uri and sample.error not in (None, VANISHED) and not sample.failed_on_the_way
        if is_of_file and not n and not str(sample.error).startswith(BREAKS_OFF):
            yield replace(sample, error=f"{GIVES_NOTHING}: {sample.error}")
            return
        if sample.error is None or sample.uri == file.uri or sample.failed_on_the_way:
            yield sample
            yield from samples
            return
        first, n = first or sample, n + 1
        yield sample
    if first is not None and (n > 1 or str(first.error).endswith(NO_OBJECT)):
        said = f"{GIVES_NOTHING}: none of its {n:,} samples can be read, the first because {first.error}"
        yield not_opened(file, said)


def _with_failures(source: Source, file: SourceFile, modality: str) -> Iterator[RawSample]:
    last = "its start"
    try:
        for sample in KINDS[source.kind].read(file, source, modality):
            last = sample.uri
            yield sample
    except OSError as error:
        yield without_content(file, error)
    except DataEngineError:
        raise
    except Exception as error:
        # What nobody foresaw of a file holds its batch back, by the check of files that break off, and no other one.
        yield broken_off(file, last, f"its reader failed: {type(error).__name__}: {error}")


def _noted(samples: Iterator[RawSample], unread: list[str]) -> Iterator[RawSample]:
    for sample in samples:
        if sample.failed_on_the_way:
            unread.append(sample.uri)
        yield sample
