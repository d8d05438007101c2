"""raw_index: one row per raw sample, read from the source."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import indexing
from data_engine.runtime.amendments.tombstones import forgotten_ids
from data_engine.runtime.source_listing import batch_files
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.storage.ledger import ledger_rows


def raw_index(step_run: StepRun) -> StepResult:
    """Read the files of a batch."""
    files = batch_files(step_run.runtime, step_run.batch)
    not_read: list[str] = []
    rows = indexing.read_in_order(
        step_run.corpus.source,
        files,
        batch=step_run.batch,
        modality=step_run.corpus.modality,
        scratch=step_run.scratch_folder,
        progress=step_run.progress_to("reading", len(files)),
        unread=not_read,
    )
    step_run.inputs["files"] = indexing.fingerprint(files, is_whole=not not_read)
    metadata = {"files": len(files), "unreadable": rows.n_unreadable, "to be read again": len(not_read)}
    forgotten = forgotten_ids(step_run.runtime)
    if len(forgotten):
        metadata["forgotten samples, which are not taken in"] = len(forgotten)
        return step_run.finish(_without(rows, forgotten), ledger=_ledger, metadata=metadata)
    return step_run.finish(rows, ledger=_ledger, metadata=metadata)


def _without(rows: Iterable[pa.RecordBatch], forgotten: pa.Array) -> Iterator[pa.RecordBatch]:
    """The rows but those of contents that were forgotten; what is left of them are the tombstones."""
    for piece in rows:
        yield piece.filter(pc.invert(pc.is_in(piece["sample_id"], value_set=forgotten)))


def _ledger(rows: pa.Table) -> pa.Table:
    """Where each sample was read, or why it could not be."""
    return ledger_rows(
        rows["sample_id"],
        verdict=pc.if_else(rows["is_readable"], "read", "unreadable"),
        reason=pc.coalesce(rows["error"], rows["uri"]),
    )
