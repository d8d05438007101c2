"""AcceptedTables: the one way to read the tables of a corpus, at the very versions that their checks accepted.

What the checks say is decided in `check_gate.py`; which tables a step may read at all, in `step_inputs.py`.

A table can hold rows that nobody judged: those of a run that was killed before it kept its version, or of one that
writes this moment. So a table is never read as it is now, but as of the version that was judged. Of a batch, the tables
of the earlier steps are read at the versions that its later ones were made from.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from data_engine.runtime.plan import BATCH_STEPS, STEPS, WRITTEN_BY, partition_column
from data_engine.runtime.versions import StepVersion
from data_engine.storage.presence import was_written

if TYPE_CHECKING:
    from data_engine.storage import TableStore


class StepVerdicts(Protocol):
    """What the checks say of the versions of steps."""

    def latest(self, step: str, batch: str) -> StepVersion | None:
        """The last version of a partition, judged or not."""

    def require(self, step: str, batch: str) -> StepVersion:
        """The last version of a partition, which has to be accepted."""

    def accepted(self, step: str) -> Mapping[str, StepVersion]:
        """The accepted version of every partition that has one."""


@dataclass(frozen=True)
class AcceptedTables:
    """The tables of a corpus as a step, or somebody beside the steps, may read them.

    Attributes:
        store: The tables.
        verdicts: What the checks say of them.
        reader: The step that reads; empty for somebody beside the steps, who reads what has passed all of them.
        batch: The partition of the step that reads.
        judged: A version of the reading step that is about to be judged: its own tables are read at this version, and
            others at those that it was made from.
        stands_on: Versions of what was read so far: `table`, or `table/partition` where all partitions were read.
    """

    store: "TableStore"
    verdicts: StepVerdicts
    reader: str = ""
    batch: str = ""
    judged: StepVersion | None = None
    stands_on: dict[str, int] = field(default_factory=dict)

    def read(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        among: Mapping[str, pa.Array] | None = None,
        batch: str | None = None,
        behind: str = "",
    ) -> pa.Table:
        """Rows of a table, as `TableStore.read` gives them; empty where there is nothing yet.

        Args:
            table: A table that a step writes.
            columns: Columns wanted; None reads all.
            among: Values of columns that rows must have.
            batch: The partition to read; None reads all that are accepted.
            behind: Of all partitions, those that this step accepted, at the versions that it was made from.

        Raises: ChecksFailed when a blocking check holds the table, or this one partition, back.
        """
        return self.store.read(table, columns=columns, among=among, **self._place(table, batch, behind))

    def read_pieces(self, table: str, columns: Sequence[str], *, batch: str | None) -> Iterator[pa.RecordBatch]:
        """The rows of `read` in the same order, a piece in memory at a time. Raises: ChecksFailed as `read` does."""
        from data_engine.storage.tables.table_scan import pieces_of

        return pieces_of(self.store.dataset(table, **self._place(table, batch, "")), {}, columns)

    def scan(self, table: str, *, behind: str = "") -> Any:
        """The same rows of all partitions as a pyarrow dataset, for reading rows that are few among many."""
        return self.store.dataset(table, **self._place(table, None, behind))

    def partitions(self, table: str, *, behind: str = "") -> dict[str, int]:
        """The accepted partitions of a table, each with the version of the table to read it at."""
        step = WRITTEN_BY[table]
        if self.judged is not None and not behind:
            read = {name.partition("/"): version for name, version in self.judged.table_versions.items()}
            made_from = {batch: version for (name, _, batch), version in read.items() if name == step and batch}
            if made_from:
                return dict(sorted(made_from.items()))
        accepted = self.verdicts.accepted(behind or _last_step_behind(self.reader, step))
        found = {batch: self._known_at(table, batch, version) for batch, version in accepted.items()}
        if None in found.values():
            known = {batch: version.table_version for batch, version in self.verdicts.accepted(step).items()}
            found = {batch: known.get(batch) if version is None else version for batch, version in found.items()}
        return {batch: version for batch, version in sorted(found.items()) if version is not None}

    def decisions(self, step: str, batch: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """What a step decided of each sample when it wrote the version that is read, from the ledger."""
        if self.judged is not None and step == self.reader:
            version: StepVersion | None = self.judged
        else:
            version = self.verdicts.accepted(step).get(batch)
        if version is None:
            return self.store.read("ledger", columns=columns, at={})
        at = version.table_versions.get("ledger")
        return self.store.read("ledger", partition={"step": step, "batch": batch}, columns=columns, version=at)

    def version(self, table: str) -> int | None:
        """The Delta version of a table without partitions that is read; None where there is none yet.

        Raises: ChecksFailed when a blocking check holds the table back.
        """
        step = WRITTEN_BY[table]
        if step == self.reader:
            own = self.judged or self.verdicts.latest(step, self.batch)
            return None if own is None or not self._is_there(own) else self._known(own, table)
        if self.judged is not None and table in self.judged.table_versions:
            return self.judged.table_versions[table]
        if self.verdicts.latest(step, "") is None:
            return None
        return self._known(self.verdicts.require(step, ""), table)

    def _place(self, table: str, batch: str | None, behind: str) -> dict[str, Any]:
        if not partition_column(table):
            version = self.version(table)
            if version is None:
                return {"at": {}}
            if WRITTEN_BY[table] != self.reader:
                self.stands_on[table] = version
            return {"version": version}
        if batch is None:
            return {"at": self.partitions(table, behind=behind)}
        version = self._version_of(table, batch)
        return {"at": {} if version is None else {batch: version}}

    def _version_of(self, table: str, batch: str) -> int | None:
        """The version of one partition: of the reader's own partition, what it was made from."""
        step = WRITTEN_BY[table]
        if step == self.reader:
            if batch != self.batch:
                own = self.verdicts.accepted(step).get(batch)
            else:
                own = self.judged or self.verdicts.latest(step, batch)
            return None if own is None or not self._is_there(own) else own.table_version
        if batch == self.batch:
            known = self.stands_on if self.judged is None else self.judged.table_versions
            if table in known and rows_are_there(self.store, table, batch, known[table]):
                return known[table]
            if self.judged is not None:
                # An earlier engine did not keep what a version was made from.
                last = self.verdicts.latest(step, batch)
                return None if last is None else last.table_version
        accepted = self.verdicts.require(step, batch)
        if batch == self.batch:
            made_from = {name: v for name, v in accepted.table_versions.items() if name in STEPS}
            self.stands_on.update({**made_from, table: accepted.table_version, **self.stands_on})
        return accepted.table_version

    def _known_at(self, table: str, batch: str, accepted: StepVersion) -> int | None:
        """The version of a partition that an accepted one was made from.

        None where an earlier engine did not keep it, or where it is lost: the same rows were written anew then, or what
        was made from them is stale.
        """
        version = accepted.version_of(table)
        if version is None or accepted.step == table:
            return version
        return version if rows_are_there(self.store, table, batch, version) else None

    def _is_there(self, version: StepVersion) -> bool:
        return rows_are_there(self.store, version.step, version.batch, version.table_version)

    def _known(self, version: StepVersion, table: str) -> int | None:
        """The version of one of a step's tables; the latest where an earlier engine did not keep it."""
        found = version.version_of(table)
        return self.store.version(table) if found is None else found


def rows_are_there(store: "TableStore", step: str, batch: str, table_version: int) -> bool:
    """Whether the rows that a step wrote for a partition at a version of its table are not lost.

    Version 0 is no write, so that there is nothing to lose.
    """
    column = partition_column(step)
    piece = {column: batch} if column else {}
    return table_version == 0 or was_written(store, step, piece, table_version)


@cache
def _behind(step: str) -> frozenset[str]:
    """Every step that this one stands on."""
    if not step:
        return frozenset(STEPS)
    reads = STEPS[step].reads
    return frozenset(reads).union(*(_behind(read) for read in reads))


@cache
def _last_step_behind(reader: str, step: str) -> str:
    """The last step of a batch that stands on this one and that the reader stands on: what it accepted is read."""
    if reader == step:
        return step
    after = [s for s in BATCH_STEPS if s in _behind(reader) and (s == step or step in _behind(s))]
    return after[-1] if after else step
