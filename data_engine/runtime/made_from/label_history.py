"""How labels did in every review batch, and in which order: times out of the queue, answers out of the tables.

The figures themselves are in `data_engine.labeling.answers.label_trends`.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.runtime.versions import fingerprint
from data_engine.schemas import LABEL_TRENDS

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime


def label_history(runtime: "CorpusRuntime", reviewed: pa.Table, earlier: pa.Table | None) -> pa.Table:
    """The rows of `schemas.LABEL_TRENDS` of a corpus that asks one question, or of one of several.

    What classes meant is kept from the run that saw a batch first. Batches that the queue does not know have no time,
    and a queue that cannot be read has none at all.

    Args:
        runtime: Of the corpus or question.
        reviewed: Its answers, as they count now.
        earlier: The rows of the run before; None without.
    """
    from data_engine.labeling.answers.label_trends import label_trends

    corpus = runtime.corpus
    if not corpus.has_labels or not reviewed.num_rows:
        return LABEL_TRENDS.empty_table()
    try:
        with runtime.queue() as queue:
            opened_at = {each.batch_id: each.opened_at for each in queue.batches(corpus.name)}
            tasks = (
                queue.tables(corpus.name)["review_task"].select(["task_id", "purpose", "proposed_label"]).to_pylist()
            )
            renames = queue.renames(corpus.name)
    except StorageError:
        return LABEL_TRENDS.empty_table()
    names = {
        row["task_id"]: renames.name_now(row["proposed_label"], corpus.class_names)
        for row in tasks
        if row["purpose"] == "audit" and row["proposed_label"] is not None
    }
    meaning = fingerprint({"classes": repr(corpus.class_names), **dict(corpus.review.definitions)})
    known = {} if earlier is None else {row["review_batch"]: row["definitions"] for row in earlier.to_pylist()}
    return label_trends(
        reviewed,
        opened_at,
        proposed={task_id: name for task_id, name in names.items() if name is not None},
        definitions={batch: known.get(batch, meaning) for batch in opened_at},
        question=runtime.question or None,
        weeks=corpus.review.verification.again_after_weeks,
    )


def in_order_of_opening(runtime: "CorpusRuntime", batches: Collection[str]) -> list[str]:
    """Review batches in the order in which they were opened; those that the queue does not know come first, by name."""
    with runtime.queue() as queue:
        opened = [each.batch_id for each in queue.batches(runtime.corpus.name)]
    return [*sorted(set(batches) - set(opened)), *(name for name in opened if name in set(batches))]


def by_opening(runtime: "CorpusRuntime", reviewed: pa.Table) -> pa.Table:
    """Rows of `schemas.REVIEWED_LABELS` in the order in which their review batches were opened.

    Where the queue cannot be read they are in the order of their names.
    """
    rows = reviewed.sort_by("review_batch")
    try:
        batches = in_order_of_opening(runtime, rows["review_batch"].unique().to_pylist())
    except StorageError:
        return rows
    place = pc.index_in(rows["review_batch"], pa.array(batches, pa.string()))
    return rows.take(pc.array_sort_indices(place.combine_chunks()))


def classes_without_help(runtime: "CorpusRuntime", reviewed: pa.Table) -> frozenset[str]:
    """The classes whose proposals make people slower, by the seconds of tasks with and without one."""
    from data_engine.reporting.class_stages import slowed_classes

    return slowed_classes(by_opening(runtime, reviewed))
