"""classifier: a small model trained on the answers, calibrated and certified on the hold-out."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import labeling
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.classifier_in_service import classifier_in_service
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas import CLASSIFIER

#: The smallest hold-out that a corpus may ask for.
_SHOWN_VERSIONS = 8


def classifier(step_run: StepRun) -> StepResult:
    """Train a version on all answers; it takes over unless it is worse than the one in service."""
    settings = step_run.corpus.labels
    reviewed = step_run.read_accepted("reviewed_labels")
    trained = labeling.train_round(
        reviewed,
        step_run.embeddings_of(reviewed["sample_id"]),
        class_names=step_run.corpus.class_names,
        target_precision=settings.target_of("classifier"),
        confidence=settings.confidence,
        seed=step_run.corpus.seed_for("classifier"),
    )
    history = step_run.accepted_history()
    verdict = labeling.is_better_or_equal(trained, classifier_in_service(history))
    table = _with_newest(history, labeling.classifier_row(trained, is_in_service=bool(verdict)))
    probabilities = trained.classifier.predict_proba(trained.hold_out.embeddings)
    threshold = trained.gate.threshold
    return step_run.finish(
        table,
        preview=table.slice(max(0, table.num_rows - _SHOWN_VERSIONS)),
        metadata={
            "version": trained.classifier.version,
            "in service": verdict.reason,
            "trained on": len(trained.training),
            "hold-out accuracy": round(trained.accuracy, 4),
            "gate": "shut" if threshold is None else f"open from probability {threshold:.3f}",
            "accuracy on query / control batches alone": f"{trained.query_accuracy} / {trained.control_accuracy}",
            "without an embedding": len(trained.without_embedding),
        },
        details={"reliability": labeling.reliability(probabilities, trained.hold_out.classes)},
    )


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """Hold-out and training samples, and the accuracy of the version before; of the table, the newest version."""
    versions = checked.tables["classifier"].to_pylist()
    reviewed = checked.read_from.read("reviewed_labels", columns=["sample_id", "purpose"])
    held_out = reviewed.filter(pc.equal(reviewed["purpose"], "hold_out"))
    trained = reviewed.filter(pc.is_in(reviewed["purpose"], pa.array(labeling.TRAINING_PURPOSES)))
    corpus = checked.runtime.corpus
    values: dict[str, Any] = {
        "min_hold_out": labeling.least_hold_out(corpus.subset.target_size, corpus.labels.hold_out_size),
        "hold_out_ids": held_out["sample_id"].to_pylist(),
        "training_ids": trained["sample_id"].to_pylist(),
    }
    if len(versions) > 1:
        before = versions[-2]
        values |= {"previous_accuracy": before["accuracy"], "previous_low": before["accuracy_low"]}
        # A larger subset must not stop a corpus that has learnt; its next round enlarges the hold-out.
        values["min_hold_out"] = min(values["min_hold_out"], before["n_hold_out"])
    checked.tables["classifier"] = pa.Table.from_pylist(versions[-1:], schema=checked.tables["classifier"].schema)
    return values


def _with_newest(history: pa.Table, newest: pa.Table) -> pa.Table:
    """The history with a version appended; it takes over when it is in service, and replaces an equal one."""
    new = newest.to_pylist()[0]
    rows = [row for row in history.to_pylist() if row["classifier_version"] != new["classifier_version"]]
    if new["is_in_service"]:
        rows = [{**row, "is_in_service": False} for row in rows]
    return pa.Table.from_pylist([*rows, new], schema=CLASSIFIER)
