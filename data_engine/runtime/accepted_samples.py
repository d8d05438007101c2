"""Accepted samples of other batches that a new batch could repeat, and their texts.

A batch is compared with everything accepted, so the sketches of accepted samples are kept in an index on disk, one
segment per version of a batch. A batch that its checks hold back has accepted nothing, or what it shares with others
would be in neither; a batch that is materialized anew has a new version and a new segment.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.versions import StepVersion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data_engine.storage import Segment, TableStore

_SCHEMA = pa.schema([("sample_id", pa.string()), ("batch", pa.string()), ("minhash", pa.binary())])
_IMAGES = pa.schema([("sample_id", pa.string()), ("sketch", pa.binary())])


def duplicate_candidates(step_run: StepRun, raw: pa.Table, similarity: float | None) -> pa.Table:
    """Kept samples of the other batches that a raw sample of this batch equals or may nearly repeat.

    Args:
        step_run: The first pass of a batch.
        raw: Its raw index.
        similarity: At and above which a text is a near-duplicate; None where only equal ones are looked for.

    Returns: Table with columns `sample_id`, `batch` and `minhash`; of images only those that are equal, without it.
    """
    like = _equal if step_run.corpus.is_of_images else _alike
    return pa.concat_tables([_SCHEMA.empty_table(), *like(step_run, raw, similarity)])


def accepted_images(step_run: StepRun) -> "Callable[[NDArray[np.uint8]], pa.Table]":
    """Returns a search of the other batches: kept images (`sample_id`, `sketch`) near to sketches by their hashes."""
    from data_engine.duplicates.images import hashes_of, rows_near

    others = _others(step_run)

    def near(sketches: "NDArray[np.uint8]") -> pa.Table:
        hashes = hashes_of(sketches)
        tables = [_IMAGES.empty_table()]
        for batch, version in others.items():
            segment = _segment(step_run, batch, version, _OF_IMAGES)
            rows = rows_near(segment.keys, segment.rows, hashes)
            tables.append(pa.table([segment.sample_ids(rows), segment.sketch_bytes(rows)], schema=_IMAGES))
        return pa.concat_tables(tables)

    return near


def _others(step_run: StepRun) -> dict[str, StepVersion]:
    """The other batches that passed their checks, in order."""
    return {batch: version for batch, version in step_run.accepted_versions().items() if batch != step_run.batch}


def _equal(step_run: StepRun, raw: pa.Table, _: float | None) -> Iterator[pa.Table]:
    from data_engine.storage import ids_as_numbers

    ids = ids_as_numbers(raw["sample_id"].to_pylist())
    for batch, version in _others(step_run).items():
        segment = _segment(step_run, batch, version, _OF_IMAGES)
        found = segment.sample_ids(segment.rows_of_ids(ids))
        yield pa.table([found, [batch] * len(found), [None] * len(found)], schema=_SCHEMA)


def _alike(step_run: StepRun, raw: pa.Table, similarity: float | None) -> Iterator[pa.Table]:
    from data_engine.duplicates.texts import Sketches, band_keys, bands_and_rows
    from data_engine.storage import ids_as_numbers

    readable = raw.filter(pc.is_valid(raw["text"]))
    n_bands, n_rows = bands_and_rows(similarity or 1.0)
    keys = np.sort(band_keys(Sketches.of(readable["text"].to_pylist()), n_bands, n_rows).keys, axis=1)
    ids = ids_as_numbers(raw["sample_id"].to_pylist())
    for batch, version in _others(step_run).items():
        segment = _segment(step_run, batch, version, _of_texts(n_bands, n_rows))
        rows = segment.rows_of_ids(ids)
        if similarity is not None:
            rows = np.union1d(rows, segment.rows_of_keys(keys))
        columns = [segment.sample_ids(rows), [batch] * len(rows), segment.sketch_bytes(rows)]
        yield pa.table(columns, schema=_SCHEMA)


@dataclass(frozen=True)
class _Kind:
    """The kind of keys and sketches that a segment holds."""

    name: str
    """Changes when the keys do."""
    column: str
    """Of the verdicts, with the sketches."""
    entries: "Callable[[list[bytes]], tuple[NDArray[np.uint8], NDArray[np.uint64], NDArray[np.int64]]]"
    """Gives, of n sketches, their bytes, (n_bands, n_entries) keys, and the sketch that each entry is of."""


def _of_texts(n_bands: int, n_rows: int) -> _Kind:
    from data_engine.duplicates.texts import Sketches, band_keys

    def entries(found: list[bytes]) -> "tuple[NDArray[np.uint8], NDArray[np.uint64], NDArray[np.int64]]":
        sketches = Sketches.from_bytes(found)
        keyed = band_keys(sketches, n_bands, n_rows)
        return sketches.as_bytes(), keyed.keys, keyed.numbers

    return _Kind(f"{n_bands}x{n_rows}", "minhash", entries)


def _image_entries(found: list[bytes]) -> "tuple[NDArray[np.uint8], NDArray[np.uint64], NDArray[np.int64]]":
    from data_engine.duplicates.images import hashes_of, keys_of, stacked

    sketches = stacked(found)
    return sketches, keys_of(hashes_of(sketches)), np.arange(len(found))


_OF_IMAGES = _Kind("turned hashes", "sketch", _image_entries)


def _segment(step_run: StepRun, batch: str, version: StepVersion, kind: _Kind) -> "Segment":
    """The segment of a batch as it is now, written where it is missing."""
    index = step_run.accepted_index()
    name = f"{version.data_version}:{version.table_version}:{kind.name}"
    found = index.open(batch, name)
    if found is not None:
        return found
    kept = _kept(step_run, batch, kind.column)
    with_sketch = np.flatnonzero(kept[kind.column].is_valid())
    sketches, keys, numbers = kind.entries(kept[kind.column].take(pa.array(with_sketch)).to_pylist())
    table = np.zeros((kept.num_rows, sketches.shape[1]), np.uint8)
    table[with_sketch] = sketches
    ids = kept["sample_id"].to_pylist()
    return index.write(batch, name, sample_ids=ids, sketches=table, keys=keys, rows=with_sketch[numbers])


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
    kept: list[str] = _kept(step_run, step_run.batch)["sample_id"].to_pylist()
    return kept


def _kept(step_run: StepRun, batch: str, *columns: str) -> pa.Table:
    table = step_run.look_up("first_pass", columns=["sample_id", "verdict", *columns], batch=batch)
    return table.filter(pc.equal(table["verdict"], "kept"))


def texts_of(step_run: StepRun, accepted: pa.Table) -> Callable[[Sequence[str]], list[str]]:
    """Returns a reader of accepted samples' texts by id, from the raw index; only these are ever in memory.

    Args:
        step_run: The first pass of a batch.
        accepted: What `duplicate_candidates` gives.
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
