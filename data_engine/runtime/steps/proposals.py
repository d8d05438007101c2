"""proposals: what the classifier in service suggests for every chosen sample, and whether a person has to look."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine import labeling
from data_engine.errors import NotEnoughData
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.classifier_in_service import gate_threshold, newest_audit_age_days
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


def proposals(step_run: StepRun) -> StepResult:
    """Propose a class for every chosen sample."""
    row = labeling.row_in_service(step_run.read("classifier"))
    if row is None:
        raise NotEnoughData("no classifier is in service; answer a review batch, then materialize classifier")
    classifier = labeling.Classifier.from_bytes(row["artefact"])
    ids, x = step_run.subset_embeddings()
    gate = labeling.gate_of(row, confidence=step_run.corpus.labels.confidence)
    table = labeling.propose(
        classifier,
        gate,
        x,
        ids,
        step_run.corpus.class_names,
        strategy=step_run.corpus.labels.strategy,
        neighbour_classes=_neighbour_classes(step_run, x),
    )
    routes = pc.value_counts(table["route"]).to_pylist()
    return step_run.finish(
        table,
        ledger=ledger_rows(
            table["sample_id"],
            verdict=table["route"],
            reason=pc.binary_join_element_wise(table["label"], table["reason"], ": "),
            score=table["probability"],
            threshold=gate.threshold,
            model_version=classifier.version,
        ),
        metadata={"gate": gate.threshold, **{f"route {r['values']}": r["counts"] for r in routes}},
        details={"uncertainty": table["uncertainty"].to_numpy(), "threshold": gate.threshold},
    )


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """The gate in service, and the age of its newest audit in days."""
    return {
        "audit_age_days": newest_audit_age_days(checked.store),
        "max_audit_age_days": checked.runtime.corpus.labels.audit_max_age_days,
        "gate_threshold": gate_threshold(checked.store),
    }


def _neighbour_classes(step_run: StepRun, x: "NDArray[np.float32]") -> "NDArray[np.int64] | None":
    """The second view of the difficulty: what the nearest answered samples are, hold-out and traps aside."""
    reviewed = step_run.look_up("reviewed_labels", columns=["sample_id", "label", "purpose"])
    used = reviewed.filter(pc.invert(pc.is_in(reviewed["purpose"], pa.array(["hold_out", "trap"]))))
    rows = step_run.embeddings_of(used["sample_id"])
    numbers = {name: number for number, name in enumerate(step_run.corpus.class_names)}
    answered = [row for row in used.to_pylist() if row["sample_id"] in rows]
    if not answered:
        return None
    classes = np.array([numbers[row["label"]] for row in answered])
    return labeling.neighbour_classes(x, np.stack([rows[row["sample_id"]] for row in answered]), classes)
