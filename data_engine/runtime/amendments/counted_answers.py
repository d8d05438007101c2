"""The answers of review batches as they count under the classes of now, for the step `reviewed_labels`.

What else follows from changed classes is in `class_changes.py`.
"""

from typing import TYPE_CHECKING, Any

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.versions import fingerprint

if TYPE_CHECKING:
    import pyarrow as pa

    from data_engine.review import ReviewQueue
    from data_engine.review.queue_records import BatchInfo, BatchProgress


def answers_that_count(
    runtime: CorpusRuntime, queue: "ReviewQueue", batch_id: str
) -> "tuple[pa.Table, list[dict[str, Any]]]":
    """The answers of a review batch with the class names of now, and the rows that are kept aside."""
    from data_engine.review.class_names import is_again, that_count

    name, classes = runtime.corpus.name, runtime.corpus.class_names
    if is_again(batch_id, name):
        return all_that_count(runtime, queue)[batch_id]
    table = queue.answers(batch_id)
    return that_count({batch_id: table}, name, classes, queue.renames(name))[batch_id]


def inputs_of(runtime: CorpusRuntime, queue: "ReviewQueue", batch: "BatchInfo | BatchProgress") -> dict[str, str]:
    """What the answers of a batch follow from: the queue that they were given to, and the revision of the batch.

    Where names of now are not those that were given, or answers are kept aside, that too; and how many answers there
    are in a batch that has expired and goes on.
    """
    from data_engine.review.class_names import is_again

    batch_id = batch.batch_id
    inputs = {"queue": queue.queue_id, "revision": str(batch.revision)}
    if not batch.is_answered:
        inputs["answers so far"] = str(queue.answers(batch_id).num_rows)
    of_objects = runtime.corpus.asks_for_objects
    is_plain = not of_objects and queue.labels_given(batch_id) <= set(runtime.corpus.class_names)
    if is_plain and not is_again(batch_id, runtime.corpus.name):
        return inputs
    table, _ = answers_that_count(runtime, queue, batch_id)
    said = "answer" if of_objects else "label"
    now = {row["annotation_id"]: row[said] for row in table.to_pylist()}
    given = {row["annotation_id"]: row[said] for row in queue.answers(batch_id).to_pylist()}
    return inputs if now == given else {**inputs, "classes": fingerprint(now)}


def all_that_count(runtime: CorpusRuntime, queue: "ReviewQueue") -> "dict[str, tuple[pa.Table, list[dict[str, Any]]]]":
    """By review batch in the order of their opening, what `answers_that_count` gives."""
    from data_engine.review.class_names import that_count

    name = runtime.corpus.name
    answers = {batch.batch_id: queue.answers(batch.batch_id) for batch in queue.batches(name)}
    return that_count(answers, name, runtime.corpus.class_names, queue.renames(name))
