"""Rows of the model registry that were not trained here: of a model of another corpus, and of a gate certified anew.

The row of a round that was trained is made in `labeling/training.py`.
"""

from collections.abc import Mapping
from typing import Any

from data_engine.labeling.calibration import calibration_error
from data_engine.labeling.deciders.class_gates import certify_classes, gates_text
from data_engine.labeling.gate import binomial_interval, certify
from data_engine.labeling.inputs import Floats, Integers
from data_engine.labeling.models.micro_model import MicroModel

_CONFIDENCE = 0.9


def measured(
    model: MicroModel,
    x: Floats,
    y: Integers,
    *,
    target_precision: float,
    confidence: float,
    gate_per_class: bool = False,
) -> dict[str, Any]:
    """The columns of `schemas.CLASSIFIER` that a hold-out says of a calibrated model: accuracy, calibration, gate.

    Args:
        model: calibrated.
        x: (n, dim) embeddings of the hold-out, n >= 1.
        y: (n,) their class numbers.
        target_precision: what the gate has to promise, in (0, 1).
        confidence: of that promise, in (0, 1).
        gate_per_class: whether classes may have gates of their own.
    """
    probabilities = model.predict_proba(x)
    n_right = int((probabilities.argmax(axis=1) == y).sum())
    low, high = binomial_interval(n_right, len(y), _CONFIDENCE)
    certified_by = certify_classes if gate_per_class else certify
    gate = certified_by(probabilities, y, target_precision=target_precision, confidence=confidence)
    return {
        "n_hold_out": len(y),
        "accuracy": n_right / len(y),
        "accuracy_low": low,
        "accuracy_high": high,
        "calibration_error": calibration_error(probabilities, y),
        "gate_threshold": gate.threshold,
        "gate_lower_bound": gate.lower_bound,
        "gate_target": gate.target_precision,
        "gate_n_checked": gate.n_checked,
        "gate_by_class": gates_text(gate, model.class_names),
    }


def borrowed_row(
    row: Mapping[str, Any], model: MicroModel, *, corpus: str, of_hold_out: Mapping[str, Any]
) -> dict[str, Any]:
    """The row of a model that learnt in another corpus, as it stands in the registry of this one.

    Args:
        row: of the registry of the corpus where it learnt.
        model: calibrated on the hold-out of this corpus.
        corpus: where it learnt.
        of_hold_out: what the hold-out of this corpus says of it, as `measured` gives it.
    """
    return {
        **row,
        **of_hold_out,
        "classifier_version": model.version,
        "n_rounds": 0,
        "temperature": model.temperature,
        **dict.fromkeys(("query_accuracy", "control_accuracy", "n_query", "n_control")),
        **dict.fromkeys(("boost", "boost_low", "boost_high")),
        "given_labels": None,
        "borrowed_from": f"{corpus}/{row['classifier_version']}",
        "artefact": model.to_bytes(),
    }
