"""The SQL models and SQL tests of a corpus: where they are, running them, and asking a question of all of them.

The runner itself is in `data_engine.warehouse`; as assets they are in `orchestration/sql_models.py`.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_engine.errors import StorageError
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.plan import BATCH_STEPS, partition_column
from data_engine.runtime.versions import StepVersion, fingerprint, step_versions, versions_read, write_version
from data_engine.storage import TableStore
from data_engine.storage.presence import was_written

if TYPE_CHECKING:
    import pyarrow as pa

    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.warehouse import ModelResult, SqlModel, SqlTest, TestResult


def sql_folder(runtime: "CorpusRuntime") -> Path:
    """The project's own SQL models; the engine's where the project has none."""
    return runtime.sql_folder


def ask(runtime: "CorpusRuntime", sql: str) -> "pa.Table":
    """Run one reading statement over the tables, the SQL models and the review queue of a corpus.

    Raises: SqlModelError when it is no reading statement or does not run.
    """
    from data_engine import warehouse

    models = warehouse.load_models(sql_folder(runtime))
    review, variables = _review_tables(runtime), _variables(runtime)
    return warehouse.query(_tables_of(runtime), sql, review=review, models=models, variables=variables)


def run_models(runtime: "CorpusRuntime", models: "tuple[SqlModel, ...]", *, run_id: str) -> "Iterator[ModelResult]":
    """Make every model, in order; that they ran, and for how long, is kept once the last one is made."""
    from data_engine import warehouse

    started = time.perf_counter()
    review, variables = _review_tables(runtime), _variables(runtime)
    read = versions_read(step_versions(runtime.store()))
    yield from warehouse.run_models(_tables_of(runtime), models, run_id=run_id, review=review, variables=variables)
    _record(runtime, "sql_models", len(models), "", started, run_id, read)


def run_tests(
    runtime: "CorpusRuntime", tests: "tuple[SqlTest, ...]", models: "tuple[SqlModel, ...]", *, run_id: str
) -> "dict[str, TestResult]":
    """Run every test; which failed, and over what the models had read, is kept. Returns: the results by name."""
    from data_engine import warehouse

    started = time.perf_counter()
    review, variables = _review_tables(runtime), _variables(runtime)
    found = warehouse.run_tests(_tables_of(runtime), tests, models, review=review, variables=variables)
    results = {result.name: result for result in found}
    failed = ", ".join(name for name, result in results.items() if not result.passed)
    made = step_versions(runtime.store(), "sql_models").get(("sql_models", ""))
    tested = fingerprint({}) if made is None else made.input_version
    _record(runtime, "sql_tests", len(tests), failed, started, run_id, tested)
    return results


@dataclass(frozen=True)
class _KnownTables(TableStore):
    """The tables of a corpus, of which some are read at known versions of their partitions.

    Attributes:
        at: By table, the version of each partition.
    """

    at: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def dataset(self, name: str, *, version: int | None = None, at: Mapping[str, int] | None = None) -> Any:
        """As that of any store; without a version, at the known ones."""
        return super().dataset(name, version=version, at=self.at.get(name) if version is None and at is None else at)


def _tables_of(runtime: "CorpusRuntime") -> TableStore:
    """The tables as SQL sees them: of a batch the accepted rows, and where there are none, those that are held back."""
    tables, at = accepted_tables(runtime, run_id="sql"), {}
    for step in BATCH_STEPS:
        last = step_versions(tables.store, step)
        if last:
            written = {
                batch: version.table_version
                for (_, batch), version in last.items()
                if was_written(tables.store, step, {partition_column(step): batch}, version.table_version)
            }
            at[step] = written
            # A verdict that is not known yet cannot be kept in a folder that may not be written.
            with suppress(StorageError):
                at[step] = {**written, **tables.partitions(step)}
    return _KnownTables(tables.store.root, tables.store.corpus, at)


def _record(
    runtime: "CorpusRuntime", name: str, n_run: int, failed: str, started: float, run_id: str, input_version: str
) -> None:
    """Keep that they ran; in place of a data version stands which failed."""
    version = StepVersion(
        step=name,
        batch="",
        data_version=failed,
        code_version="1",
        input_version=input_version,
        table_version=0,
        n_rows=n_run,
        seconds=time.perf_counter() - started,
        run_id=run_id,
        written_at=datetime.now(UTC),
    )
    write_version(runtime.store(), version)


def _review_tables(runtime: "CorpusRuntime") -> "dict[str, pa.Table]":
    with runtime.queue() as queue:
        return queue.tables()


def _variables(runtime: "CorpusRuntime") -> dict[str, str]:
    return {"out_of_scope": runtime.corpus.labels.out_of_scope or ""}
