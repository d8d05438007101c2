"""StepInputs: what a run of a step may read, which is what the plan declares and what passed its checks.

Writing is in `step_run.py`; how tables lie on disk is known to `data_engine.storage` alone.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from logging import getLogger
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import InvalidInput
from data_engine.runtime import check_gate, embeddings
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import WRITTEN_BY, StepSpec, partition_column, pinned_tables, spec_of, tables_read_by
from data_engine.runtime.versions import StepVersion, step_versions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_engine.clustering import ClusterTree
    from data_engine.corpus import Corpus
    from data_engine.storage import TableStore

logger = getLogger(__name__)


@dataclass
class StepInputs:
    """The reading half of a run of one step on one partition.

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

    def read_batches(self, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows of `read` in the same order, a piece in memory at a time.

        Raises: as `read` does.
        """
        self.read(table, columns=[])
        return self.look_up_batches(table, columns, batch=self.batch)

    def look_up_batches(self, table: str, columns: Sequence[str], *, batch: str) -> Iterator[pa.RecordBatch]:
        """The rows of `look_up` of one batch in the same order, a piece in memory at a time.

        Raises: InvalidInput for a table that the plan does not declare.
        """
        from data_engine.storage.tables.table_scan import pieces_of

        self._declared(table)
        return pieces_of(self._store.dataset(table), {partition_column(table): batch}, columns)

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
        """The last decisions of this step on this partition (sample_id, verdict), from the ledger."""
        mine = {"step": self.step, "batch": self.batch}
        return self._store.read("ledger", partition=mine, columns=["sample_id", "verdict"])

    def last_version(self) -> StepVersion | None:
        """The last version of this step for this partition; None before the first."""
        return step_versions(self._store, self.step, self.batch).get((self.step, self.batch))

    def all_versions(self) -> dict[tuple[str, str], StepVersion]:
        """The last version of every step, by step and partition."""
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
