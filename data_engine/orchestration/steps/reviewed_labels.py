"""reviewed_labels: what was answered in a review batch, with provenance; one partition per answered batch."""

import dagster as dg
import pyarrow.compute as pc

from data_engine.errors import GateClosed
from data_engine.orchestration.bench import Bench
from data_engine.orchestration.tables_io import Work, decisions


def reviewed_labels(bench: Bench) -> dg.AssetsDefinition:
    """The answers of people (or of simulated annotators, marked as such)."""

    @dg.asset(
        **bench.asset(
            "reviewed_labels",
            description="One answer per row: who answered, in which arm, and what that makes of the label "
            "(provenance). A late correction raises the revision and materializes this partition again.",
            deps=["review_batches"],
            kinds=("sqlalchemy",),
        )
    )
    def reviewed_labels(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        work = Work.begin(bench, context, "reviewed_labels")
        with bench.queue() as queue:
            progress = queue.progress(work.batch)
            if not progress.is_answered:
                raise GateClosed(
                    f"review batch {work.batch!r} has {progress.n_open + progress.n_leased} of {progress.n_tasks} "
                    "tasks open; answer them, or close the batch, then materialize this partition"
                )
            table = queue.answers(work.batch)
        work.inputs["revision"] = str(progress.revision)
        return work.finish(
            table,
            ledger=decisions(
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
