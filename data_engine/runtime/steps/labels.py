"""labels: one label per sample, and who made it."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import labeling
from data_engine.labeling.answers.registry import shown_answers
from data_engine.labeling.deciders.registry import FOUNDATION_MODEL
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.made_from.answered_samples import answered_and_waiting, waiting_answer_inputs
from data_engine.runtime.made_from.given_labels import given_label_inputs, with_given_labels
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas.long_columns import one_array
from data_engine.storage.ledger import ledger_rows


def labels(step_run: StepRun) -> StepResult:
    """Decide one label for every chosen sample that has an answer or an accepted proposal, and for what is kept."""
    chosen = step_run.read("balanced_subset", columns=["sample_id"])["sample_id"].combine_chunks()
    reviewed = step_run.read_accepted("reviewed_labels")
    proposed = step_run.read("proposals")
    outside = _kept_outside(step_run, reviewed, chosen)
    step_run.inputs |= given_label_inputs(step_run.corpus, step_run.tables.verdicts, step_run.tables)
    step_run.inputs |= waiting_answer_inputs(step_run.runtime, step_run.tables)
    waiting = answered_and_waiting(step_run.runtime, step_run.tables)
    given = chosen.filter(pc.invert(pc.is_in(chosen, waiting)))
    answers = with_given_labels(step_run.corpus, step_run.look_up, reviewed, given)
    labelled = pa.chunked_array([chosen, outside])
    table = labeling.labels_from(
        answers.filter(pc.is_in(answers["sample_id"], labelled.combine_chunks())),
        proposed,
        class_names=step_run.corpus.class_names,
        embeddings_of=step_run.embeddings_of(labelled),
        seed=step_run.corpus.seed_for("labels"),
        outside=set(outside.to_pylist()),
        simulated=[FOUNDATION_MODEL] if _model_is_simulated(step_run) else [],
    )
    counts = pc.value_counts(table["provenance"]).to_pylist()
    return step_run.finish(
        table,
        ledger=_ledger(table, proposed),
        metadata={
            **{f"provenance {row['values']}": row["counts"] for row in counts},
            "waiting for a person": len(chosen) - (table.num_rows - len(outside)),
            "kept outside the subset": len(outside),
        },
        encoder=step_run.encoder_in_use(),
    )


def _model_is_simulated(step_run: StepRun) -> bool:
    model = step_run.corpus.foundation_model
    return model is not None and model.simulated is not None


def _kept_outside(step_run: StepRun, reviewed: pa.Table, chosen: pa.Array) -> pa.Array:
    """The answered samples that the subset lacks and whose labels stay: those of the tree, semantic duplicates aside.

    A sample that is in no accepted batch any more is not in the tree.
    """
    in_tree = one_array(step_run.read("tree_assignments", columns=["sample_id"])["sample_id"])
    if not step_run.corpus.subset.keep_labelled:
        return chosen.slice(0, 0)
    repeats = step_run.read("semantic_duplicates", columns=["sample_id"])["sample_id"].combine_chunks()
    is_trap = pc.or_(pc.equal(reviewed["purpose"], "trap"), pc.equal(reviewed["arm"], "trap"))
    answered = pc.unique(reviewed.filter(pc.invert(is_trap))["sample_id"]).cast(pa.string())
    is_elsewhere = pc.or_(pc.is_in(answered, chosen), pc.is_in(answered, repeats))
    return answered.filter(pc.and_(pc.is_in(answered, in_tree), pc.invert(is_elsewhere)))


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """Per class that has such labels, the audits of labels accepted without a person: how many, and how many agreed.

    An audit is blind: what the classifier had proposed is in the queue's task, not in the answer. Audits whose task
    this queue does not know are not counted.
    """
    made = checked.read_from.read("labels", columns=["label", "n_annotations"])
    automatic = set(made.filter(pc.equal(made["n_annotations"], 0))["label"].to_pylist())
    reviewed = checked.read_from.read("reviewed_labels", columns=["task_id", "purpose", "label"])
    audits = reviewed.filter(pc.equal(reviewed["purpose"], "audit")).to_pylist()
    corpus = checked.runtime.corpus
    with checked.runtime.queue() as queue:
        tasks = queue.tables(corpus.name)["review_task"].select(["task_id", "proposed_label"]).to_pylist()
        renames = queue.renames(corpus.name)
    proposed = {row["task_id"]: row["proposed_label"] for row in tasks}
    audited: dict[str, tuple[int, int]] = {}
    for row in audits:
        before = proposed.get(row["task_id"])
        name = None if before is None else renames.name_now(before, corpus.class_names)
        if name is None or name not in automatic:
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
        reason=pc.binary_join_element_wise(shown_answers(table), table["provenance"], " by "),
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
