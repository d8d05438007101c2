"""labels: one label per sample, and who made it."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import labeling
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.storage.ledger import ledger_rows


def labels(step_run: StepRun) -> StepResult:
    """Decide one label for every chosen sample that has an answer or an accepted proposal."""
    chosen = step_run.read("balanced_subset", columns=["sample_id"])["sample_id"].combine_chunks()
    reviewed = step_run.read_accepted("reviewed_labels")
    proposed = step_run.read("proposals")
    table = labeling.labels_from(
        reviewed.filter(pc.is_in(reviewed["sample_id"], chosen)),
        proposed,
        class_names=step_run.corpus.class_names,
        embeddings_of=step_run.embeddings_of(pa.chunked_array([chosen])),
        seed=step_run.corpus.seed_for("labels"),
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


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """Per class, the audits of labels accepted without a person: how many, and how many agreed.

    An audit is blind: what the classifier had proposed is in the queue's task, not in the answer. Audits whose task
    this queue does not know are not counted.
    """
    reviewed = checked.read_from.read("reviewed_labels", columns=["task_id", "purpose", "label"])
    audits = reviewed.filter(pc.equal(reviewed["purpose"], "audit")).to_pylist()
    with checked.runtime.queue() as queue:
        tasks = queue.tables()["review_task"].select(["task_id", "proposed_label"]).to_pylist()
    proposed = {row["task_id"]: row["proposed_label"] for row in tasks}
    audited: dict[str, tuple[int, int]] = {}
    for row in audits:
        name = proposed.get(row["task_id"])
        if name is None:
            continue
        n, n_agreed = audited.get(name, (0, 0))
        audited[name] = (n + 1, n_agreed + (row["label"] == name))
    return {"audited": audited}


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
