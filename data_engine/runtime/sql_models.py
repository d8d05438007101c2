"""The SQL models and SQL tests of a corpus: where they are, running them, and asking a question of all of them.

The runner itself is in `data_engine.warehouse`; as assets they are in `orchestration/sql_models.py`.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_engine.errors import StorageError
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.plan import BATCH_STEPS, STEPS, WRITTEN_BY, partition_column
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


def models_of(runtime: "CorpusRuntime") -> "tuple[SqlModel, ...]":
    """The SQL models of a corpus; without labels, not those that nothing but labels is behind.

    Raises: SqlModelError naming the file, where a model is broken.
    """
    from data_engine import warehouse

    models = warehouse.load_models(sql_folder(runtime))
    absent = _models_of_labels(runtime, models)
    needed = {ref for model in models if model.name not in absent for ref in model.refs}
    return tuple(model for model in models if model.name not in absent - needed)


def sql_tests_of(runtime: "CorpusRuntime") -> "tuple[SqlTest, ...]":
    """The SQL tests of a corpus; without labels, not those that ask about labels.

    Raises: SqlModelError naming the file, where a test is broken.
    """
    from data_engine import warehouse

    tests = warehouse.load_tests(sql_folder(runtime))
    if runtime.corpus.has_labels:
        return tests
    absent = _models_of_labels(runtime, warehouse.load_models(sql_folder(runtime)))
    return tuple(test for test in tests if not absent & set(test.refs) and "out_of_scope" not in test.sql_template)


def _models_of_labels(runtime: "CorpusRuntime", models: "tuple[SqlModel, ...]") -> set[str]:
    """The models that read only tables which the corpus does not have, and those that are made of such a model."""
    tables = {table for step in STEPS.values() if step.name not in runtime.steps for table in step.tables}
    absent: set[str] = set()
    for model in models if tables else ():
        of_labels = [source in tables or source.startswith("review_") for source in model.sources]
        of_labels += [ref in absent for ref in model.refs]
        if of_labels and (all(of_labels) if model.layer == "staging" else any(of_labels)) and model.name not in _OF_ALL:
            absent.add(model.name)
    return absent


def ask(runtime: "CorpusRuntime", sql: str) -> "pa.Table":
    """Run one reading statement over the tables, the SQL models and the review queue of a corpus.

    Raises: SqlModelError when it is no reading statement or does not run.
    """
    from data_engine import warehouse

    models = warehouse.load_models(sql_folder(runtime))
    of_questions = _marts_of_questions(runtime, models, sql)
    models = tuple(model for model in models if model.name not in of_questions)
    review, variables = {**_review_tables(runtime), **of_questions}, _variables(runtime)
    return warehouse.query(_tables_of(runtime), sql, review=review, models=models, variables=variables)


def _marts_of_questions(runtime: "CorpusRuntime", models: "tuple[SqlModel, ...]", sql: str) -> "dict[str, pa.Table]":
    """The models over labels that a statement names, of all questions together, with the column `question`."""
    if not runtime.questions:
        return {}
    named = _models_of_labels(runtime, models) & set(re.findall(r"\w+", sql.lower()))
    return {
        name: _with_names({each.question: ask(each, f"select * from {name}") for each in runtime.questions})
        for name in sorted(named)
    }


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


#: Models that count labels beside everything else.
_OF_ALL = ("funnel_stages", "release_contents")


@dataclass(frozen=True)
class _KnownTables(TableStore):
    """The tables of a corpus, of which some are read at known versions of their partitions.

    Attributes:
        behind: The tables.
        at: By table, the version of each partition.
        of_questions: By table, the rows of several questions, each with the name of its question.
    """

    behind: TableStore
    at: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    of_questions: Mapping[str, "pa.Table"] = field(default_factory=dict)

    def dataset(self, name: str, *, version: int | None = None, at: Mapping[str, int] | None = None) -> Any:
        """As that of any store; without a version, at the known ones."""
        import pyarrow.dataset as pads

        if name in self.of_questions:
            return pads.dataset(self.of_questions[name])
        known = self.at.get(name) if version is None and at is None else at
        return self.behind.dataset(name, version=version, at=known)


def _tables_of(runtime: "CorpusRuntime") -> TableStore:
    """The tables as SQL sees them: of a batch the accepted rows, and where there are none, those that are held back."""
    tables = accepted_tables(runtime, run_id="sql")
    at: dict[str, dict[str, int]] = {name: {} for name, step in WRITTEN_BY.items() if step not in runtime.steps}
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
    return _KnownTables(tables.store.root, tables.store.corpus, tables.store, at, _of_questions(runtime))


def _of_questions(runtime: "CorpusRuntime") -> "dict[str, pa.Table]":
    """The tables that each of several questions has for itself, together, with the column `question`."""
    own = [table for step in STEPS.values() if step.needs_labels for table in step.tables]
    parts = {each.question: accepted_tables(each, run_id="sql") for each in runtime.questions}
    return {table: _with_names({name: read.read(table) for name, read in parts.items()}) for table in own if parts}


def _with_names(parts: "Mapping[str, pa.Table]") -> "pa.Table":
    """The rows of tables together, with the name of each in the column `question`."""
    import pyarrow as pa

    named = (rows.append_column("question", pa.array([name] * len(rows), pa.string())) for name, rows in parts.items())
    return pa.concat_tables(named)


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
        if not runtime.questions:
            return queue.tables(runtime.corpus.name)
        found = {each.question: queue.tables(each.corpus.name) for each in runtime.questions}
    names = next(iter(found.values()))
    return {table: _with_names({name: tables[table] for name, tables in found.items()}) for table in names}


def _variables(runtime: "CorpusRuntime") -> dict[str, str]:
    return {"out_of_scope": runtime.corpus.labels.out_of_scope or ""}
