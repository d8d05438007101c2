"""labels: one label per sample, and who made it."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_rounds import known_embeddings
from data_engine.runtime.step_run import StepRun
from data_engine.storage.ledger import ledger_rows


def labels(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The labels of the balanced subset."""

    @dg.asset(
        **runtime.asset(
            "labels",
            description="One label per sample of the subset that has one: the consensus of its answers, or the "
            "proposal that the certified gate accepts; with provenance and quality. The rest waits for a person.",
            deps=["reviewed_labels", "proposals", "balanced_subset"],
            kinds=("numpy",),
        )
    )
    def labels(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from data_engine import labeling

        step_run = StepRun.begin(runtime, context, "labels")
        chosen = step_run.read("balanced_subset", columns=["sample_id"])["sample_id"].combine_chunks()
        reviewed = step_run.read_accepted("reviewed_labels")
        proposed = step_run.read("proposals")
        table = labeling.labels_from(
            reviewed.filter(pc.is_in(reviewed["sample_id"], chosen)),
            proposed,
            class_names=runtime.corpus.class_names,
            embeddings_of=known_embeddings(step_run.store, pa.chunked_array([chosen])),
            seed=runtime.corpus.seed_for("labels"),
        )
        counts = pc.value_counts(table["provenance"]).to_pylist()
        return step_run.finish(
            table,
            ledger=_ledger(table, proposed),
            metadata={
                **{f"provenance {row['values']}": row["counts"] for row in counts},
                "waiting for a person": len(chosen) - table.num_rows,
            },
        )

    return labels


def _ledger(table: pa.Table, proposed: pa.Table) -> pa.Table:
    """Labelled samples with who made the label, and why each of the others waits."""
    waiting = proposed.filter(pc.invert(pc.is_in(proposed["sample_id"], table["sample_id"].combine_chunks())))
    labelled = ledger_rows(
        table["sample_id"],
        verdict="labelled",
        reason=pc.binary_join_element_wise(table["label"], table["provenance"], " by "),
        score=table["posterior"],
    )
    return pa.concat_tables(
        [
            labelled,
            ledger_rows(
                waiting["sample_id"], verdict="waiting", reason=waiting["reason"], score=waiting["probability"]
            ),
        ]
    )
