"""A small synthetic corpus: 300 raw samples of 6 classes with a steep tail, taken through every step by hand."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from schema_tables import table

from data_engine.corpus import Corpus

CLASSES = ("apache", "mit", "gpl", "bsd", "isc", "zlib")
SIZES = (128, 60, 30, 15, 8, 4)
N_JUNK, N_EXACT, N_NEAR, N_SHORT = 20, 10, 15, 10


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
                "slices": ["batch", "cluster"],
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


N_KEPT = sum(SIZES)
#: (N_KEPT,) the top cluster and the leaf of every kept sample.
_TOP = np.repeat(np.arange(6), SIZES)
_LEAF = 2 * _TOP + np.arange(N_KEPT) % 2
_QUOTAS = (12, 12, 12, 12, 8, 4)
#: Numbers of the chosen samples.
_CHOSEN = [int(i) for k, quota in enumerate(_QUOTAS) for i in np.flatnonzero(k == _TOP)[:quota]]


@pytest.fixture(scope="session")
def tables() -> dict[str, pa.Table]:
    """The tables of the corpus: 245 of 300 samples kept, 60 chosen, 56 labelled (4 of them out of scope by mistake)."""
    raw = _raw_rows()
    ids = [row["sample_id"] for row in raw]
    tree = _tree_rows()
    subset = [{"sample_id": ids[i], "leaf": int(_LEAF[i]), "top_cluster": int(_TOP[i])} for i in _CHOSEN]
    rows = {
        "raw_index": raw,
        "first_pass": _judged_rows(raw),
        "cluster_tree": tree,
        "tree_assignments": [{"sample_id": ids[i], "leaf": int(_LEAF[i])} for i in range(N_KEPT)],
        "cluster_portraits": _portrait_rows(tree, ids),
        "balanced_subset": subset,
        "classifier": _classifier_rows(),
        "classifier_figures": _figure_rows(),
        "proposals": _proposal_rows(ids),
        "reviewed_labels": _answer_rows(ids),
        "labels": _label_rows(ids),
        "drift_report": _drift_rows(ids),
    }
    return {name: table(name, found) for name, found in rows.items()}


def _judged_rows(raw: list[dict[str, Any]]) -> list[dict[str, Any]]:
    reasons = ["kept"] * N_KEPT + ["junk"] * N_JUNK + ["exact_duplicate"] * N_EXACT + ["near_duplicate"] * N_NEAR
    reasons += ["too_short"] * N_SHORT
    judged = []
    for row, reason in zip(raw, reasons, strict=True):
        verdict = "kept" if reason == "kept" else "rejected"
        twin = raw[0]["sample_id"] if "duplicate" in reason else None
        measured = {"score": 0.91, "threshold": 0.8} if reason != "kept" else {}
        judged.append({k: row[k] for k in ("sample_id", "batch", "uri")} | measured)
        judged[-1] |= {"verdict": verdict, "reason": reason, "duplicate_of": twin}
    return judged


def _tree_rows() -> list[dict[str, Any]]:
    leaves = [{"level": 1, "cluster": k, "parent": k // 2, "n_samples": int((k == _LEAF).sum())} for k in range(12)]
    return leaves + [{"level": 2, "cluster": k, "n_samples": int((k == _TOP).sum())} for k in range(6)]


def _portrait_rows(tree: list[dict[str, Any]], ids: list[str]) -> list[dict[str, Any]]:
    of_level = {1: _LEAF, 2: _TOP}
    return [
        {key: row[key] for key in ("level", "cluster", "n_samples")}
        | {
            "name": f"{CLASSES[row['cluster'] if row['level'] == 2 else row['cluster'] // 2]} · license",
            "silhouette": 0.25 * row["level"],
            "nearest": [ids[i] for i in np.flatnonzero(of_level[row["level"]] == row["cluster"])[:3]],
            "border": [],
        }
        for row in tree
    ]


def _proposal_rows(ids: list[str]) -> list[dict[str, Any]]:
    rng = np.random.default_rng(7)
    names = (*CLASSES, "not a licence")
    rows = []
    for place, i in enumerate(_CHOSEN):
        probabilities = np.full(7, 0.02, np.float32)
        probabilities[names.index(CLASSES[_TOP[i]])] = 0.88
        if place % 10 == 9:
            probabilities = np.roll(probabilities, 1)
        rows.append(
            {
                "sample_id": ids[i],
                "label": names[int(probabilities.argmax())],
                "probability": 0.88,
                "probabilities": probabilities.tobytes(),
                "uncertainty": float(rng.beta(1, 6)),
                "difficulty": ("easy", "medium", "hard")[place % 3],
                "route": "person" if place % 3 else "classifier",
            }
        )
    return rows


def _label_rows(ids: list[str]) -> list[dict[str, Any]]:
    rows = []
    for place, i in enumerate(_CHOSEN[:56]):
        is_wrong = place % 15 == 14
        rows.append(
            {
                "sample_id": ids[i],
                "label": "not a licence" if is_wrong else CLASSES[_TOP[i]],
                "provenance": "simulated" if place % 3 else "model_auto",
                "quality": 0.1 if is_wrong else 0.9,
            }
        )
    return rows


def _answer_rows(ids: list[str]) -> list[dict[str, Any]]:
    answers = [
        {
            "annotation_id": f"n{place}",
            "sample_id": ids[i],
            "task_id": f"t{place}",
            "purpose": "hold_out" if place % 2 else "query",
            "arm": "blind",
            "annotator": "simulated:ada",
            "label": CLASSES[_TOP[i]],
            "provenance": "simulated",
            "revision": 1,
        }
        for place, i in enumerate(_CHOSEN)
    ]
    traps = [
        answers[k] | {"annotation_id": f"x{k}", "task_id": f"x{k}", "purpose": "trap", "proposed_label": given}
        for k, given in [(0, "zlib"), (1, "zlib"), (2, "apache"), (3, "zlib")]
    ]
    return answers + traps


def _classifier_rows() -> list[dict[str, Any]]:
    return [
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
            "gate_by_class": '{"mit": [0.81, 0.957, 72], "gpl": [null, null, 0]}' if k == 3 else None,
            "is_in_service": k == 3,
            "boost": 1.5 if k == 3 else None,
            "boost_low": 1.2 if k == 3 else None,
            "boost_high": 2.1 if k == 3 else None,
        }
        for k in (1, 2, 3)
    ]


def _figure_rows() -> list[dict[str, Any]]:
    """Of rounds 2 and 3: recall and precision of three classes, of which mit dropped; learning curves; batches."""
    rows = []
    for version, recalls in (("softmax-2", (0.9, 0.8, 0.5)), ("softmax-3", (0.95, 0.4, 0.6))):
        for name, recall in zip(CLASSES, recalls, strict=False):
            for arm, less in (("all", 0.0), ("query", 0.05), ("control", 0.1)):
                for metric in ("precision", "recall"):
                    share = recall - less if metric == "recall" else 0.75
                    rows.append(_figure(version, arm, "class", name, metric, share))
        for batch, share in (("b0", 0.9), ("b1", 0.8)):
            rows.append(_figure(version, "all", "batch", batch, "accuracy", share))
        for arm, shares in (("query", (0.5, 0.75)), ("control", (0.4, 0.6))):
            rows += [
                _figure(version, arm, "labels", str(n), "accuracy", share)
                for n, share in zip((20, 40), shares, strict=True)
            ]
    return rows


def _figure(version: str, arm: str, column: str, value: str, metric: str, share: float) -> dict[str, Any]:
    named = {"classifier_version": version, "trained_on": arm, "slice": column, "value": value, "metric": metric}
    return {**named, "share": share, "low": share - 0.1, "high": min(share + 0.1, 1.0), "n": 20}


def _drift_rows(ids: list[str]) -> list[dict[str, Any]]:
    compared: list[dict[str, Any]] = [
        {
            "batch": batch,
            "cluster": k,
            "expected_share": size / N_KEPT,
            "observed_share": float(share),
            "contribution": float(abs(size / N_KEPT - share)),
            "p_value": p_value,
            "novelty_p": 0.5,
            "mass_p": p_value / 2,
            "centre_p": p_value / 2,
            "n_samples": 82,
            "n_reference": 163,
            "is_alarm": p_value < 0.01,
            "is_suspect": p_value < 0.05,
            "note": "chi-square over 6 clusters",
        }
        for batch, p_value, shares in (
            ("b0", 0.41, np.array(SIZES) / N_KEPT),
            ("b1", 0.002, np.full(6, 1 / 6)),
        )
        for k, (size, share) in enumerate(zip(SIZES, shares, strict=True))
    ]
    odd = {**compared[-1], "cluster": None, "contribution": None, "expected_share": None, "observed_share": None}
    return [
        *compared,
        {**odd, "sample_ids": [ids[0]]},
        {"batch": "b2", "n_samples": 12, "n_reference": 163, "is_alarm": False, "note": "not enough data: 12"},
    ]


@pytest.fixture(scope="session")
def seconds() -> dict[str, float]:
    return {"raw_index": 2.2, "first_pass": 3.4, "embeddings": 27.7, "cluster_tree": 5.1, "classifier": 1.9}


@pytest.fixture(scope="session")
def release(tables: dict[str, pa.Table]) -> pa.Table:
    rows = [row for row in tables["labels"].to_pylist() if row["label"] != "not a licence"]
    kept = ("sample_id", "label", "provenance", "posterior", "quality")
    return table("release", [{key: row[key] for key in kept} for row in rows])
