"""StepInputs: what a run of a step may read, which is what the plan declares and what passed its checks.

Writing is in `step_run.py`; how tables lie on disk is known to `data_engine.storage` alone.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from logging import getLogger
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.runtime import embeddings
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.encoders import EncoderUsed, encoder_used, refuse_another
from data_engine.runtime.made_from.known_labels import known_label_inputs
from data_engine.runtime.made_from.settings import Used, refuse_other_rows, used_by_steps
from data_engine.runtime.plan import (
    MADE_STEPS,
    WRITTEN_BY,
    StepSpec,
    partition_column,
    pinned_tables,
    spec_of,
    tables_read_by,
)
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
        tables: The tables of the corpus as this step may read them.
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
        self._gate = CheckGate(self.runtime, self._store, self.run_id)
        self.tables = AcceptedTables(self._store, self._gate, self.step, self.batch)
        self.corpus: Corpus = _with_settings(self.runtime.corpus, self.settings)

    def read(self, table: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """The same partition of an input, or all of one that has none; its version becomes part of the input version.

        An input that need not be there yet (`labels~`) has no rows until it is.

        Raises: InvalidInput for a table that the plan does not name among the step's inputs; ChecksFailed when a
            blocking check holds it back, also when this run was launched by hand.
        """
        step = self._declared_input(table)
        batch = self.batch if partition_column(step) else ""
        if f"{step}~" in self._spec.inputs and self._gate.latest(step, batch) is None:
            self.inputs[f"{step}/{batch}"] = "missing"
            return self.tables.read(table, columns=columns)
        version = self._gate.require(step, batch)
        self._refuse_other_vectors(version)
        self.inputs[f"{step}/{batch}"] = version.data_version
        return self.tables.read(table, batch=batch or None, columns=columns)

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
        self._declared(table)
        return self.tables.read_pieces(table, columns, batch=batch)

    def read_accepted(self, table: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """All batches of an input that passed their checks, sorted by batch; held ones are logged and left out.

        Raises: InvalidInput for a table that the plan does not name among the step's inputs.
        """
        column = partition_column(self._declared_input(table))
        wanted = [*columns, column] if columns and column not in columns else columns
        return self._store.read(table, columns=wanted, at=self._accepted(table)).sort_by([(column, "ascending")])

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
        behind: str = "",
    ) -> pa.Table:
        """Accepted rows of a table, which are no part of the input version; of the step's own, what it wrote last.

        Args:
            table: One that the plan names among the step's inputs or lookups, or one of its own.
            columns: Columns wanted; None reads all.
            among: Values of columns that rows must have; the others are never in memory all at once.
            batch: The partition to read; None reads all.
            behind: Of all partitions, those that this step accepted, at the versions that it was made from.

        Raises: InvalidInput for a table that the plan does not declare; ChecksFailed when a blocking check holds it
            back.
        """
        self._declared(table)
        return self.tables.read(table, columns=columns, among=among, batch=batch, behind=behind)

    def scan(self, table: str, *, behind: str = "") -> Any:
        """A declared table as a pyarrow dataset, for reading rows that are few among many."""
        self._declared(table)
        return self.tables.scan(table, behind=behind)

    def accepted_history(self, of: str = "") -> pa.Table:
        """The rows of this step's own table, or of one of a step of `last_round`, as the checks last accepted them."""
        table = of or self.step
        if (step := WRITTEN_BY[table]) not in (self.step, *self._spec.last_round):
            raise InvalidInput(f"{self.step} reads {table} of {step}; name {step} in its last_round in runtime/plan.py")
        batch = self.batch if step == self.step else ""
        version = self._gate.latest(step, batch)
        if version is not None and self._gate.refusal(version):
            version = self._gate.accepted_before(step, batch)
        at = None if version is None else version.version_of(table)
        return self._store.read(table, at={}) if at is None else self._store.read(table, version=at)

    def exists(self, table: str) -> bool:
        """Whether a declared table was ever written."""
        self._declared(table)
        return self._store.exists(table)

    def table_version(self, table: str) -> int | None:
        """The Delta version of a declared table; None where it does not exist."""
        self._declared(table)
        return self._store.version(table) if partition_column(table) else self.tables.version(table)

    def pinned_versions(self) -> dict[str, int | None]:
        """The Delta versions that a release stands on, by table; None where it does not exist.

        A partition of which a later delivery is held back is read at an earlier version, which is named by
        `table/partition`.
        """
        versions: dict[str, int | None] = {}
        for table in (name for name in pinned_tables() if WRITTEN_BY[name] in self.runtime.steps):
            if not partition_column(table):
                versions[table] = self.tables.version(table)
                continue
            versions[table] = self._store.version(table)
            rewritten = self._store.rewritten(table, self.tables.partitions(table))
            versions |= {f"{table}/{batch}": version for batch, version in rewritten.items()}
        return versions

    def last_decisions(self) -> pa.Table:
        """The last decisions of this step on this partition (sample_id, verdict), from the ledger."""
        mine = {"step": self.step, "batch": self.batch}
        return self._store.read("ledger", partition=mine, columns=["sample_id", "verdict"])

    def take_known_labels(self) -> None:
        """Make the labels known beforehand part of the input version."""
        self.inputs |= known_label_inputs(self.corpus, self._gate, self.tables)

    def used(self, *, as_of: str = "") -> Used:
        """What the accepted versions of all steps were made with, by step and partition.

        Args:
            as_of: A step without partitions: of those that it read, the versions that it read.
        """
        return used_by_steps(self._gate, as_of)

    def refuse_other_rows(self, reader: str, *tables: str) -> None:
        """Stop where a step was made of other rows of tables without partitions than those that are read now.

        Raises: ChecksFailed naming both steps and the remedy.
        """
        refuse_other_rows(self._gate, reader, tables, before=self.step)

    def last_version(self) -> StepVersion | None:
        """The last version of this step for this partition; None before the first."""
        return step_versions(self._store, self.step, self.batch).get((self.step, self.batch))

    def all_versions(self) -> dict[tuple[str, str], StepVersion]:
        """The last version of every step that the corpus has, by step and partition."""
        steps = (*self.runtime.steps, "sql_models", "sql_tests")
        return {key: version for key, version in step_versions(self._store).items() if key[0] in steps}

    def open_versions(self) -> dict[tuple[str, str], StepVersion]:
        """The version of every step that is open to readers, by step and partition; not of those after this one."""
        before = MADE_STEPS[: MADE_STEPS.index(self.step)]
        return {(step, batch): v for step in before for batch, v in sorted(self._gate.accepted(step).items())}

    def accepted_versions(self) -> dict[str, StepVersion]:
        """The partitions of this very step that passed their checks, by batch, in order."""
        return dict(sorted(self._gate.accepted(self.step).items()))

    def tree(self, *, is_input: bool = True) -> "tuple[ClusterTree, pa.Table]":
        """The cluster tree over all samples, and the samples in its row order (sample_id, batch).

        Args:
            is_input: False where a newer tree does not make the step's result stale.

        Raises: ChecksFailed when there is no tree, or its checks hold it back.
        """
        self._declared("cluster_tree")
        version = self._gate.require("cluster_tree", "")
        if is_input:
            self._refuse_other_vectors(version)
            self.inputs["cluster_tree/"] = version.data_version
        return self.frozen_tree()

    def encoder_in_use(self) -> EncoderUsed:
        """The encoder of all vectors that this step may read."""
        return self._gate.encoder_in_use()

    def encoder_of(self, step: str) -> EncoderUsed:
        """The encoder of the vectors that the last version of a declared step without partitions was made from."""
        self._declared(step)
        version = self._gate.latest(step, "")
        return EncoderUsed("", "") if version is None else encoder_used(self._store, version)

    def frozen_tree(self) -> "tuple[ClusterTree, pa.Table]":
        """The tree in service and its samples; to the step that makes it, whatever its checks say."""
        from data_engine.clustering import tree_of

        assignments = self.look_up("tree_assignments")
        return tree_of(self.look_up("cluster_tree"), assignments), assignments.select(["sample_id", "batch"])

    def embeddings_of(self, sample_ids: pa.ChunkedArray | pa.Array) -> "dict[str, NDArray[np.float32]]":
        """The embeddings of those of the samples that have one, by id."""
        self._declared("embeddings")
        return embeddings.embeddings_by_id(self.tables, sample_ids)

    def embeddings_in_order(self, sample_ids: pa.ChunkedArray) -> "NDArray[np.float32]":
        """(n, dim) embeddings of these samples, in their order. Raises: InvalidInput when one of them has none."""
        self._declared("embeddings")
        return embeddings.embeddings_in_order(self.tables, sample_ids)

    def embeddings_at(self, samples: pa.Table) -> "NDArray[np.float32]":
        """(n, dim) embeddings of samples (sample_id, batch), in their order; only their batches are read."""
        from data_engine.storage import read_some_embeddings

        self._declared("embeddings")
        return read_some_embeddings(self._store, samples, self.tables.partitions("embeddings"))

    def subset_embeddings(self) -> "tuple[list[str], NDArray[np.float32]]":
        """The ids of the balanced subset, sorted, and their (n, dim) embeddings."""
        self._declared("embeddings")
        return embeddings.sorted_embeddings(self.tables, self.read("balanced_subset")["sample_id"])

    def _accepted(self, table: str) -> dict[str, int]:
        """The accepted batches of an input, each with the version of the table that holds its rows."""
        step = WRITTEN_BY[table]
        accepted, held = self._gate.sorted_out(step)
        for batch, reason in held.items():
            what = "stays as it was accepted before" if batch in accepted else "is left out"
            logger.warning("batch %s of %s %s: %s", batch, step, what, reason)
        self.inputs.update({f"{step}/{batch}": version.data_version for batch, version in accepted.items()})
        versions = {batch: version.table_version for batch, version in sorted(accepted.items())}
        self.tables.stands_on.update({f"{step}/{batch}": version for batch, version in versions.items()})
        return versions

    def _refuse_other_vectors(self, version: StepVersion) -> None:
        """Of a step that reads vectors: what it reads beside them was made from vectors of the same encoder."""
        made = encoder_used(self._store, version).version
        if made and "embeddings" in self._spec.reads:
            refuse_another(version.step, made, self.encoder_in_use())

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
        old = (block := getattr(corpus, name)).model_dump()
        new = {key: {**old[key], **value} if isinstance(value, Mapping) else value for key, value in given.items()}
        blocks[name] = type(block).model_validate({**old, **new})
    return corpus.model_copy(update=blocks) if blocks else corpus


def _undeclared(spec: StepSpec, table: str, field_name: str) -> str:
    step = WRITTEN_BY.get(table)
    if step is None:
        return f"step {spec.name} reads {table!r}, which no step of the plan writes; these are: {', '.join(WRITTEN_BY)}"
    return (
        f"step {spec.name} reads {table}, but runtime/plan.py does not declare that; add {step!r} to the {field_name} "
        f"of {spec.name}, so that the lineage shows it"
    )
