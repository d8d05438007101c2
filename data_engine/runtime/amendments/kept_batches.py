"""What stays of a corpus when samples are forgotten: batches that never had to do with them, and figures over time.

All else that is made of the corpus goes, because it is made of all samples: the tree, and what comes after it.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from data_engine.runtime.amendments.forgetting import batches_taken_in
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import BATCH_STEPS, STEPS
from data_engine.runtime.versions import StepVersion, step_versions
from data_engine.schemas import SCHEMAS
from data_engine.storage import TableStore
from data_engine.storage.cleaning.leftovers import delete, leftovers
from data_engine.storage.cleaning.old_versions import delete_old_versions, empty_piece, pieces_of
from data_engine.storage.question_tables import question_stores

_RUN = "forget"
_RECORDS = ("step_versions", "accepted_versions", "check_results", "ledger")

#: Rows that no run makes again: when which alarm was raised and settled, and figures of labels by review batch.
_HISTORY = ("alarms", "label_trends")

#: Folders with what is made of all samples, and the index of accepted ones, which is made anew from tables.
_FOLDERS = ("marts", "reports", "accepted", "learnt")


@dataclass(frozen=True)
class KeptBatches:
    """What of the batches stays.

    Attributes:
        steps: By batch of the corpus, those of its steps whose rows stay; none where all of them go.
        arrived_at: When the samples can have come at the earliest; None where nobody knows.
    """

    steps: Mapping[str, tuple[str, ...]]
    arrived_at: datetime | None

    def counts(self, step: str) -> int:
        """Number of batches of which the rows of a step stay."""
        return sum(step in steps for steps in self.steps.values())


def kept_batches(runtime: CorpusRuntime, wanted: pa.Array) -> KeptBatches:
    """What stays when these samples go.

    A batch stays as far as its steps stand on one another at their newest versions, past their checks. Where a sample
    was rejected as a duplicate of one that goes, only the raw index stays: another might take its place.
    """
    store = runtime.store()
    known = sorted(batches_taken_in(runtime))
    holding = {batch for table in BATCH_STEPS for batch in _batches_with(store, table, "sample_id", wanted)}
    is_repeated = bool(_batches_with(store, "first_pass", "duplicate_of", wanted))
    gate, versions = CheckGate(runtime, store, _RUN, keeps_verdicts=False), step_versions(store)
    accepted = {step: gate.accepted(step) for step in BATCH_STEPS}
    steps: dict[str, tuple[str, ...]] = {}
    for batch in known:
        stay: list[str] = []
        for step in () if batch in holding else BATCH_STEPS[: 1 if is_repeated else None]:
            version = versions.get((step, batch))
            if version is None or accepted[step].get(batch) != version or _stands_on_others(store, version):
                break
            stay.append(step)
        steps[batch] = tuple(stay)
    return KeptBatches(steps, _arrival(store, holding, known))


def _batches_with(store: TableStore, table: str, column: str, wanted: pa.Array) -> list[str]:
    found: list[str] = store.read(table, columns=["batch", column], among={column: wanted})["batch"].to_pylist()
    return found


def _stands_on_others(store: TableStore, version: StepVersion) -> bool:
    """Whether a version was made from rows of its batch that the newest version of their table does not hold."""
    read = ((table.partition("/")[0], number) for table, number in version.table_versions.items())
    return any(table in BATCH_STEPS and store.rewritten(table, {version.batch: number}) for table, number in read)


def _arrival(store: TableStore, holding: set[str], known: list[str]) -> datetime | None:
    """When the first batch came that holds one, is gone or was read more than once, and so may have held one."""
    first: dict[str, datetime] = {}
    maybe = set(holding)
    for commit in reversed(store.history("raw_index")):
        batch = commit.partition.get("batch", "")
        if batch and (batch in first or batch not in known):
            maybe.add(batch)
        if batch:
            first.setdefault(batch, commit.committed_at)
    return min((at for batch, at in first.items() if batch in maybe), default=None) if holding else None


def keep_only(runtime: CorpusRuntime, kept: KeptBatches, wanted: pa.Array) -> None:
    """Delete everything that is made of a corpus but what stays, old versions and leftovers of killed runs included.

    The records go first, so a killed one leaves nothing that passes for whole.
    """
    store, ids = runtime.store(), wanted.to_pylist()
    stays = {(step, batch) for batch, steps in kept.steps.items() for step in steps}
    for table in _RECORDS:
        for piece in pieces_of(store, table):
            if table == "accepted_versions" or (piece["step"], piece["batch"]) not in stays:
                empty_piece(store, table, piece, run_id=_RUN)
    tables = {table: step for step in BATCH_STEPS for table in STEPS[step].tables}
    for table, step in tables.items():
        for piece in pieces_of(store, table):
            if (step, piece["batch"]) not in stays:
                empty_piece(store, table, piece, run_id=_RUN)
    _delete_all_but(store, (*_RECORDS, *tables), ids)
    for each in question_stores(store):
        _delete_all_but(each, (), ids)


def _delete_all_but(store: TableStore, tables: Collection[str], ids: list[str]) -> None:
    """Delete what is made of a corpus or of a question but the newest version of some tables, and its history."""
    for table in _HISTORY:
        _without(store, table, ids)
    for table in SCHEMAS:
        if table in tables or table in _HISTORY:
            delete_old_versions(store, table)
        else:
            delete([store.path(table)])
    delete([store.folder / name for name in _FOLDERS])
    # No command is at work, so nobody is in the middle of writing.
    delete(leftovers(store.folder, now=datetime.now(UTC) + timedelta(days=2)))
    _forget_examples(store.folder / "foundation_model" / "calls.db", ids)


def _forget_examples(path: Path, ids: list[str]) -> None:
    from data_engine.foundation_model.call_book import CallBook

    if path.exists():
        with CallBook(path, run_id=_RUN) as book:
            book.forget_examples(ids)


def _without(store: TableStore, table: str, ids: list[str]) -> None:
    """Take rows that name one of some samples out of a table that is written whole."""
    if not store.exists(table):
        return
    rows = store.read(table)
    named = [any(each in said for each in ids) for said in map(_said, rows.to_pylist())]
    if any(named):
        store.write(table, rows.filter(pa.array([not each for each in named])), run_id=_RUN, code_version="1")


def _said(row: Mapping[str, object]) -> str:
    return json.dumps(row, default=str)
