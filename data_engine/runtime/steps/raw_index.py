"""raw_index: one row per raw sample, read from the source."""

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import indexing
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
    return step_run.finish(rows, ledger=_ledger, metadata=metadata)


def _ledger(rows: pa.Table) -> pa.Table:
    """Where each sample was read, or why it could not be."""
    return ledger_rows(
        rows["sample_id"],
        verdict=pc.if_else(rows["is_readable"], "read", "unreadable"),
        reason=pc.coalesce(rows["error"], rows["uri"]),
    )
