"""StepRun: one run of one step on one partition - open gates in, tables, ledger and versions out."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.orchestration.ui.metadata import image, preview
from data_engine.runtime import check_gate
from data_engine.runtime.corpus_runtime import DEPENDS_ON, CorpusRuntime
from data_engine.runtime.progress import Progress, progress
from data_engine.runtime.versions import fingerprint
from data_engine.schemas import LEDGER, STEP_VERSIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_engine.clustering import ClusterTree
    from data_engine.storage import TableStore

logger = logging.getLogger(__name__)


@dataclass
class StepRun:
    """One run of one step on one partition.

    `begin` starts it in the body of an asset; `finish` writes and gives Dagster its result.
    """

    runtime: CorpusRuntime
    step: str
    batch: str
    run_id: str
    store: "TableStore"
    started: float = field(default_factory=time.perf_counter)
    inputs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def begin(cls, runtime: CorpusRuntime, context: dg.AssetExecutionContext, step: str) -> Self:
        """Start the work of a step on the partition that the run names."""
        batch = context.partition_key if context.has_partition_key else ""
        return cls(runtime=runtime, step=step, batch=batch, run_id=context.run.run_id, store=runtime.store())

    def read(self, step: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """The same partition of an earlier step, or all of an unpartitioned one.

        Raises: ChecksFailed when a blocking check holds it back, also when this run was launched by hand.
        """
        batch = self.batch if self.runtime.partitions_of(step) is not None else ""
        version = check_gate.require_accepted(self.runtime, self.store, step, batch, run_id=self.run_id)
        self.inputs[f"{step}/{batch}"] = version.data_version
        column = "review_batch" if step == "reviewed_labels" else "batch"
        return self.store.read(step, partition={column: batch} if batch else None, columns=columns)

    def read_accepted(self, step: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """All batches of an earlier step that are past their gates; quarantined ones are logged and left out."""
        column = "review_batch" if step == "reviewed_labels" else "batch"
        opened = self._open_batches(step)
        table = self.store.read(step, columns=[*columns, column] if columns and column not in columns else columns)
        kept = table.filter(pc.is_in(table[column], pa.array(opened, pa.string())))
        return kept.sort_by([(column, "ascending")])

    def read_accepted_embeddings(self) -> "tuple[pa.Table, NDArray[np.float32]]":
        """The samples of all batches of embeddings past their gates (sample_id, batch), and their (n, dim) rows.

        Every content once, sorted by batch and id; also where the matrix is larger than the memory.
        """
        from data_engine.storage import read_embeddings

        return read_embeddings(self.store, self._open_batches("embeddings"))

    def read_accepted_samples(self) -> pa.Table:
        """The same samples in the same order, without their embeddings (sample_id, batch, encoder_version)."""
        from data_engine.storage import read_samples

        return read_samples(self.store, self._open_batches("embeddings"))

    def _open_batches(self, step: str) -> list[str]:
        opened, closed = check_gate.accepted_batches(self.runtime, self.store, step, run_id=self.run_id)
        for batch, error in closed.items():
            logger.warning("batch %s of %s is left out: %s", batch, step, error)
        self.inputs.update({f"{step}/{batch}": version.data_version for batch, version in opened.items()})
        return sorted(opened)

    def tree(self, *, is_input: bool = True) -> "tuple[ClusterTree, pa.Table]":
        """The cluster tree over all samples, and the samples in its row order (sample_id, batch).

        Args:
            is_input: False where a newer tree does not make the step's result stale.

        Raises: ChecksFailed when there is no tree, or its checks hold it back.
        """
        from data_engine.clustering import tree_from_tables

        version = check_gate.require_accepted(self.runtime, self.store, "cluster_tree", "", run_id=self.run_id)
        if is_input:
            self.inputs["cluster_tree/"] = version.data_version
        assignments = self.store.read("tree_assignments")
        tree, _ = tree_from_tables(self.store.read("cluster_tree"), assignments)
        return tree, assignments.select(["sample_id", "batch"])

    def frozen_tree(self) -> "ClusterTree":
        """The tree in service, whatever its checks say of its assignments."""
        from data_engine.clustering import tree_from_tables

        return tree_from_tables(self.store.read("cluster_tree"), self.store.read("tree_assignments"))[0]

    def progress(self, text: str, total: int) -> Progress:
        """Told how many more are done: a bar on the terminal of a one-command run, log lines in the Dagster UI."""
        return progress(f"{text} {self.batch}".strip(), total)

    def progress_to(self, text: str, total: int) -> Callable[..., None]:
        """The same for callers that tell how many are done in all, as the first argument."""
        advance, done = self.progress(text, total), 0

        def reach(now_done: int, *_: object) -> None:
            nonlocal done
            advance(now_done - done)
            done = now_done

        return reach

    def finish(
        self,
        table: pa.Table,
        *,
        ledger: pa.Table | None = None,
        beside: Mapping[str, pa.Table] | None = None,
        apart: Mapping[str, pa.Table] | None = None,
        metadata: Mapping[str, Any] | None = None,
        plots: Mapping[str, bytes] | None = None,
        preview_rows: pa.Table | None = None,
    ) -> dg.MaterializeResult:
        """Write the step's table, its ledger rows and its version; give Dagster what its UI shows.

        Args:
            table: The step's rows.
            ledger: Decisions, as `decisions` makes them.
            beside: Further tables of the step, by name.
            apart: Tables that hold measured seconds, by name; they take no part in the step's data version.
            metadata: What an engineer wants to see of this run.
            plots: PNG or JPEG images by title.
            preview_rows: Rows to show instead of the first ones of the table.
        """
        code_version = self.runtime.code_version(self.step)
        besides = [
            self.store.write(name, other, run_id=self.run_id, code_version=code_version).data_version
            for name, other in (beside or {}).items()
        ]
        for name, other in (apart or {}).items():
            self.store.write(name, other, run_id=self.run_id, code_version=code_version)
        column = "review_batch" if self.step == "reviewed_labels" else "batch"
        written = self.store.write(
            self.step,
            table,
            partition={column: self.batch} if self.batch else None,
            run_id=self.run_id,
            code_version=code_version,
        )
        data_version = fingerprint([written.data_version, *besides]) if besides else written.data_version
        if ledger is not None:
            self._write_ledger(ledger, written.version)
        seconds = time.perf_counter() - self.started
        self._write_version(data_version, written.version, table.num_rows, seconds)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(data_version),
            metadata={
                "dagster/row_count": table.num_rows,
                "dagster/uri": str(self.store.path(self.step)),
                "table version": written.version,
                "seconds": round(seconds, 2),
                "preview": preview(table if preview_rows is None else preview_rows),
                **(metadata or {}),
                **{title: image(png) for title, png in (plots or {}).items()},
            },
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
        self.store.write(
            "ledger",
            pa.Table.from_arrays(columns, schema=LEDGER),
            partition={"step": self.step, "batch": self.batch},
            run_id=self.run_id,
            code_version="1",
        )

    def record(self, n_run: int, *, failed: Sequence[str] = ()) -> None:
        """Keep that the SQL models or tests ran, how long they took, and in place of a data version which failed."""
        self._write_version(", ".join(failed), 0, n_run, time.perf_counter() - self.started)

    def _write_version(self, data_version: str, table_version: int, n_rows: int, seconds: float) -> None:
        row = {
            "step": self.step,
            "batch": self.batch,
            "data_version": data_version,
            "code_version": self.runtime.code_version(self.step) if self.step in DEPENDS_ON else "1",
            "input_version": fingerprint(self.inputs),
            "table_version": table_version,
            "n_rows": n_rows,
            "seconds": seconds,
            "run_id": self.run_id,
            "written_at": datetime.now(UTC),
        }
        self.store.write(
            "step_versions",
            pa.Table.from_pylist([row], schema=STEP_VERSIONS),
            partition={"step": self.step, "batch": self.batch},
            run_id=self.run_id,
            code_version="1",
        )

    def write_text(self, *parts: str, text: str) -> Path:
        """Write a page for people below the corpus' folder, whole or not at all."""
        path = self.runtime.corpus_folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(path.suffix + ".half")
        half.write_text(text, "utf-8")
        half.replace(path)
        return path
