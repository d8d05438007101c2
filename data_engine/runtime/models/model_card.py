"""The card of a micro-model: what it is, what it learnt from, what it reaches, and who decided that it is in service.

The data card of a release is in `data_engine.releasing`.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from data_engine.runtime.models.promotions import HandPromotion

_SAID = (
    ("what it is", "version", "classifier_version"),
    ("what it is", "model", "model"),
    ("what it is", "encoder of its vectors", "encoder_version"),
    ("what it is", "learnt in", "borrowed_from"),
    ("what it is", "in service", "is_in_service"),
    ("what it is", "took over when it was trained", "took_over"),
    ("what it is", "how it was compared", "comparison"),
    ("what it learnt from", "review rounds", "n_rounds"),
    ("what it learnt from", "training samples", "n_training"),
    ("what it learnt from", "training set", "training_version"),
    ("what it learnt from", "labels that the data give", "given_labels"),
    ("on the hold-out", "hold-out samples", "n_hold_out"),
    ("on the hold-out", "hold-out", "hold_out_version"),
    ("on the hold-out", "calibration error", "calibration_error"),
    ("on the hold-out", "temperature", "temperature"),
    ("gate", "accepts from probability", "gate_threshold"),
    ("gate", "certified precision", "gate_lower_bound"),
    ("gate", "promised precision", "gate_target"),
    ("gate", "hold-out samples above", "gate_n_checked"),
    ("gate", "gates of classes: threshold, certified, samples", "gate_by_class"),
)
CARD = pa.schema(
    [
        ("section", pa.string()),
        ("name", pa.string()),
        ("value", pa.string()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("n", pa.int64()),
    ]
)


def model_card(row: dict[str, Any], figures: pa.Table, decided: Sequence[HandPromotion]) -> pa.Table:
    """A card as rows: section, name, value, and of a share its 90 % interval and the samples counted.

    Args:
        row: Of the registry (schema CLASSIFIER).
        figures: Of all versions (schema CLASSIFIER_FIGURES).
        decided: What people decided, of any version.
    """
    version = row["classifier_version"]
    rows = [_row(section, name, row[column]) for section, name, column in _SAID if row[column] is not None]
    accuracy = _row("on the hold-out", "accuracy", row["accuracy"], row["accuracy_low"], row["accuracy_high"])
    rows.append({**accuracy, "n": row["n_hold_out"]})
    for each in figures.to_pylist():
        if each["classifier_version"] == version and each["trained_on"] == "all" and each["slice"] != "all":
            name = f"{each['value']}, {each['metric']}"
            rows.append({**_row(f"by {each['slice']}", name, each["share"], each["low"], each["high"]), "n": each["n"]})
    for decision in decided:
        if version in (decision.classifier_version, decision.replaced):
            rows.append(_row("decided by people", decision.action, decision.told))
    sections = list(dict.fromkeys(each["section"] for each in rows))
    return pa.Table.from_pylist(sorted(rows, key=lambda each: sections.index(each["section"])), schema=CARD)


def _row(section: str, name: str, value: object, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {"section": section, "name": name, "value": _text(value), "low": low, "high": high, "n": None}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
