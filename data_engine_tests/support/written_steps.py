"""A corpus at work without a run of its steps: its runtime, and versions as steps leave them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
