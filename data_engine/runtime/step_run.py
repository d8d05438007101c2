"""StepRun: one run of one step on one partition, which reads only what the plan declares and writes it all at the end.

It needs no Dagster, so that a process on any machine can carry a step out: `execute`. What Dagster is told of the
result is in `orchestration/step.py`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import InvalidInput
from data_engine.runtime import check_gate, embeddings
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import WRITTEN_BY, StepSpec, partition_column, pinned_tables, spec_of, tables_read_by
from data_engine.runtime.progress import Progress, progress
from data_engine.runtime.versions import StepVersion, fingerprint, step_versions
from data_engine.schemas import LEDGER, STEP_VERSIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_engine.clustering import ClusterTree
    from data_engine.corpus import Corpus
    from data_engine.storage import EmbeddingCache, SketchIndex, TableStore, Written
    from data_engine.storage.artefacts import Learnt

logger = getLogger(__name__)


@dataclass(frozen=True)
class StepResult:
    """What a run of a step wrote, and what may be shown of it.

    Attributes:
        table: The step's rows.
        data_version: Fingerprint of everything it wrote but measured seconds.
        table_version: Delta version of its table.
        seconds: Wall seconds of the step's own work.
        uri: Where its table is.
        metadata: What an engineer wants to see of this run, as plain values, paths and tables.
        preview: Rows to show of the table.
        details: Arrays and tables that the plots of the step are drawn from, by name.
    """

    table: pa.Table
    data_version: str
    table_version: int
    seconds: float
    uri: str
    metadata: Mapping[str, Any]
    preview: pa.Table
    details: Mapping[str, Any]


@dataclass
class StepRun:
    """One run of one step on one partition.

    Attributes:
        runtime: The corpus.
        step: Name of the step in the plan.
        batch: The partition; empty for a step without.
        run_id: The run that the rows, the ledger and the versions name.
        settings: Settings of this run alone, by block and field, over those of the corpus.
        flags: Switches of this run alone.
        inputs: Versions of what was read so far; together they are the input version.
    """

    runtime: CorpusRuntime
    step: str
    batch: str
    run_id: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        """Opens the tables, and lays the settings of this run over the corpus' own.

        Raises: InvalidInput for a step that the plan does not have; pydantic's ValidationError for a setting out of
            bounds.
        """
        self._spec = spec_of(self.step)
        self._store: TableStore = self.runtime.store()
        self.corpus: Corpus = _with_settings(self.runtime.corpus, self.settings)

    def read(self, table: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """The same partition of an input, or all of one that has none; its version becomes part of the input version.

        Raises: InvalidInput for a table that the plan does not name among the step's inputs; ChecksFailed when a
            blocking check holds it back, also when this run was launched by hand.
        """
        step = self._declared_input(table)
        column = partition_column(step)
        batch = self.batch if column else ""
        version = check_gate.require_accepted(self.runtime, self._store, step, batch, run_id=self.run_id)
        self.inputs[f"{step}/{batch}"] = version.data_version
        return self._store.read(table, partition={column: batch} if batch else None, columns=columns)

    def read_accepted(self, table: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """All batches of an input that passed their checks, sorted by batch; held ones are logged and left out.

        Raises: InvalidInput for a table that the plan does not name among the step's inputs.
        """
        column = partition_column(self._declared_input(table))
        accepted = self._accepted(table)
        wanted = [*columns, column] if columns and column not in columns else columns
        found = self._store.read(table, columns=wanted)
        return found.filter(pc.is_in(found[column], pa.array(accepted, pa.string()))).sort_by([(column, "ascending")])

    def read_accepted_samples(self) -> pa.Table:
        """The samples of all accepted batches of embeddings (sample_id, batch, encoder_version), every content once.

        Sorted by batch and id, as `read_accepted_embeddings` gives them.
        """
        from data_engine.storage import read_samples

        self._declared_input("embeddings")
        return read_samples(self._store, self._accepted("embeddings"))

    def read_accepted_embeddings(self) -> "tuple[pa.Table, NDArray[np.float32]]":
        """The same samples (sample_id, batch), and their (n, dim) rows; also where they are larger than the memory."""
        from data_engine.storage import read_embeddings

        self._declared_input("embeddings")
        return read_embeddings(self._store, self._accepted("embeddings"))

    def look_up(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        among: Mapping[str, pa.Array] | None = None,
        batch: str | None = None,
    ) -> pa.Table:
        """Rows of a table as they are now, which are no part of the input version.

        Args:
            table: One that the plan names among the step's inputs or lookups, or one of its own.
            columns: Columns wanted; None reads all.
            among: Values of columns that rows must have; the others are never in memory all at once.
            batch: The partition to read; None reads all.

        Raises: InvalidInput for a table that the plan does not declare.
        """
        self._declared(table)
        partition = None if batch is None else {partition_column(table): batch}
        return self._store.read(table, partition=partition, columns=columns, among=among)

    def scan(self, table: str) -> Any:
        """A declared table as a pyarrow dataset, for reading rows that are few among many."""
        self._declared(table)
        return self._store.dataset(table)

    def exists(self, table: str) -> bool:
        """Whether a declared table was ever written."""
        self._declared(table)
        return self._store.exists(table)

    def table_version(self, table: str) -> int | None:
        """The Delta version of a declared table; None where it does not exist."""
        self._declared(table)
        return self._store.version(table)

    def pinned_versions(self) -> dict[str, int | None]:
        """The Delta version of every table that a release stands on."""
        return {table: self._store.version(table) for table in pinned_tables()}

    def last_decisions(self) -> pa.Table:
        """What this step decided of this partition the last time (sample_id, verdict), from the ledger."""
        mine = {"step": self.step, "batch": self.batch}
        return self._store.read("ledger", partition=mine, columns=["sample_id", "verdict"])

    def last_version(self) -> StepVersion | None:
        """What this step last wrote for this partition; None before the first time."""
        return step_versions(self._store, self.step, self.batch).get((self.step, self.batch))

    def all_versions(self) -> dict[tuple[str, str], StepVersion]:
        """What every step last wrote, by step and partition."""
        return step_versions(self._store)

    def accepted_versions(self) -> dict[str, StepVersion]:
        """The partitions of this very step that passed their checks, by batch, in order."""
        accepted, _ = check_gate.accepted_batches(self.runtime, self._store, self.step, run_id=self.run_id)
        return dict(sorted(accepted.items()))

    def tree(self, *, is_input: bool = True) -> "tuple[ClusterTree, pa.Table]":
        """The cluster tree over all samples, and the samples in its row order (sample_id, batch).

        Args:
            is_input: False where a newer tree does not make the step's result stale.

        Raises: ChecksFailed when there is no tree, or its checks hold it back.
        """
        self._declared("cluster_tree")
        version = check_gate.require_accepted(self.runtime, self._store, "cluster_tree", "", run_id=self.run_id)
        if is_input:
            self.inputs["cluster_tree/"] = version.data_version
        return self.frozen_tree()

    def frozen_tree(self) -> "tuple[ClusterTree, pa.Table]":
        """The tree in service and its samples, whatever its checks say of its assignments."""
        from data_engine.clustering import tree_from_tables

        self._declared("cluster_tree")
        assignments = self._store.read("tree_assignments")
        tree, _ = tree_from_tables(self._store.read("cluster_tree"), assignments)
        return tree, assignments.select(["sample_id", "batch"])

    def embeddings_of(self, sample_ids: pa.ChunkedArray | pa.Array) -> "dict[str, NDArray[np.float32]]":
        """The embeddings of those of the samples that have one, by id."""
        self._declared("embeddings")
        return embeddings.embeddings_by_id(self._store, sample_ids)

    def embeddings_in_order(self, sample_ids: pa.ChunkedArray) -> "NDArray[np.float32]":
        """(n, dim) embeddings of these samples, in their order. Raises: InvalidInput when one of them has none."""
        self._declared("embeddings")
        return embeddings.embeddings_in_order(self._store, sample_ids)

    def embeddings_at(self, samples: pa.Table) -> "NDArray[np.float32]":
        """(n, dim) embeddings of samples (sample_id, batch), in their order; only their batches are read."""
        from data_engine.storage import read_some_embeddings

        self._declared("embeddings")
        return read_some_embeddings(self._store, samples)

    def subset_embeddings(self) -> "tuple[list[str], NDArray[np.float32]]":
        """The ids of the balanced subset, sorted, and their (n, dim) embeddings."""
        self._declared("embeddings")
        return embeddings.sorted_embeddings(self._store, self.read("balanced_subset")["sample_id"])

    def embedding_cache(self, encoder_version: str, dim: int) -> "EmbeddingCache":
        """The vectors of one encoder, shared by all corpora."""
        return self._store.embedding_cache(encoder_version, dim)

    def accepted_index(self) -> "SketchIndex":
        """The accepted samples of this corpus by id and by key."""
        return self._store.sketch_index()

    def artefacts(self) -> "Learnt":
        """Small models of this corpus, kept by the fingerprint of what they were learnt from."""
        return self._store.learnt()

    def progress(self, text: str, total: int) -> Progress:
        """Returns advance(n), which reports n more as done."""
        return progress(f"{text} {self.batch}".strip(), total)

    def progress_to(self, text: str, total: int) -> Callable[..., None]:
        """Returns reach(n), which reports that n are done in all; further arguments are ignored."""
        advance, done = self.progress(text, total), 0

        def reach(now_done: int, *_: object) -> None:
            nonlocal done
            advance(now_done - done)
            done = now_done

        return reach

    def write_page(self, *parts: str, text: str) -> Path:
        """Write a page for people below the corpus' folder, whole or not at all."""
        from data_engine.storage.atomic_files import replace_file

        path = self.runtime.corpus_folder.joinpath(*parts)
        replace_file(path, lambda half: half.write_text(text, "utf-8"))
        return path

    def finish(
        self,
        table: pa.Table,
        *,
        ledger: pa.Table | None = None,
        extra_tables: Mapping[str, pa.Table] | None = None,
        timing_tables: Mapping[str, pa.Table] | None = None,
        metadata: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
        preview: pa.Table | None = None,
    ) -> StepResult:
        """Write the step's tables, its ledger rows and its version.

        Args:
            table: The step's rows.
            ledger: What it decided, as `storage.ledger.ledger_rows` makes it.
            extra_tables: Its further tables, by name; all that the plan declares.
            timing_tables: Its tables that hold measured seconds, by name; all that the plan declares.
            metadata: What an engineer wants to see of this run.
            details: What the plots of the step are drawn from.
            preview: Rows to show instead of the first ones of the table.

        Raises: InvalidInput when tables are missing or more than the plan declares.
        """
        self._check_written(self._spec.extra_tables, extra_tables, "extra_tables")
        self._check_written(self._spec.timing_tables, timing_tables, "timing_tables")
        code_version = self.runtime.code_version(self.step)

        def write(name: str, rows: pa.Table, partition: Mapping[str, str] | None = None) -> "Written":
            return self._store.write(name, rows, partition=partition, run_id=self.run_id, code_version=code_version)

        extra = [write(name, rows) for name, rows in (extra_tables or {}).items()]
        for name, rows in (timing_tables or {}).items():
            write(name, rows)
        written = write(self.step, table, {partition_column(self.step): self.batch} if self.batch else None)
        versions = [written.data_version, *(other.data_version for other in extra)]
        data_version = fingerprint(versions) if extra else written.data_version
        if ledger is not None:
            self._write_ledger(ledger, written.version)
        seconds = time.perf_counter() - self.started
        self._write_version(data_version, written.version, table.num_rows, seconds)
        return StepResult(
            table=table,
            data_version=data_version,
            table_version=written.version,
            seconds=seconds,
            uri=str(self._store.path(self.step)),
            metadata=metadata or {},
            preview=table if preview is None else preview,
            details=details or {},
        )

    def _write_ledger(self, rows: pa.Table, table_version: int) -> None:
        n = rows.num_rows
        constants = {
            "step": pa.array([self.step] * n, pa.string()),
            "batch": pa.array([self.batch] * n, pa.string()),
            "table_version": pa.array([table_version] * n, pa.int64()),
            "run_id": pa.array([self.run_id] * n, pa.string()),
            "decided_at": pa.array([datetime.now(UTC)] * n, pa.timestamp("us", tz="UTC")),
        }
        columns = [constants.get(name, rows[name] if name in rows.column_names else None) for name in LEDGER.names]
        self._store.write(
            "ledger",
            pa.Table.from_arrays(columns, schema=LEDGER),
            partition={"step": self.step, "batch": self.batch},
            run_id=self.run_id,
            code_version="1",
        )

    def _write_version(self, data_version: str, table_version: int, n_rows: int, seconds: float) -> None:
        version = StepVersion(
            step=self.step,
            batch=self.batch,
            data_version=data_version,
            code_version=self.runtime.code_version(self.step),
            input_version=fingerprint(self.inputs),
            table_version=table_version,
            n_rows=n_rows,
            seconds=seconds,
            run_id=self.run_id,
            written_at=datetime.now(UTC),
        )
        write_version(self._store, version)

    def _accepted(self, table: str) -> list[str]:
        step = WRITTEN_BY[table]
        accepted, held = check_gate.accepted_batches(self.runtime, self._store, step, run_id=self.run_id)
        for batch, reason in held.items():
            logger.warning("batch %s of %s is left out: %s", batch, step, reason)
        self.inputs.update({f"{step}/{batch}": version.data_version for batch, version in accepted.items()})
        return sorted(accepted)

    def _declared(self, table: str) -> None:
        if table not in tables_read_by(self.step):
            raise InvalidInput(_undeclared(self._spec, table, "lookups"))

    def _declared_input(self, table: str) -> str:
        step = WRITTEN_BY.get(table, "")
        if step not in self._spec.input_steps:
            raise InvalidInput(_undeclared(self._spec, table, "inputs"))
        return step

    def _check_written(self, declared: tuple[str, ...], given: Mapping[str, pa.Table] | None, field_name: str) -> None:
        if set(declared) != set(given or {}):
            raise InvalidInput(
                f"step {self.step} wrote the {field_name} {sorted(given or {})} but the plan declares "
                f"{list(declared)}; write them all, or change {field_name} in runtime/plan.py"
            )


def execute(
    runtime: CorpusRuntime,
    step: str,
    batch: str = "",
    *,
    run_id: str,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    flags: Mapping[str, bool] | None = None,
) -> tuple[StepRun, StepResult]:
    """Carry out one step of a corpus on one partition, in this process and without Dagster.

    Args:
        runtime: The corpus.
        step: Name of the step in the plan.
        batch: The partition; empty for a step without.
        run_id: What rows, ledger and versions name as the run.
        settings: Settings of this run alone, by block and field.
        flags: Switches of this run alone; those that are not given are off.

    Returns: the run, and what it wrote.

    Raises: DataEngineError as the step does.
    """
    off = dict.fromkeys(spec_of(step).launch_flags, False)
    step_run = StepRun(runtime, step, batch, run_id, settings or {}, {**off, **(flags or {})})
    work: Callable[[StepRun], StepResult] = getattr(import_module(f"data_engine.runtime.steps.{step}"), step)
    return step_run, work(step_run)


def write_version(store: "TableStore", version: StepVersion) -> None:
    """Keep what a step, or the SQL models, last wrote for one partition."""
    store.write(
        "step_versions",
        pa.Table.from_pylist([vars(version)], schema=STEP_VERSIONS),
        partition={"step": version.step, "batch": version.batch},
        run_id=version.run_id,
        code_version="1",
    )


def _with_settings(corpus: "Corpus", settings: Mapping[str, Mapping[str, Any]]) -> "Corpus":
    """The corpus with other settings in some of its blocks; a mapping is laid over the corpus' own."""
    blocks = {}
    for name, given in settings.items():
        block = getattr(corpus, name)
        old = block.model_dump()
        new = {key: {**old[key], **value} if isinstance(value, Mapping) else value for key, value in given.items()}
        blocks[name] = type(block).model_validate({**old, **new})
    return corpus.model_copy(update=blocks) if blocks else corpus


def _undeclared(spec: StepSpec, table: str, field_name: str) -> str:
    step = WRITTEN_BY.get(table)
    if step is None:
        known = ", ".join(WRITTEN_BY)
        return f"step {spec.name} reads {table!r}, which no step of the plan writes; there are: {known}"
    return (
        f"step {spec.name} reads {table}, but runtime/plan.py does not declare that; add {step!r} to the {field_name} "
        f"of {spec.name}, so that the lineage shows it"
    )
