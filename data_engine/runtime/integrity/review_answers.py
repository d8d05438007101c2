"""The check of the review queue: whether it is whole, and whether `reviewed_labels` holds the answers that it has.

Reading the queue without writing is in `data_engine.review.queue_audit`.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.schemas.child_ids import parent_and_change

if TYPE_CHECKING:
    from data_engine.review.queue_audit import QueueContent

_KEY = "annotation_id"


def check_review_queue(checked: CheckedCorpus) -> Iterator[Finding]:
    """Damage of the queue, and answers that differ between the queue and the tables."""
    from data_engine.review.queue_audit import queue_file, read_queue

    url = checked.runtime.queue_url
    file = queue_file(url)
    taken = _taken(checked)
    if file is not None and not file.is_file():
        if taken:
            yield Finding(
                "error", "the review queue is missing, and with it every question and open answer", str(file), _RESTORE
            )
        return
    try:
        queue = read_queue(url, checked.runtime.corpus.name)
    except StorageError as error:
        yield Finding("error", str(error), str(file or "the review queue"), _RESTORE)
        return
    for what, batch in queue.problems:
        yield Finding("error", what, f"review batch {batch}", _RESTORE)
    yield from _taken_findings(checked, queue, taken)
    yield from _unknown_samples(checked, queue)


_WAITS = "is answered, and waits for a run to take it over"
_RESTORE = "restore the queue from a backup, or point DATA_ENGINE_REVIEW_URL to the queue that has the answers"


def _taken(checked: CheckedCorpus) -> dict[str, pa.Table]:
    """The answers that were taken out of the queue, by review batch."""
    batches = sorted(
        {dict(piece)["review_batch"] for piece in checked.logs["reviewed_labels"].latest_commits() if piece}
    )
    read = checked.store.read
    return {batch: read("reviewed_labels", partition={"review_batch": batch}) for batch in batches}


def _taken_findings(checked: CheckedCorpus, queue: "QueueContent", taken: dict[str, pa.Table]) -> Iterator[Finding]:
    names = [row["review_batch"] for row in queue.batches]
    for batch in sorted(taken.keys() - set(names)):
        # A queue that was begun anew goes on with later batches; one without them has lost something.
        is_left_behind = bool(names) and max(names) > batch
        yield Finding(
            "note" if is_left_behind else "error",
            "reviewed_labels has answers of a review batch that the queue does not have",
            f"review batch {batch}",
            _RESTORE,
        )
    for row in queue.batches:
        batch = row["review_batch"]
        if batch in taken:
            queued = queue.answers[batch]
            if row["answered_at"] is None:
                # It expired: what is answered since is taken over with the rest.
                queued = queued.filter(pc.is_in(queued[_KEY], taken[batch][_KEY].combine_chunks()))
            yield from _compared(checked, batch, taken[batch], queued)
        elif row["answered_at"] is not None:
            # Only what was taken over once can be lost; answers that wait, also after a forgetting, are in the queue.
            is_lost = ("reviewed_labels", batch) in checked.versions
            what = "is answered, but reviewed_labels has none of it any more" if is_lost else _WAITS
            yield Finding("error" if is_lost else "note", what, f"review batch {batch}", checked.run())


def _compared(checked: CheckedCorpus, batch: str, taken: pa.Table, queued: pa.Table) -> Iterator[Finding]:
    """Answers of one batch, in the table and in the queue; those of the queue may have been corrected since."""
    ours = {row[_KEY]: row for row in taken.to_pylist()}
    theirs = {row[_KEY]: row for row in queued.to_pylist()}
    newer = [key for key in ours.keys() & theirs.keys() if theirs[key]["revision"] > ours[key]["revision"]]
    differ = [key for key in ours.keys() & theirs.keys() if key not in newer and ours[key] != theirs[key]]
    where = f"review batch {batch}"
    if ours.keys() != theirs.keys() or differ:
        n = len(ours.keys() ^ theirs.keys()) + len(differ)
        yield Finding("error", f"{n} answers are not the same in the queue and in reviewed_labels", where, _RESTORE)
    if newer:
        yield Finding("note", f"{len(newer)} answers were corrected since they were taken", where, checked.run())


def _unknown_samples(checked: CheckedCorpus, queue: "QueueContent") -> Iterator[Finding]:
    """Tasks of samples that the raw index does not have, or that show another text."""
    asked = {parent_and_change(row["sample_id"])[0]: row["review_batch"] for row in queue.tasks}
    among = {"sample_id": pa.array(sorted(asked), pa.string())}
    rows = (
        checked.runtime.store().read("raw_index", columns=["sample_id", "text"], among=among).to_pylist()
        if asked
        else []
    )
    texts = {row["sample_id"]: row["text"] or "" for row in rows}
    unknown = Counter(batch for sample_id, batch in asked.items() if sample_id not in texts)
    for batch, n in sorted(unknown.items()):
        what = f"asks about {n:,} sample{'s' * (n > 1)} that the raw index does not have; their answers stay"
        remedy = f"{checked.run()}, if a batch waits to be read; nothing, if they left the source"
        yield Finding("note", what, f"review batch {batch}", remedy)
    for row in queue.tasks:
        shown = json.loads(queue.payloads[row["task_id"]]).get("text")
        text = texts.get(row["sample_id"])
        if shown and text is not None and not text.startswith(shown):
            what = f"task {row['task_id']} shows another text than the raw index has of its sample"
            yield Finding("error", what, f"review batch {row['review_batch']}", _RESTORE)
