"""raw_index: one row per raw sample, read from the source."""

import pyarrow.compute as pc

from data_engine import indexing
from data_engine.runtime.source_listing import batch_files
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.storage.ledger import ledger_rows


def raw_index(step_run: StepRun) -> StepResult:
    """Read the files of a batch."""
    files = batch_files(step_run.runtime, step_run.batch)
    not_read: list[str] = []
    table = indexing.read_batch(
        step_run.corpus.source,
        files,
        batch=step_run.batch,
        modality=step_run.corpus.modality,
        progress=step_run.progress_to("reading", len(files)),
        unread=not_read,
    )
    step_run.inputs["files"] = indexing.fingerprint(files, is_whole=not not_read)
    unreadable = table.filter(pc.invert(table["is_readable"]))
    return step_run.finish(
        table,
        ledger=ledger_rows(
            table["sample_id"],
            verdict=pc.if_else(table["is_readable"], "read", "unreadable"),
            reason=pc.coalesce(table["error"], table["uri"]),
        ),
        metadata={"files": len(files), "unreadable": unreadable.num_rows, "to be read again": len(not_read)},
    )
