"""reviewed_labels: what was answered in a review batch, with provenance; one partition per answered batch."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import ChecksFailed
from data_engine.labeling.answers.registry import shown_answers
from data_engine.runtime.amendments.counted_answers import answers_that_count, inputs_of
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas.child_ids import parent_and_change
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from data_engine.review import ReviewQueue


def reviewed_labels(step_run: StepRun) -> StepResult:
    """Take the answers of a review batch out of the queue; those whose class was removed stay there."""
    corpus = step_run.runtime.corpus
    with step_run.runtime.queue() as queue:
        queue.follow_classes(corpus.name, corpus.class_names, dict(corpus.labels.renamed), now=datetime.now(UTC))
        progress = queue.progress(step_run.batch)
        if not progress.is_ready:
            raise ChecksFailed(
                f"review batch {step_run.batch!r} has {progress.n_open + progress.n_leased} of {progress.n_tasks} "
                "tasks open; answer them, or close the batch, then materialize this partition"
            )
        table, aside = answers_that_count(step_run.runtime, queue, step_run.batch)
        times = queue.answer_times(step_run.batch)
        step_run.inputs.update(inputs_of(step_run.runtime, queue, progress))
    return step_run.finish(
        table,
        ledger=ledger_rows(
            table["sample_id"],
            verdict="answered",
            reason=pc.binary_join_element_wise(table["annotator"], shown_answers(table), _purposes(table), " "),
            decided_at=[times[annotation_id] for annotation_id in table["annotation_id"].to_pylist()],
        ),
        metadata={
            "tasks": progress.n_tasks,
            "undecided": progress.n_undecided,
            **({} if progress.is_answered else {"still open": progress.n_open + progress.n_leased}),
            **({"kept aside, of removed classes": len(aside)} if aside else {}),
            "simulated": pc.sum(table["is_simulated"]).as_py() or 0,
            "revision": progress.revision,
        },
    )


def _purposes(answers: pa.Table) -> pa.Array:
    """Why each was asked for, in brackets; of a child of an image with its parent and what was changed."""
    made = [parent_and_change(sample_id) for sample_id in answers["sample_id"].to_pylist()]
    purposes = zip(answers["purpose"].to_pylist(), made, strict=True)
    said = [
        f"({purpose}: {change} of {parent})" if change else f"({purpose})" for purpose, (parent, change) in purposes
    ]
    return pa.array(said, pa.string())


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """What of the batch gets no answer any more, and the answers of earlier ones, against which people may drift."""
    with checked.runtime.queue() as queue:
        batches = [batch.batch_id for batch in queue.batches(checked.runtime.corpus.name) if batch.is_ready]
        until = batches.index(checked.batch) if checked.batch in batches else 0
        earlier = [queue.answers(batch_id) for batch_id in batches[:until]]
        n_undecided = _n_undecided(checked, queue)
    return {"n_undecided": n_undecided, "earlier": pa.concat_tables(earlier) if earlier else None}


def _n_undecided(checked: CheckedStep, queue: "ReviewQueue") -> int:
    """The number of tasks of the batch that get no answer any more; as last counted where the queue knows it no more.

    What a batch that asks again does not ask any more needs no answer. In a batch that expired, what is open goes on.
    """
    from data_engine.review.class_names import is_again

    if is_again(checked.batch, checked.runtime.corpus.name):
        return 0
    if checked.batch in {batch.batch_id for batch in queue.batches(checked.runtime.corpus.name)}:
        progress = queue.progress(checked.batch)
        return progress.n_undecided if progress.is_answered else 0
    named = {"step": "reviewed_labels", "batch": checked.batch}
    kept = checked.read_from.store.read("check_results", partition=named, columns=["check", "n_offending"]).to_pylist()
    counted = [row["n_offending"] for row in kept if row["check"] == "every_task_is_decided"]
    return int(counted[0]) if counted else 0
