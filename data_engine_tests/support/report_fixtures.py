"""A small synthetic corpus: 300 raw samples of 6 classes with a steep tail, taken through every step by hand."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from class_rows import with_answers

from data_engine.corpus import Corpus
from data_engine.schemas import SCHEMAS

CLASSES = ("apache", "mit", "gpl", "bsd", "isc", "zlib")
SIZES = (128, 60, 30, 15, 8, 4)
N_JUNK, N_EXACT, N_NEAR, N_SHORT = 20, 10, 15, 10
_FILLERS: dict[pa.DataType, Any] = {
    pa.string(): "x",
    pa.int32(): 0,
    pa.int64(): 1,
    pa.float32(): 0.5,
    pa.float64(): 0.5,
    pa.bool_(): True,
    pa.binary(): b"",
    pa.list_(pa.string()): [],
}


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows in the schema of a table; required columns that do not matter get a filler."""
    schema = SCHEMAS[name]
    fillers = {f.name: _FILLERS.get(f.type, datetime(2026, 1, 1, tzinfo=UTC)) for f in schema if not f.nullable}
    return pa.Table.from_pylist([fillers | row for row in with_answers(name, rows)], schema=schema)


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return Corpus.model_validate(
        {
            "name": "license_notices",
            "source": {"kind": "folder", "path": "data"},
            "tree": {"n_clusters": [12, 6]},
            "subset": {"target_size": 60},
            "labels": {
                "question": "Which licence?",
                "classes": [*CLASSES, "not a licence"],
                "out_of_scope": "not a licence",
                "hold_out_size": 50,
            },
            "review": {"simulated": [{"name": "ada"}]},
            "release": {
                "title": "Licence notices",
                "description": "Short mentions of software licences.",
                "licence": "CC BY 4.0",
                "attribution": "The authors of the texts.",
            },
            "known_label_column": "license",
        }
    )


def _raw_rows() -> list[dict[str, Any]]:
    labels: list[str | None] = [name for name, size in zip(CLASSES, SIZES, strict=True) for _ in range(size)]
    labels += [None] * N_JUNK + ["apache"] * (N_EXACT + N_NEAR + N_SHORT)
    return [
        {
            "sample_id": f"{i * 2654435761 % 2**32:032x}",
            "batch": f"b{i % 3}",
            "uri": f"notices/{i}.txt",
            "media_type": "text/plain",
            "text": f"<b>Licensed</b> under the {label or 'moon'} license, version {i} & later. " * 2,
            "metadata": json.dumps({"license": label}),
        }
        for i, label in enumerate(labels)
    ]


@pytest.fixture(scope="session")
def tables() -> dict[str, pa.Table]:
    """The tables of the corpus: 245 of 300 samples kept, 60 chosen, 56 labelled (4 of them out of scope by mistake)."""
    rng = np.random.default_rng(7)
    raw = _raw_rows()
    n_kept = sum(SIZES)
    reasons = ["kept"] * n_kept + ["junk"] * N_JUNK + ["exact_duplicate"] * N_EXACT + ["near_duplicate"] * N_NEAR
    reasons += ["too_short"] * N_SHORT
    judged = []
    for row, reason in zip(raw, reasons, strict=True):
        verdict = "kept" if reason == "kept" else "rejected"
        twin = raw[0]["sample_id"] if "duplicate" in reason else None
        measured = {"score": 0.91, "threshold": 0.8} if reason != "kept" else {}
        judged.append({k: row[k] for k in ("sample_id", "batch", "uri")} | measured)
        judged[-1] |= {"verdict": verdict, "reason": reason, "duplicate_of": twin}
    top = np.repeat(np.arange(6), SIZES)
    leaf = 2 * top + np.arange(n_kept) % 2
    assigned = [{"sample_id": raw[i]["sample_id"], "leaf": int(leaf[i])} for i in range(n_kept)]
    tree = [{"level": 1, "cluster": k, "parent": k // 2, "n_samples": int((leaf == k).sum())} for k in range(12)]
    tree += [{"level": 2, "cluster": k, "n_samples": int((top == k).sum())} for k in range(6)]
    of_level = {1: leaf, 2: top}
    portraits = [
        {key: row[key] for key in ("level", "cluster", "n_samples")}
        | {
            "name": f"{CLASSES[row['cluster'] if row['level'] == 2 else row['cluster'] // 2]} · license",
            "silhouette": 0.25 * row["level"],
            "nearest": [raw[i]["sample_id"] for i in np.flatnonzero(of_level[row["level"]] == row["cluster"])[:3]],
            "border": [],
        }
        for row in tree
    ]
    chosen = [int(i) for k, quota in enumerate((12, 12, 12, 12, 8, 4)) for i in np.flatnonzero(top == k)[:quota]]
    subset = [{"sample_id": raw[i]["sample_id"], "leaf": int(leaf[i]), "top_cluster": int(top[i])} for i in chosen]
    answers, labels, proposals = [], [], []
    names = (*CLASSES, "not a licence")
    for place, i in enumerate(chosen):
        truth = CLASSES[top[i]]
        is_auto = place % 3 == 0
        label = names[-1] if place % 15 == 14 else truth
        probabilities = np.full(7, 0.02, np.float32)
        probabilities[names.index(truth)] = 0.88
        if place % 10 == 9:
            probabilities = np.roll(probabilities, 1)
        proposals.append(
            {
                "sample_id": raw[i]["sample_id"],
                "label": names[int(probabilities.argmax())],
                "probability": 0.88,
                "probabilities": probabilities.tobytes(),
                "uncertainty": float(rng.beta(1, 6)),
                "difficulty": ("easy", "medium", "hard")[place % 3],
                "route": "classifier" if is_auto else "person",
            }
        )
        if place < 56:
            labels.append(
                {
                    "sample_id": raw[i]["sample_id"],
                    "label": label,
                    "provenance": "model_auto" if is_auto else "simulated",
                    "quality": 0.1 if label != truth else 0.9,
                }
            )
        answers.append(
            {
                "annotation_id": f"n{place}",
                "sample_id": raw[i]["sample_id"],
                "task_id": f"t{place}",
                "purpose": "hold_out" if place % 2 else "query",
                "arm": "blind",
                "annotator": "simulated:ada",
                "label": truth,
                "provenance": "simulated",
                "revision": 1,
            }
        )
    traps = [
        answers[k] | {"annotation_id": f"x{k}", "task_id": f"x{k}", "purpose": "trap", "proposed_label": given}
        for k, given in [(0, "zlib"), (1, "zlib"), (2, "apache"), (3, "zlib")]
    ]
    versions = [
        {
            "classifier_version": f"softmax-{k}",
            "n_rounds": k,
            "n_training": 20 * k,
            "n_hold_out": 50,
            "accuracy": 0.7 + 0.06 * k,
            "accuracy_low": 0.6 + 0.06 * k,
            "accuracy_high": 0.78 + 0.06 * k,
            "calibration_error": 0.04,
            "query_accuracy": 0.66 + 0.06 * k,
            "control_accuracy": 0.64 + 0.03 * k,
            "gate_threshold": 0.87 if k == 3 else None,
            "gate_lower_bound": 0.953 if k == 3 else None,
            "gate_target": 0.95,
            "gate_n_checked": 46 if k == 3 else 0,
            "is_in_service": k == 3,
        }
        for k in (1, 2, 3)
    ]
    drift = [
        {
            "batch": batch,
            "cluster": k,
            "expected_share": size / n_kept,
            "observed_share": float(share),
            "contribution": float(abs(size / n_kept - share)),
            "p_value": p_value,
            "n_samples": 82,
            "n_reference": 163,
            "is_alarm": p_value < 0.01,
            "note": "chi-square over 6 clusters",
        }
        for batch, p_value, shares in (
            ("b0", 0.41, np.array(SIZES) / n_kept),
            ("b1", 0.00001, np.full(6, 1 / 6)),
        )
        for k, (size, share) in enumerate(zip(SIZES, shares, strict=True))
    ]
    drift.append({"batch": "b2", "n_samples": 12, "n_reference": 163, "is_alarm": False, "note": "not enough data: 12"})
    return {
        "raw_index": table("raw_index", raw),
        "first_pass": table("first_pass", judged),
        "cluster_tree": table("cluster_tree", tree),
        "tree_assignments": table("tree_assignments", assigned),
        "cluster_portraits": table("cluster_portraits", portraits),
        "balanced_subset": table("balanced_subset", subset),
        "classifier": table("classifier", versions),
        "proposals": table("proposals", proposals),
        "reviewed_labels": table("reviewed_labels", answers + traps),
        "labels": table("labels", labels),
        "drift_report": table("drift_report", drift),
    }


@pytest.fixture(scope="session")
def seconds() -> dict[str, float]:
    return {"raw_index": 2.2, "first_pass": 3.4, "embeddings": 27.7, "cluster_tree": 5.1, "classifier": 1.9}


@pytest.fixture(scope="session")
def release(tables: dict[str, pa.Table]) -> pa.Table:
    rows = [row for row in tables["labels"].to_pylist() if row["label"] != "not a licence"]
    kept = ("sample_id", "label", "provenance", "posterior", "quality")
    return table("release", [{key: row[key] for key in kept} for row in rows])
