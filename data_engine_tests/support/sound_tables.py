"""Small tables of every step that pass all checks, and ways to break them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from schema_tables import Rows, table

from data_engine.corpus import Corpus
from data_engine.quality import TABLES, CheckResult, evaluate

CORPUS = Corpus.model_validate(
    {
        "name": "letters",
        "source": {"kind": "folder", "path": "data"},
        "first_pass": {"max_unreadable_share": 0.3, "min_kept_share": 0.4, "max_kept_share": 0.9},
        "tree": {"n_clusters": [4, 2]},
        "subset": {"target_size": 300},
        "labels": {
            "question": "Which?",
            "classes": ["a", "b", "junk"],
            "out_of_scope": "junk",
            "hold_out_size": 50,
        },
    }
)


def floats(*values: float) -> bytes:
    return np.array(values, np.float32).tobytes()


def raw_rows() -> Rows:
    rows = [{"sample_id": f"s{i}", "uri": f"u{i}", "source_id": f"id{i}", "metadata": "{}"} for i in range(4)]
    rows[3] |= {"source_id": None, "is_readable": False, "error": "not UTF-8"}
    return rows


def judged_rows() -> Rows:
    return [
        {"sample_id": "s0", "uri": "u0", "verdict": "kept", "reason": "kept"},
        {"sample_id": "s1", "uri": "u1", "verdict": "kept", "reason": "kept"},
        {"sample_id": "s2", "uri": "u2", "verdict": "rejected", "reason": "near_duplicate", "duplicate_of": "s0"},
        {"sample_id": "s3", "uri": "u3", "verdict": "rejected", "reason": "unreadable"},
    ]


def embedded_rows() -> Rows:
    return [{"sample_id": f"s{i}", "embedding": floats(0.6, 0.8), "dim": 2} for i in range(2)]


def tree_rows() -> Rows:
    leaves = [{"level": 1, "cluster": k, "parent": k // 2, "n_samples": n} for k, n in enumerate([5, 1, 1, 1])]
    return [*leaves, {"level": 2, "cluster": 0, "n_samples": 6}, {"level": 2, "cluster": 1, "n_samples": 2}]


def assigned_rows() -> Rows:
    return [{"sample_id": f"s{i}", "leaf": leaf} for i, leaf in enumerate([0, 0, 0, 0, 0, 1, 2, 3])]


def chosen_rows() -> Rows:
    return [
        {"sample_id": f"s{i}", "leaf": leaf, "top_cluster": leaf // 2} for i, leaf in [(0, 0), (5, 1), (6, 2), (7, 3)]
    ]


def classifier_rows() -> Rows:
    return [{"n_hold_out": 60, "accuracy": 0.9, "calibration_error": 0.03}]


def proposal_rows() -> Rows:
    rows = [
        {"sample_id": row["sample_id"], "probability": 0.7, "probabilities": floats(0.7, 0.2, 0.1), "route": "person"}
        for row in chosen_rows()
    ]
    rows[0] |= {"probability": 0.95, "probabilities": floats(0.95, 0.05, 0.0), "route": "classifier"}
    return rows


def answer_rows() -> Rows:
    human = {"annotator": "ada", "provenance": "human", "is_simulated": False, "active_s": 2.5, "purpose": "query"}
    simulated = {"annotator": "simulated:sim", "provenance": "simulated", "is_simulated": True, "purpose": "query"}
    return [
        {"annotation_id": "n0", "sample_id": "s0", "label": "a"} | human,
        {"annotation_id": "n1", "sample_id": "s5", "label": "b"} | simulated,
        {"annotation_id": "n2", "sample_id": "s6", "label": "b", "proposed_label": "a"} | human | {"purpose": "trap"},
        {"annotation_id": "n3", "sample_id": "s7", "label": "junk", "proposed_label": "a"}
        | human
        | {"purpose": "trap"},
    ]


def label_rows() -> Rows:
    return [
        {"sample_id": "s0", "label": "a", "provenance": "model_auto"},
        {"sample_id": "s5", "label": "b", "provenance": "simulated"},
        {"sample_id": "s6", "label": "b", "provenance": "human"},
        {"sample_id": "s7", "label": "junk", "provenance": "human"},
    ]


def metric_rows() -> Rows:
    scopes = {
        "funnel": ["raw", "kept", "unique", "chosen", "labelled"],
        "kl_to_uniform": ["raw", "random", "balanced"],
        "label_quality": ["all"],
        "classifier_accuracy": ["all"],
    }
    rows = [{"metric": m, "scope": s, "value": 1.0, "note": "Counted."} for m, names in scopes.items() for s in names]
    for row in rows:
        row["value"] = 0.25 if row["scope"] == "balanced" else row["value"]
    return rows


def proof_rows() -> Rows:
    """Two draws of the corpus' method and of random samples."""
    figures = {
        "balanced": ((0.8, 0.5, 0.1), (0.7, 0.5, 0.1)),
        "random": ((0.7, 0.25, 0.2), (0.6, 0.5, 0.2)),
    }
    return [
        {
            "method": method,
            "evenness": 0.5,
            "draw": draw,
            "n_chosen": 4,
            "n_held_out": 10,
            "n_classes": 3,
            "macro_accuracy": accuracy,
            "rare_recall": rare,
            "class_coverage": 1.0,
            "kl": 0.1,
            "distance": distance,
        }
        for method, draws in figures.items()
        for draw, (accuracy, rare, distance) in enumerate(draws)
    ]


def drift_rows() -> Rows:
    compared = {"batch": "b1", "p_value": 0.4}
    return [
        compared | {"cluster": 0, "expected_share": 0.75, "observed_share": 0.5},
        compared | {"cluster": 1, "expected_share": 0.25, "observed_share": 0.5},
        {"batch": "b2"},
    ]


def release_rows() -> Rows:
    return [{"sample_id": row["sample_id"], "label": row["label"], "provenance": "human"} for row in label_rows()[:3]]


ROWS: dict[str, Callable[[], Rows]] = {
    "raw_index": raw_rows,
    "first_pass": judged_rows,
    "embeddings": embedded_rows,
    "cluster_tree": tree_rows,
    "tree_assignments": assigned_rows,
    "embedded": lambda: [{"sample_id": row["sample_id"]} for row in assigned_rows()],
    "balanced_subset": chosen_rows,
    "semantic_duplicates": lambda: [{"sample_id": "s1", "duplicate_of": "s0"}],
    "subset_proof": proof_rows,
    "classifier": classifier_rows,
    "proposals": proposal_rows,
    "reviewed_labels": answer_rows,
    "labels": label_rows,
    "quality_report": metric_rows,
    "drift_report": drift_rows,
    "release": release_rows,
}
SOUND_FACTS: dict[str, dict[str, Any]] = {
    "balanced_subset": {"target": 4},
    "classifier": {
        "previous_accuracy": 0.92,
        "previous_low": 0.85,
        "hold_out_ids": ["s1", "s2", "s3"],
        "training_ids": ["s4", "s5"],
    },
    "proposals": {"gate_threshold": 0.95, "audit_age_days": 2.0},
    "labels": {"audited": {"a": (45, 45), "b": (20, 19)}},
}


def tables_of(step: str, changed: Mapping[str, Rows]) -> dict[str, pa.Table]:
    """The tables that the checks of a step read: sound ones, but for those given."""
    names = {"embedded": "tree_assignments"}
    return {name: table(names.get(name, name), changed.get(name, ROWS[name]())) for name in TABLES[step]}


@dataclass(frozen=True)
class Broken:
    """One way to break one truth, and what the check then says."""

    check: str
    detail: str
    offending: tuple[str, ...] = ()
    rows: dict[str, Rows] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    n_offending: int | None = None

    @property
    def outcome(self) -> tuple[bool, str, tuple[str, ...], int]:
        """As `outcome_of` gives it: it does not hold."""
        return False, self.detail, self.offending, len(self.offending) if self.n_offending is None else self.n_offending


def outcome_of(step: str, case: Broken) -> tuple[bool, str, tuple[str, ...], int]:
    """What the check of a case finds: whether it passed, its detail, the offending rows, and their number."""
    result = _results(step, case.rows, SOUND_FACTS.get(step, {}) | case.facts)[case.check]
    return result.passed, result.detail, result.offending, result.n_offending


def but(rows: Rows, position: int, **values: Any) -> Rows:
    """The same rows with some values of one of them changed."""
    return [row | values if i == position else row for i, row in enumerate(rows)]


def failed(step: str, rows: Mapping[str, Rows], **facts: Any) -> set[str]:
    """The checks that do not hold."""
    return {name for name, result in _results(step, rows, facts).items() if not result.passed}


def details(step: str, rows: Mapping[str, Rows], **facts: Any) -> dict[str, str]:
    """What every check found, by its name."""
    return {name: result.detail for name, result in _results(step, rows, facts).items()}


def _results(step: str, rows: Mapping[str, Rows], facts: Mapping[str, Any]) -> dict[str, CheckResult]:
    return {result.name: result for result in evaluate(step, tables_of(step, rows), CORPUS, **facts)}
