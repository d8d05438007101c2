"""Accepted samples of other batches that a new batch could repeat, and their texts.

A batch is compared with everything accepted, so the sketches of accepted samples are kept in an index on disk, one
segment per version of a batch until many are merged. A batch that its checks hold back has accepted nothing, or what it
shares with others would be in neither; a batch that is materialized anew has a new version and a new segment.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.segment_kinds import name_of, near_search, segment_kind
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.versions import StepVersion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data_engine.duplicates.segment_kind import SegmentKind
    from data_engine.duplicates.texts import Sketches
    from data_engine.filtering import Accepted
    from data_engine.storage import Segment, TableStore
    from data_engine.storage.merged_segments import AcceptedSegment

_Found = TypeVar("_Found")

_SCHEMA = pa.schema([("sample_id", pa.string()), ("batch", pa.string()), ("minhash", pa.binary())])
_SKETCHES = pa.schema([("sample_id", pa.string()), ("sketch", pa.binary())])


def accepted_by_others(step_run: StepRun, sample_ids: pa.ChunkedArray, similarity: float | None) -> "Accepted":
    """What the other batches have accepted, as the first pass of this batch asks for it.

    Args:
        step_run: The first pass of a batch.
        sample_ids: The raw samples of this batch.
        similarity: At and above which a text is a near-duplicate; None where only equal ones are looked for.
    """
    from data_engine.filtering import Accepted

    search, others = near_search(step_run.corpus), _others(step_run)
    kind = search.kind(similarity)
    equal = _equal(step_run, sample_ids, others, kind)
    if not search.compares_texts:
        none_near = _NearTexts(step_run, {}, kind)
        return Accepted(equal, none_near.find, none_near.texts, accepted_sketches(step_run))
    near = _NearTexts(step_run, others, kind)
    return Accepted(equal, near.find, near.texts)


def accepted_sketches(step_run: StepRun) -> "Callable[[NDArray[np.uint8]], pa.Table]":
    """Returns a search of the other batches: kept samples (`sample_id`, `sketch`) that may be like some sketches."""
    others, kind = _others(step_run), segment_kind(step_run.corpus)
    # Asked for every piece of the batch, and the same for all of them.
    moved = cache(lambda batch: _moved_away(step_run, batch, others[batch]))

    def near(sketches: "NDArray[np.uint8]") -> pa.Table:
        by_batch = {}
        for part in _segments(step_run, others, kind):
            segment = part.segment
            for batch, rows in part.by_batch(kind.near(segment, sketches)):
                found = pa.table([segment.sample_ids(rows), segment.sketch_bytes(rows)], schema=_SKETCHES)
                by_batch[batch] = _without(found, moved(batch))
        return pa.concat_tables([_SKETCHES.empty_table(), *_in_order(others, by_batch)])

    return near


def _others(step_run: StepRun) -> dict[str, StepVersion]:
    """The other batches that passed their checks, in order."""
    return {batch: version for batch, version in step_run.accepted_versions().items() if batch != step_run.batch}


def _equal(
    step_run: StepRun, sample_ids: pa.ChunkedArray, others: dict[str, StepVersion], kind: "SegmentKind"
) -> pa.Array:
    """Those of the samples that other batches keep."""
    from data_engine.storage import ids_as_numbers

    if not others:
        return pa.array([], pa.string())
    ids, by_batch = np.unique(ids_as_numbers(sample_ids.to_pylist()), axis=0), {}
    for part in _segments(step_run, others, kind):
        for batch, rows in part.by_batch(part.segment.rows_of_sorted_ids(ids)):
            moved = set(_moved_away(step_run, batch, others[batch]).to_pylist())
            by_batch[batch] = [sample for sample in part.segment.sample_ids(rows) if sample not in moved]
    return pa.array([sample for found in _in_order(others, by_batch) for sample in found], pa.string())


def _in_order(others: Mapping[str, StepVersion], by_batch: Mapping[str, _Found]) -> list[_Found]:
    """What was found in the other batches, in the order of the batches."""
    return [by_batch[batch] for batch in others if batch in by_batch]


def _moved_away(step_run: StepRun, batch: str, version: StepVersion) -> pa.Array:
    """What a version of another batch keeps and its newest raw index does not have any more.

    Its first pass is made again in this run; until then it must not make duplicates of what has moved to this batch.
    """
    raw = step_run.tables.verdicts.accepted("raw_index").get(batch)
    if raw is None or raw.table_version == version.table_versions.get("raw_index", raw.table_version):
        return pa.array([], pa.string())
    now = step_run.look_up("raw_index", columns=["sample_id"], batch=batch)["sample_id"].combine_chunks()
    kept = pa.array(kept_ids(step_run, batch), pa.string())
    return kept.filter(pc.invert(pc.is_in(kept, value_set=now)))


def _without(found: pa.Table, sample_ids: pa.Array) -> pa.Table:
    if not len(sample_ids):
        return found
    return found.filter(pc.invert(pc.is_in(found["sample_id"], value_set=sample_ids)))


class _NearTexts:
    """A search of the other batches for texts that share a key with new ones."""

    def __init__(self, step_run: StepRun, others: dict[str, StepVersion], kind: "SegmentKind") -> None:
        self._step_run, self._others, self._kind = step_run, others, kind
        self._found = _SCHEMA.empty_table()

    def find(self, sketches: "Sketches") -> pa.Table:
        """Kept texts (`sample_id`, `batch`, `minhash`) that may be like any of those with these sketches."""
        tables = [_SCHEMA.empty_table()]
        if self._others:
            by_batch = {}
            for part in _segments(self._step_run, self._others, self._kind):
                segment = part.segment
                for batch, rows in part.by_batch(self._kind.near(segment, sketches.as_bytes())):
                    columns = [segment.sample_ids(rows), [batch] * len(rows), segment.sketch_bytes(rows)]
                    found = pa.table(columns, schema=_SCHEMA)
                    moved = _moved_away(self._step_run, batch, self._others[batch])
                    by_batch[batch] = _without(found, moved)
            tables += _in_order(self._others, by_batch)
        self._found = pa.concat_tables(tables)
        return self._found

    def texts(self, sample_ids: Sequence[str]) -> list[str]:
        """The texts of some of what was found last."""
        return texts_of(self._step_run, self._found)(sample_ids)


def _segments(step_run: StepRun, others: Mapping[str, StepVersion], kind: "SegmentKind") -> "list[AcceptedSegment]":
    """Segments that together hold what the other batches keep, each sample once."""
    from data_engine.storage.merged_segments import accepted_segments

    versions = {batch: name_of(kind, version) for batch, version in others.items()}
    return accepted_segments(
        step_run.accepted_index(), versions, lambda batch: _segment(step_run, batch, others[batch], kind)
    )


def _segment(step_run: StepRun, batch: str, version: StepVersion, kind: "SegmentKind") -> "Segment":
    """The segment of a batch as it is now, written where it is missing."""
    index = step_run.accepted_index()
    name = name_of(kind, version)
    found = index.open(batch, name)
    if found is not None:
        return found
    ids = kept_ids(step_run, batch)
    table, has_sketch = _sketches(step_run, batch, kind, len(ids))
    with_sketch = np.flatnonzero(has_sketch)
    keys, numbers = kind.entries(table if len(with_sketch) == len(table) else table[with_sketch])
    return index.write(batch, name, sample_ids=ids, sketches=table, keys=keys, rows=with_sketch[numbers])


def _sketches(
    step_run: StepRun, batch: str, kind: "SegmentKind", n_kept: int
) -> "tuple[NDArray[np.uint8], NDArray[np.bool_]]":
    """(n_kept, width) the sketches of what a batch keeps, and which of them there are."""
    table, has_sketch = np.zeros((n_kept, kind.stack([]).shape[1]), np.uint8), np.zeros(n_kept, bool)
    start = 0
    for piece in step_run.look_up_batches("first_pass", ["verdict", kind.column], batch=batch):
        column = piece.filter(pc.equal(piece["verdict"], "kept"))[kind.column]
        there = np.flatnonzero(column.is_valid())
        table[start + there] = kind.stack(column.take(pa.array(there)).to_pylist())
        has_sketch[start + there] = True
        start += len(column)
    return table, has_sketch


def orphaned_duplicates(runtime: CorpusRuntime, store: "TableStore") -> dict[str, int]:
    """Count the duplicates of each batch whose twin is no longer kept, so that their content is lost.

    A twin is kept where a batch past its checks keeps it, or the batch of the duplicate itself. Only the duplicates and
    their twins are held in memory.

    Returns: by batch, in order; those without such a duplicate are left out.
    """
    gate = CheckGate(runtime, store, "plan")
    accepted_batches, held = gate.sorted_out("first_pass")
    last = {batch: gate.latest("first_pass", batch) for batch in held}
    versions = {batch: version for batch, version in {**last, **accepted_batches}.items() if version is not None}
    verdicts = store.dataset("first_pass", at={batch: version.table_version for batch, version in versions.items()})
    repeats = verdicts.to_table(columns=["batch", "duplicate_of"], filter=pc.field("duplicate_of").is_valid())
    named = pc.unique(repeats["duplicate_of"])
    is_kept_twin = (pc.field("verdict") == "kept") & pc.field("sample_id").isin(named)
    twins = verdicts.to_table(columns=["batch", "sample_id"], filter=is_kept_twin)
    accepted = twins.filter(pc.is_in(twins["batch"], pa.array(accepted_batches, pa.string())))["sample_id"]
    open_ends = repeats.filter(pc.invert(pc.is_in(repeats["duplicate_of"], accepted.combine_chunks())))
    own = set(zip(twins["batch"].to_pylist(), twins["sample_id"].to_pylist(), strict=True))
    pairs = zip(open_ends["batch"].to_pylist(), open_ends["duplicate_of"].to_pylist(), strict=True)
    return dict(sorted(Counter(batch for batch, twin in pairs if (batch, twin) not in own).items()))


def kept_before(step_run: StepRun) -> list[str]:
    """The ids of what this batch kept when it was judged the last time, whether or not its checks held it back."""
    return kept_ids(step_run, step_run.batch)


def kept_ids(step_run: StepRun, batch: str) -> list[str]:
    """The ids of what a batch keeps, in the order of its rows."""
    table = step_run.look_up("first_pass", columns=["sample_id", "verdict"], batch=batch)
    kept: list[str] = table.filter(pc.equal(table["verdict"], "kept"))["sample_id"].to_pylist()
    return kept


def texts_of(step_run: StepRun, accepted: pa.Table) -> Callable[[Sequence[str]], list[str]]:
    """Returns a reader of accepted samples' texts by id, from the raw index; only these are ever in memory.

    Args:
        step_run: The first pass of a batch.
        accepted: Columns `sample_id` and `batch` of all that may be asked for.
    """

    def read(sample_ids: Sequence[str]) -> list[str]:
        wanted = pa.array(sample_ids, pa.string())
        batches = pc.unique(accepted.filter(pc.is_in(accepted["sample_id"], wanted))["batch"])
        found = step_run.scan("raw_index", behind="first_pass").to_table(
            columns=["sample_id", "text"],
            filter=pc.field("batch").isin(batches) & pc.field("sample_id").isin(wanted),
            batch_readahead=2,
            fragment_readahead=1,
        )
        by_id = dict(zip(found["sample_id"].to_pylist(), found["text"].to_pylist(), strict=True))
        return [by_id.get(sample_id) or "" for sample_id in sample_ids]

    return read
