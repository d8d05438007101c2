"""reviewed_labels: what was answered in a review batch, with provenance; one partition per answered batch."""

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from data_engine.errors import ChecksFailed
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from data_engine.review import ReviewQueue


def reviewed_labels(step_run: StepRun) -> StepResult:
    """Take the answers of a review batch out of the queue."""
    with step_run.runtime.queue() as queue:
        progress = queue.progress(step_run.batch)
        if not progress.is_answered:
            raise ChecksFailed(
                f"review batch {step_run.batch!r} has {progress.n_open + progress.n_leased} of {progress.n_tasks} "
                "tasks open; answer them, or close the batch, then materialize this partition"
            )
        table, times = queue.answers(step_run.batch), queue.answer_times(step_run.batch)
        step_run.inputs.update(inputs_of(queue, progress.revision))
    purpose = pc.binary_join_element_wise("(", table["purpose"], ")", "")
    return step_run.finish(
        table,
        ledger=ledger_rows(
            table["sample_id"],
            verdict="answered",
            reason=pc.binary_join_element_wise(table["annotator"], table["label"], purpose, " "),
            decided_at=[times[annotation_id] for annotation_id in table["annotation_id"].to_pylist()],
        ),
        metadata={
            "tasks": progress.n_tasks,
            "undecided": progress.n_undecided,
            "simulated": pc.sum(table["is_simulated"]).as_py() or 0,
            "revision": progress.revision,
        },
    )


def inputs_of(queue: "ReviewQueue", revision: int) -> dict[str, str]:
    """What the answers of a batch follow from: the queue that they were given to, and the revision of the batch."""
    return {"queue": queue.queue_id, "revision": str(revision)}


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """The number of tasks of the batch that wait for an answer; as last counted where the queue knows it no more."""
    with checked.runtime.queue() as queue:
        if checked.batch in {batch.batch_id for batch in queue.batches(checked.runtime.corpus.name)}:
            return {"n_undecided": queue.progress(checked.batch).n_undecided}
    named = {"step": "reviewed_labels", "batch": checked.batch}
    kept = checked.read_from.store.read("check_results", partition=named, columns=["check", "n_offending"]).to_pylist()
    counted = [row["n_offending"] for row in kept if row["check"] == "every_task_is_decided"]
    return {"n_undecided": counted[0] if counted else 0}
