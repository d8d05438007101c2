"""Taking batches out of a corpus: their rows leave every table, what people answered about them stays in the queue.

Making a whole corpus new is in `resetting.py`; which batches the source has is in `runtime/source_listing.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import InvalidInput
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import PLAN, partition_column
from data_engine.runtime.versions import step_versions
from data_engine.schemas import SCHEMAS
from data_engine.schemas.child_ids import CHANGES, child_id
from data_engine.schemas.long_columns import one_array

_RECORDS = ("step_versions", "accepted_versions", "check_results")


@dataclass(frozen=True)
class KeptSamples:
    """The kept samples of a corpus (sample_id, batch) at one moment, to be compared with those of a later one."""

    table: pa.Table

    def sentence_until(self, later: "KeptSamples", answered: pa.Array) -> str:
        """What left, came and moved to another batch since, with counts; empty when nothing did.

        Args:
            later: The kept samples now.
            answered: Ids of all samples that have answers.
        """
        before, now = self._ids, later._ids
        left = before.filter(pc.invert(pc.is_in(before, value_set=now)))
        came = pc.sum(pc.invert(pc.is_in(now, value_set=before))).as_py() or 0
        place = pc.index_in(now, value_set=before)
        was_in = self.table["batch"].combine_chunks().take(place)
        n_moved = pc.sum(pc.not_equal(was_in, later.table["batch"].combine_chunks())).as_py() or 0
        n_answered = pc.sum(pc.is_in(left, value_set=answered)).as_py() or 0
        parts = []
        if len(left):
            parts.append(f"{len(left):,} sample{'' if len(left) == 1 else 's'} left")
            if n_answered:
                parts[0] += f", {n_answered:,} of them with answers, which are kept and count again when they come back"
        if came:
            parts.append(f"{came:,} came")
        if n_moved:
            parts.append(f"{n_moved:,} moved to another batch and keep their ids, answers and labels")
        return "; ".join(parts)

    @property
    def _ids(self) -> pa.Array:
        return one_array(self.table["sample_id"])


def kept_samples(runtime: CorpusRuntime) -> KeptSamples:
    """The kept samples of all batches that are past their checks; of a content only the first."""
    store = runtime.store()
    accepted = CheckGate(runtime, store, "plan").accepted("first_pass")
    at = {batch: version.table_version for batch, version in accepted.items()}
    table = store.read("first_pass", columns=["sample_id", "batch", "verdict"], at=at)
    return KeptSamples(table.filter(pc.equal(table["verdict"], "kept")).select(["sample_id", "batch"]))


def batches_taken_in(runtime: CorpusRuntime) -> dict[str, int]:
    """The batches that the corpus has taken in, each with its number of raw samples."""
    return {batch: version.n_rows for (_, batch), version in step_versions(runtime.store(), "raw_index").items()}


def forget_batches(runtime: CorpusRuntime, batches: Sequence[str], *, run_id: str) -> None:
    """Take batches out: their rows in every table, the records of their steps, what was derived of them.

    The records go first: without them rows are never read, so a forgetting that is killed leaves nothing half. Versions
    of tables that a release stands on stay readable.

    Raises: InvalidInput for a batch that the corpus does not have.
    """
    known = batches_taken_in(runtime)
    unknown = [batch for batch in batches if batch not in known]
    if unknown:
        raise InvalidInput(f"the corpus has no batch {unknown[0]!r}; it has {', '.join(sorted(known)) or 'none'}")
    store = runtime.store()
    steps = [spec for spec in PLAN if spec.partition == "batch"]
    for batch in batches:
        for spec in steps:
            for table in (*_RECORDS, "ledger"):
                _empty(runtime, table, {"step": spec.name, "batch": batch}, run_id)
        for spec in steps:
            for table in spec.tables:
                if partition_column(table):
                    _empty(runtime, table, {"batch": batch}, run_id)
        store.sketch_index().forget(batch)


def contents_of(runtime: CorpusRuntime, batches: Sequence[str]) -> pa.Array:
    """The different sample ids of some batches, of which those that are not kept too."""
    store = runtime.store()
    read = [store.read("raw_index", partition={"batch": batch}, columns=["sample_id"]) for batch in batches]
    return pc.unique(pa.concat_tables(read)["sample_id"].combine_chunks())


def forget_vectors(runtime: CorpusRuntime, sample_ids: pa.Array) -> int:
    """Take those of some contents out of the cache of embeddings that no corpus of the data folder has any more.

    Returns: how many vectors went.

    Raises: StorageError where the raw index of a corpus cannot be read; then nothing goes.
    """
    from data_engine.storage import TableStore
    from data_engine.storage.embedding_cache import forget_embeddings

    for folder in sorted(runtime.data_folder.glob("*/tables/raw_index")):
        if len(sample_ids):
            store = TableStore(runtime.data_folder, folder.parents[1].name)
            among = store.read("raw_index", columns=["sample_id"], among={"sample_id": sample_ids})["sample_id"]
            sample_ids = sample_ids.filter(pc.invert(pc.is_in(sample_ids, value_set=pc.unique(among))))
    if not len(sample_ids):
        return 0
    children = [pa.array([child_id(each, change) for each in sample_ids.to_pylist()]) for change in CHANGES]
    return forget_embeddings(runtime.data_folder, pa.concat_arrays([sample_ids, *children]))


def _empty(runtime: CorpusRuntime, table: str, piece: dict[str, str], run_id: str) -> None:
    store = runtime.store()
    if store.exists(table):
        store.write(table, SCHEMAS[table].empty_table(), partition=piece, run_id=run_id, code_version="1")
