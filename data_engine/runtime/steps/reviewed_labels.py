"""reviewed_labels: what was answered in a review batch, with provenance; one partition per answered batch."""

import dagster as dg
import pyarrow.compute as pc

from data_engine.errors import ChecksFailed
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import StepRun
from data_engine.storage.ledger import ledger_rows


def reviewed_labels(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The answers of people (or of simulated annotators, marked as such)."""

    @dg.asset(
        **runtime.asset(
            "reviewed_labels",
            description="One answer per row: who answered, in which arm, and what that makes of the label "
            "(provenance). A late correction raises the revision and materializes this partition again.",
            deps=["review_batches"],
            kinds=("sqlalchemy",),
        )
    )
    def reviewed_labels(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        step_run = StepRun.begin(runtime, context, "reviewed_labels")
        with runtime.queue() as queue:
            progress = queue.progress(step_run.batch)
            if not progress.is_answered:
                raise ChecksFailed(
                    f"review batch {step_run.batch!r} has {progress.n_open + progress.n_leased} of {progress.n_tasks} "
                    "tasks open; answer them, or close the batch, then materialize this partition"
                )
            table = queue.answers(step_run.batch)
        step_run.inputs["revision"] = str(progress.revision)
        return step_run.finish(
            table,
            ledger=ledger_rows(
                table["sample_id"],
                verdict="answered",
                reason=pc.binary_join_element_wise(
                    table["annotator"], table["label"], pc.binary_join_element_wise("(", table["purpose"], ")", ""), " "
                ),
            ),
            metadata={
                "tasks": progress.n_tasks,
                "undecided": progress.n_undecided,
                "simulated": pc.sum(table["is_simulated"]).as_py() or 0,
                "revision": progress.revision,
            },
        )

    return reviewed_labels
