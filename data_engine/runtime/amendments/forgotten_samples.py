"""Forgetting samples: their content, vectors, answers and released bytes go from all that the engine holds.

Old versions of tables, reports, indexes and models hold content in many forms, so they go, and so do the batches that
hold the samples; the next run makes them anew. Other batches, answers about other samples, vectors of other contents
and releases without the samples stay, see `kept_batches.py`. Whole batches are taken out in `forgetting.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import DataEngineError, InvalidInput, StorageError, UnknownSample
from data_engine.releasing.release_marks import mark_forgotten, pin_release, put_into_service, read_marks
from data_engine.releasing.remaking import release_without
from data_engine.runtime.amendments.forgetting import forget_vectors
from data_engine.runtime.amendments.kept_batches import KeptBatches, keep_only, kept_batches
from data_engine.runtime.amendments.tombstones import Tombstone, add_tombstones, tombstones
from data_engine.runtime.amendments.unfinished_forgetting import unfinished_forgetting, with_unfinished
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import BATCH_STEPS
from data_engine.runtime.releases.release_life import Releases, samples_of
from data_engine.storage.atomic_files import delete_folder
from data_engine.storage.retention import pin_nothing


@dataclass(frozen=True)
class Forgetting:
    """What forgetting some samples would do.

    Attributes:
        runtime: The corpus, as a whole.
        sample_ids: The samples, sorted.
        places: Where the source has them, as the raw index says it.
        alike: Samples that nearly repeat them, and stay.
        n_answers: Answers about them in the review queue.
        releases: By release, which of the samples it holds.
        kept: What stays of the batches.
        gone: Batches of which nothing stays.
        n_unfinished: How many of the samples are those of a forgetting that was broken off.
    """

    runtime: CorpusRuntime
    sample_ids: tuple[str, ...]
    places: tuple[str, ...]
    alike: tuple[str, ...]
    n_answers: int
    releases: dict[str, tuple[str, ...]]
    kept: KeptBatches
    gone: tuple[str, ...] = ()
    n_unfinished: int = 0

    def told(self) -> list[str]:
        """Lines that say what goes, what stays, and what is not in the engine's hands."""
        name, n = self.runtime.corpus.name, len(self.sample_ids)
        lines = [f"{self.n_unfinished:,} of them are those of a forgetting that was broken off"] * bool(
            self.n_unfinished
        )
        lines += [
            f"{n:,} sample{'s' * (n > 1)} of {name} {'goes' if n == 1 else 'go'} for good, with content, vectors, "
            f"thumbnails and {self.n_answers:,} answer{'s' * (self.n_answers != 1)}",
            *self._told_of_batches(),
            f"the tree and what is made after it go too, with old versions of tables, models, reports, indexes and the "
            f"history in Dagster since the samples came; data-engine run {name} makes a new tree, subset and report",
            "kept: a tombstone of each (id, time, reason), answers about other samples, vectors of other contents",
        ]
        lines += [
            f"release {release} holds {len(held):,} of them: it is made anew without them, under another id"
            for release, held in self.releases.items()
        ]
        lines += [f"the source still has it at {place}; it is not taken in again" for place in self.places]
        if self.alike:
            lines.append(f"these nearly repeat it and stay; forget them too if need be: {', '.join(self.alike)}")
        lines.append("not reached: backups, exports, copies of releases, and what others have downloaded")
        return lines

    def _told_of_batches(self) -> list[str]:
        n = len(self.kept.steps)
        read, whole = (self.kept.counts(step) for step in (BATCH_STEPS[0], BATCH_STEPS[-1]))
        lines = (
            [f"batches: {n - read:,} of {n:,} to be read again; of {whole:,} everything stays up to the vectors"]
            if n
            else []
        )
        if read > whole:
            lines.append(f"{read - whole:,} stay as read and are judged again, for one may take the place of what goes")
        return lines


def forgetting_of(runtime: CorpusRuntime, sample_ids: Sequence[str]) -> Forgetting:
    """What forgetting these samples would do.

    Args:
        runtime: The corpus, as a whole.
        sample_ids: Whole ids, so that nothing else is forgotten by a slip. Those of a forgetting that was broken off
            are added.

    Raises: InvalidInput for no id; UnknownSample for one that neither the corpus nor a release of it has.
    """
    if not sample_ids:
        raise InvalidInput("no sample is named; give the ids of the samples to forget")
    wanted = pa.array(with_unfinished(runtime, sample_ids), pa.string())
    store = runtime.store()
    found = store.read("raw_index", columns=["sample_id", "uri"], among={"sample_id": wanted})
    releases = _releases_with(runtime, wanted)
    known = {*found["sample_id"].to_pylist(), *(key for held in releases.values() for key in held)}
    unknown = sorted(set(wanted.to_pylist()) - known - tombstones(runtime).keys())
    if unknown:
        raise UnknownSample(
            f"corpus {runtime.corpus.name} has no sample {unknown[0]!r}; give whole ids, as "
            f'data-engine sql "select sample_id, text from raw_index" shows them'
        )
    with runtime.queue() as queue:
        n_answers = sum(
            queue.count_answers_about(each.corpus.name, wanted.to_pylist()) for each in (runtime, *runtime.questions)
        )
    places = tuple(sorted(set(found["uri"].to_pylist())))
    ids, alike, kept = tuple(wanted.to_pylist()), _alike(runtime, wanted), kept_batches(runtime, wanted)
    gone = {batch for batch, steps in kept.steps.items() if not steps}
    begun = unfinished_forgetting(runtime)
    if begun is None:
        return Forgetting(runtime, ids, places, alike, n_answers, releases, kept, tuple(sorted(gone)))
    times = [each for each in (begun.arrived, kept.arrived_at) if each is not None]
    kept = replace(kept, arrived_at=min(times) if begun.arrived else None)
    gone |= set(begun.batches)
    n_begun = len(begun.sample_ids)
    return Forgetting(runtime, ids, places, alike, n_answers, releases, kept, tuple(sorted(gone)), n_begun)


def forget_samples(planned: Forgetting, *, reason: str, now: datetime) -> dict[str, str]:
    """Forget them. A forgetting that is killed is finished by giving it again: the tombstones are set first.

    Returns: by release that held any, the release that was made in its place; "" where nothing is left of it.
    """
    runtime, ids = planned.runtime, pa.array(planned.sample_ids, pa.string())
    at = now.isoformat(timespec="seconds")
    held_by = {key: tuple(name for name, held in planned.releases.items() if key in held) for key in planned.sample_ids}
    add_tombstones(runtime, [Tombstone(key, at, reason, held_by[key]) for key in planned.sample_ids])
    _keep_in_service(Releases(runtime))
    with runtime.queue() as queue:
        for each in (runtime, *runtime.questions):
            queue.forget_samples(each.corpus.name, planned.sample_ids, now=now)
        queue.leave_no_trace()
    keep_only(runtime, planned.kept, ids)
    forget_vectors(runtime, ids)
    made = {name: _made_anew(runtime, name, held, at, reason) for name, held in planned.releases.items()}
    left = [folder.name for folder in Releases(runtime).folders()]
    for each in (runtime, *runtime.questions):
        pin_nothing(each.corpus_folder.parent, each.corpus_folder.name, left)
    return made


def _keep_in_service(releases: Releases) -> None:
    """Mark the release that the tables hold where a newer one is there, for the tables go."""
    folders = releases.folders()
    if folders and not releases.marks.in_service and releases.current() != folders[-1]:
        put_into_service(releases.folder, releases.current().name)


def _made_anew(runtime: CorpusRuntime, name: str, held: tuple[str, ...], at: str, reason: str) -> str:
    """Make a release without samples in the place of one that has them, with its marks. Returns: the new id.

    The old one goes last: until then a killed forgetting finds it again, with all that has to be done for it.
    """
    releases = Releases(runtime)
    marks, folder = read_marks(releases.folder), releases.folder / "releases" / name
    new = release_without(folder, frozenset(held), at=at)
    rows = tuple({"sample_id": key, "at": at, "reason": reason, "made_anew_as": new} for key in held)
    mark_forgotten(releases.folder, name, rows)
    if new:
        mark_forgotten(releases.folder, new, rows)
    if name in marks.pinned:
        if new:
            pin_release(releases.folder, new, marks.pinned[name])
        pin_release(releases.folder, name, None)
    if marks.in_service == name:
        put_into_service(releases.folder, new)
    delete_folder(folder)
    return new


def _releases_with(runtime: CorpusRuntime, wanted: pa.Array) -> dict[str, tuple[str, ...]]:
    found = {}
    for folder in Releases(runtime).folders():
        held = _held(folder, wanted)
        if held:
            found[folder.name] = tuple(held)
    return found


def _held(folder: Path, wanted: pa.Array) -> list[str]:
    try:
        return samples_of(folder, wanted)
    except (DataEngineError, OSError, ValueError, KeyError) as error:
        raise StorageError(
            f"release {folder.name} cannot be read ({error}), so nobody knows whether it holds the sample; restore it "
            f"or delete its folder {folder}, then forget"
        ) from error


def _alike(runtime: CorpusRuntime, wanted: pa.Array) -> tuple[str, ...]:
    """Samples that nearly repeat one of these, or that one of these nearly repeats."""
    store = runtime.store()
    found: set[str] = set()
    for one, other in (("sample_id", "duplicate_of"), ("duplicate_of", "sample_id")):
        rows = store.read("first_pass", columns=[one, other], among={one: wanted})
        found |= set(pc.drop_null(rows[other]).to_pylist())
    return tuple(sorted(found - set(wanted.to_pylist())))
