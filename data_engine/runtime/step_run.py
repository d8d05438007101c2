"""StepRun: one run of one step on one partition, which reads only what the plan declares and writes it all at the end.

It needs no Dagster, so that a process on any machine can carry a step out: `execute`. What Dagster is told of the
result is in `orchestration/step.py`.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from logging import getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.errors.boundary import secrets_hidden
from data_engine.places.place import scratch
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.encoders import EncoderUsed
from data_engine.runtime.made_from.settings import settings_used
from data_engine.runtime.plan import partition_column, spec_of
from data_engine.runtime.progress import Progress, progress
from data_engine.runtime.step_inputs import StepInputs
from data_engine.runtime.versions import StepVersion, fingerprint, write_version
from data_engine.schemas import LEDGER, SCHEMAS

if TYPE_CHECKING:
    from data_engine.storage import EmbeddingCache, SketchIndex, Written
    from data_engine.storage.artefacts import Artefacts

logger = getLogger(__name__)

_SHOWN_ROWS, _LEDGER_ROWS = 20, 65_536
#: Gives the ledger rows of some rows of a step's table.
LedgerOf = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True)
class WrittenRows:
    """The rows of a step that wrote them in pieces; they are in memory only after `read`."""

    num_rows: int
    read: Callable[[], pa.Table]


@dataclass(frozen=True)
class StepResult:
    """The outcome of a run of a step: what it wrote, and values for display.

    Attributes:
        rows: The step's rows.
        data_version: Fingerprint of everything it wrote but measured seconds.
        table_version: Delta version of its table.
        seconds: Wall seconds of the step's own work.
        uri: Where its table is.
        metadata: What an engineer wants to see of this run, as plain values, paths and tables.
        preview: Rows to show of the table.
        details: Arrays and tables that the plots of the step are drawn from, by name.
    """

    rows: pa.Table | WrittenRows
    data_version: str
    table_version: int
    seconds: float
    uri: str
    metadata: Mapping[str, Any]
    preview: pa.Table
    details: Mapping[str, Any]

    @property
    def table(self) -> pa.Table:
        """The step's rows as a table; read again where the step wrote them in pieces."""
        return self.rows if isinstance(self.rows, pa.Table) else self.rows.read()


@dataclass
class StepRun(StepInputs):
    """One run of one step on one partition: reads what the plan declares, writes all of it at the end."""

    def embedding_cache(self, encoder_version: str, dim: int) -> "EmbeddingCache":
        """The vectors of one encoder, shared by all corpora."""
        return self._store.embedding_cache(encoder_version, dim)

    def accepted_index(self) -> "SketchIndex":
        """The accepted samples of this corpus by id and by key."""
        return self._store.sketch_index()

    def artefacts(self) -> "Artefacts":
        """Small models of this corpus, kept by the fingerprint of what they were learnt from."""
        return self._store.artefacts()

    @property
    def scratch_folder(self) -> Path:
        """Where files without a name lie that hold what the step does not hold in memory."""
        return scratch(self.runtime.corpus_folder)

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

    def why_last_rows_are_lost(self) -> str:
        """Why the rows that this step last wrote into its own table are no longer there; empty when they are."""
        from data_engine.storage.presence import why_rows_are_lost

        last = self.last_version()
        if last is None:
            return ""
        piece = {partition_column(self.step): self.batch} if self.batch else {}
        return why_rows_are_lost(self._store, self.step, piece, version=last.table_version, run_id=last.run_id)

    def write_page(self, *parts: str, text: str) -> Path:
        """Write a page for people below the corpus' folder, whole or not at all."""
        from data_engine.storage.atomic_files import replace_file
        from data_engine.storage.integrity.checksums import replace_sealed

        path = self.runtime.corpus_folder.joinpath(*parts)
        replace_sealed(path, lambda: replace_file(path, lambda half: half.write_text(text, "utf-8")))
        return path

    def finish(
        self,
        table: pa.Table | Iterable[pa.RecordBatch],
        *,
        ledger: pa.Table | LedgerOf | None = None,
        extra_tables: Mapping[str, pa.Table] | None = None,
        timing_tables: Mapping[str, pa.Table] | None = None,
        metadata: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
        preview: pa.Table | None = None,
        encoder: EncoderUsed | None = None,
    ) -> StepResult:
        """Write the step's tables, its ledger rows and its version.

        Args:
            table: The step's rows; or batches of them, of which one is in memory at a time.
            ledger: What it decided, as `storage.ledger.ledger_rows` makes it; or what makes it of some of the rows.
            extra_tables: Its further tables, by name; all that the plan declares.
            timing_tables: Its tables that hold measured seconds, by name; all that the plan declares.
            metadata: What an engineer wants to see of this run.
            details: What the plots of the step are drawn from.
            preview: Rows to show instead of the first ones of the table.
            encoder: Of the vectors that it made or that its rows come from.

        Raises: InvalidInput when tables are missing or more than the plan declares.
        """
        self._check_written(self._spec.extra_tables, extra_tables, "extra_tables")
        self._check_written(self._spec.timing_tables, timing_tables, "timing_tables")
        extra = {name: self._write(name, rows) for name, rows in (extra_tables or {}).items()}
        timing = {name: self._write(name, rows) for name, rows in (timing_tables or {}).items()}
        passed = _Passed(table, ledger)
        partition = {partition_column(self.step): self.batch} if self.batch else None
        written = self._write(self.step, table if isinstance(table, pa.Table) else passed.batches(), partition)
        versions = [written.data_version, *(other.data_version for other in extra.values())]
        data_version = fingerprint(versions) if extra else written.data_version
        wrote = {name: other.version for name, other in (extra | timing).items()}
        decided = passed.decided()
        if decided is not None:
            wrote["ledger"] = self._write_ledger(decided, written.version)
        seconds = time.perf_counter() - self.started
        made_with = settings_used(self.corpus, self._spec.settings) | (encoder.as_settings() if encoder else {})
        self._write_version(data_version, written, seconds, wrote, made_with)

        def read() -> pa.Table:
            return self._store.read(self.step, partition=partition, version=written.version)

        return StepResult(
            rows=table if isinstance(table, pa.Table) else WrittenRows(written.n_rows, read),
            data_version=data_version,
            table_version=written.version,
            seconds=seconds,
            uri=str(self._store.path(self.step)),
            metadata=metadata or {},
            preview=passed.preview(SCHEMAS[self.step]) if preview is None else preview,
            details=details or {},
        )

    def _write(
        self, name: str, rows: "pa.Table | Iterator[pa.RecordBatch]", partition: Mapping[str, str] | None = None
    ) -> "Written":
        code_version = self.runtime.code_version(self.step)
        return self._store.write(name, rows, partition=partition, run_id=self.run_id, code_version=code_version)

    def _write_ledger(self, rows: pa.Table, table_version: int) -> int:
        """The rows with what is the same in all of them, which is added piece by piece."""
        decided_at = datetime.now(UTC)

        def complete(piece: pa.RecordBatch) -> pa.RecordBatch:
            n = piece.num_rows
            constants = {
                "step": pa.array([self.step] * n, pa.string()),
                "batch": pa.array([self.batch] * n, pa.string()),
                "table_version": pa.array([table_version] * n, pa.int64()),
                "run_id": pa.array([self.run_id] * n, pa.string()),
            }
            if "decided_at" not in piece.schema.names:
                constants["decided_at"] = pa.array([decided_at] * n, pa.timestamp("us", tz="UTC"))
            columns = [
                constants.get(name, piece[name] if name in piece.schema.names else None) for name in LEDGER.names
            ]
            return pa.RecordBatch.from_arrays(columns, schema=LEDGER)

        written = self._store.write(
            "ledger",
            map(complete, rows.to_batches(max_chunksize=_LEDGER_ROWS)),
            partition={"step": self.step, "batch": self.batch},
            run_id=self.run_id,
            code_version="1",
        )
        return written.version

    def _write_version(
        self,
        data_version: str,
        written: "Written",
        seconds: float,
        wrote: Mapping[str, int],
        made_with: Mapping[str, Any],
    ) -> None:
        version = StepVersion(
            step=self.step,
            batch=self.batch,
            data_version=data_version,
            code_version=self.runtime.code_version(self.step),
            input_version=fingerprint(self.inputs),
            table_version=written.version,
            n_rows=written.n_rows,
            seconds=seconds,
            run_id=self.run_id,
            written_at=datetime.now(UTC),
            table_versions={**self.tables.stands_on, **wrote},
            made_with=made_with,
            made_from={"code": self.runtime.code_of(self.step), "inputs": dict(self.inputs)},
        )
        self._gate.keep_accepted(self.step, self.batch)
        write_version(self._store, version)

    def _check_written(self, declared: tuple[str, ...], given: Mapping[str, pa.Table] | None, field_name: str) -> None:
        if set(declared) != set(given or {}):
            raise InvalidInput(
                f"step {self.step} wrote the {field_name} {sorted(given or {})} but the plan declares "
                f"{list(declared)}; write them all, or change {field_name} in runtime/plan.py"
            )


class _Passed:
    """What is kept of the rows of a step while they are written: their ledger rows, and the first of them."""

    def __init__(self, table: pa.Table | Iterable[pa.RecordBatch], ledger: pa.Table | LedgerOf | None) -> None:
        self._table, self._ledger = table, ledger
        self._decided: list[pa.Table] = []
        self._first: list[pa.Table] = []

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, which are looked at as they pass."""
        for batch in self._table:
            rows = pa.Table.from_batches([batch])
            if callable(self._ledger):
                self._decided.append(self._ledger(rows))
            if not self._first:
                # Copied, because a slice would keep the whole batch.
                self._first.append(rows.take(pa.array(range(min(_SHOWN_ROWS, len(rows))))))
            yield batch

    def decided(self) -> pa.Table | None:
        """The ledger rows of all that has passed."""
        if not callable(self._ledger):
            return self._ledger
        if isinstance(self._table, pa.Table):
            return self._ledger(self._table)
        return pa.concat_tables(self._decided) if self._decided else None

    def preview(self, schema: pa.Schema) -> pa.Table:
        """The first rows, or the table where there is one."""
        if isinstance(self._table, pa.Table):
            return self._table
        return self._first[0] if self._first else schema.empty_table()


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
    with secrets_hidden():
        return step_run, work(step_run)
