"""A corpus at work without a run of its steps: its runtime, and versions as steps leave them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from schema_tables import Rows, table
from small_project import notes_corpus

from data_engine.corpus import Corpus
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import partition_column
from data_engine.runtime.versions import StepVersion, write_version
from data_engine.storage import TableStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def notes_runtime(folder: Path, **changes: object) -> CorpusRuntime:
    """The runtime of the corpus `notes`, whose files are in `source` of the folder."""
    return CorpusRuntime(Corpus.model_validate({**notes_corpus(Path("source")), **changes}), folder)


def keep_version(store: TableStore, step: str, batch: str = "", **changes: Any) -> StepVersion:
    """Keep a version of a step, written at noon of 1 March 2026 where nothing else is said."""
    said: dict[str, Any] = {
        "data_version": "d1",
        "code_version": "c1",
        "input_version": "i1",
        "table_version": 0,
        "n_rows": 1,
        "seconds": 0.5,
        "run_id": "run",
        "written_at": NOON,
    }
    version = StepVersion(step=step, batch=batch, **{**said, **changes})
    write_version(store, version)
    return version


def write_step(store: TableStore, step: str, rows: Rows, batch: str = "", **changes: Any) -> StepVersion:
    """Write rows of a step's own table and the version that goes with them."""
    column = partition_column(step)
    filled = [{column: batch, **row} for row in rows] if column else rows
    partition = {column: batch} if column else None
    written = store.write(step, table(step, filled), partition=partition, run_id="run", code_version="c1")
    said = {"data_version": written.data_version, "n_rows": written.n_rows, "table_version": written.version}
    return keep_version(store, step, batch, **{**said, **changes})


def pass_checks(runtime: CorpusRuntime, version: StepVersion, *, passed: bool = True) -> StepVersion:
    """Keep the verdict that every check of a version holds, or that one does not, without running any."""
    row = {"step": version.step, "batch": version.batch, "check": "is_sound", "passed": passed, "is_blocking": True}
    key = f"{version.data_version}:{runtime.rules_version(version.step)}"
    rows = table("check_results", [{**row, "data_version": key, "run_id": "run", "checked_at": NOON}])
    partition = {"step": version.step, "batch": version.batch}
    runtime.store().write("check_results", rows, partition=partition, run_id="run", code_version="1")
    return version


def take_in(runtime: CorpusRuntime, batch: str, rows: Rows, **changes: Any) -> dict[str, StepVersion]:
    """Write a batch of kept samples as the steps of a batch leave it, past its checks.

    Args:
        runtime: The corpus.
        batch: The batch.
        rows: Of the raw index, each with a `sample_id` of its own.
        **changes: What is said of every version besides.

    Returns: the versions by step.
    """
    store, versions, made_from = runtime.store(), {}, {}
    ids = [row["sample_id"] for row in rows]
    unit = np.array([1.0, 0.0], np.float32).tobytes()
    written: dict[str, Rows] = {
        "raw_index": [
            {"uri": row["sample_id"], "source_id": row["sample_id"], "metadata": "{}", **row} for row in rows
        ],
        "first_pass": [{"sample_id": i, "uri": i, "verdict": "kept", "reason": "kept"} for i in ids],
        "embeddings": [{"sample_id": i, "embedding": unit, "dim": 2} for i in ids],
    }
    for step, step_rows in written.items():
        version = write_step(store, step, step_rows, batch, table_versions=dict(made_from), **changes)
        versions[step] = pass_checks(runtime, version)
        made_from[step] = version.table_version
    return versions
