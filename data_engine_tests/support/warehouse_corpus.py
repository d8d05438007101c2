"""A corpus of twelve raw samples, small enough to check every mart by hand.

may has six (two kept filters' rejects, one exact duplicate), june four (one near-duplicate), july two that no step
has judged yet. Six are unique, four are chosen, three labelled, two released.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from class_rows import with_answers

from data_engine.schemas import SCHEMAS
from data_engine.storage import TableStore

FOLDER = Path(__file__).resolve().parents[2] / "dbt_like_sql"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 5, day, hour, tzinfo=UTC)


def _raw(batch, uri, sample_id, day, **changes):
    row = {
        "sample_id": sample_id,
        "batch": batch,
        "uri": uri,
        "media_type": "text/plain",
        "n_bytes": 10,
        "arrived_at": at(day),
        "text": f"text of {sample_id}",
        "metadata": "{}",
        "is_readable": True,
    }
    return {**row, **changes}


def _judged(batch, uri, sample_id, reason="kept", duplicate_of=None):
    return {
        "sample_id": sample_id,
        "batch": batch,
        "uri": uri,
        "verdict": "kept" if reason == "kept" else "rejected",
        "reason": reason,
        "duplicate_of": duplicate_of,
    }


def _cost(decider, batch, n_asked, n_labels, money, active_s=0.0, next_money=None):
    return {
        "decider": decider,
        "batch": batch,
        "n_asked": n_asked,
        "n_labels": n_labels,
        "n_calls": 0,
        "tokens_in": 0,
        "tokens_out": 0,
        "seconds": 0.0,
        "money": money,
        "active_s": active_s,
        "next_labels": n_labels,
        "next_money": money if next_money is None else next_money,
    }


def _chosen(sample_id, batch, leaf, top_cluster, leaf_size):
    return {
        "sample_id": sample_id,
        "batch": batch,
        "leaf": leaf,
        "top_cluster": top_cluster,
        "leaf_size": leaf_size,
        "quota": 1,
        "reason": "one of its leaf",
        "tree_version": "tree-1",
    }


def _cluster(level, cluster, parent, n_samples):
    row = {"level": level, "cluster": cluster, "parent": parent, "n_samples": n_samples}
    return {**row, "centroid": b"\0" * 8, "tree_version": "tree-1"}


def answer(annotation_id, sample_id, task, annotator, label, active_s, **changes):
    is_simulated = annotator.startswith("simulated:")
    row = {
        "annotation_id": annotation_id,
        "sample_id": sample_id,
        "review_batch": "round-0",
        "task_id": task,
        "purpose": "query",
        "arm": "manual",
        "annotator": annotator,
        "label": label,
        "provenance": "simulated" if is_simulated else "human",
        "is_simulated": is_simulated,
        "active_s": active_s,
        "revision": 1,
    }
    return {**row, **changes}


def label(sample_id, name, provenance, quality):
    return {
        "sample_id": sample_id,
        "label": name,
        "provenance": provenance,
        "posterior": 0.75,
        "quality": quality,
        "n_annotations": 1,
    }


def released(sample_id, batch, leaf, provenance, quality):
    return {
        "sample_id": sample_id,
        "release_id": "release-1",
        "batch": batch,
        "uri": f"{batch}/{sample_id}",
        "label": "mit",
        "provenance": provenance,
        "posterior": 0.75,
        "quality": quality,
        "leaf": leaf,
        "top_cluster": 0,
        "metadata": "{}",
    }


def decided(sample_id, step, batch, verdict):
    row = {"sample_id": sample_id, "step": step, "batch": batch, "verdict": verdict, "reason": verdict}
    return {**row, "table_version": 1, "run_id": "run-1", "decided_at": at(3)}


def _written(step, batch, n_rows, seconds, run_id, day):
    return {
        "step": step,
        "batch": batch,
        "data_version": f"{step}@{batch}",
        "code_version": "1",
        "input_version": "1",
        "table_version": 1,
        "n_rows": n_rows,
        "seconds": seconds,
        "run_id": run_id,
        "written_at": at(day),
    }


_JUDGED = [
    _judged("may", "m1", "a"),
    _judged("may", "m2", "b"),
    _judged("may", "m3", "c", "too_short"),
    _judged("may", "m4", "a", "exact_duplicate", "a"),
    _judged("may", "m5", "d"),
    _judged("may", "m6", "e", "unreadable"),
    _judged("june", "j1", "f"),
    _judged("june", "j2", "g"),
    _judged("june", "j3", "h", "near_duplicate", "a"),
    _judged("june", "j4", "i"),
]
_PLACES = {"a": ("may", 0), "b": ("may", 0), "d": ("may", 0), "f": ("june", 1), "g": ("june", 2), "i": ("june", 3)}

ROWS = {
    "raw_index": [
        *(
            _raw(row["batch"], row["uri"], row["sample_id"], day, is_readable=row["sample_id"] != "e")
            for day, row in enumerate(_JUDGED, start=1)
        ),
        _raw("july", "y1", "j", 20),
        _raw("july", "y2", "k", 21),
    ],
    "first_pass": _JUDGED,
    "embeddings": [
        {"sample_id": i, "batch": batch, "embedding": np.ones(2, "f4").tobytes(), "dim": 2, "encoder_version": "e"}
        for i, (batch, _) in _PLACES.items()
    ],
    "cluster_tree": [
        _cluster(1, 0, 0, 3),
        _cluster(1, 1, 0, 1),
        _cluster(1, 2, 1, 1),
        _cluster(1, 3, 1, 1),
        _cluster(2, 0, None, 4),
        _cluster(2, 1, None, 2),
    ],
    "tree_assignments": [
        {"sample_id": i, "batch": batch, "leaf": leaf, "distance": 0.5, "tree_version": "tree-1"}
        for i, (batch, leaf) in _PLACES.items()
    ],
    "balanced_subset": [
        _chosen("a", "may", 0, 0, 3),
        _chosen("f", "june", 1, 0, 1),
        _chosen("g", "june", 2, 1, 1),
        _chosen("i", "june", 3, 1, 1),
    ],
    "reviewed_labels": [
        answer("1", "a", "t1", "anna", "apache", 4.0),
        answer("2", "a", "t1", "anna", "mit", 6.0, revision=2),
        answer("3", "f", "t2", "anna", "bsd", 8.0),
        answer("4", "f", "t2", "simulated:reader", "mit", None),
        answer(
            "5", "a", "t3", "anna", "bsd", 2.0,
            purpose="trap", arm="trap", proposed_label="bsd", provenance="model_accepted",
        ),
        answer("6", "a", "t3", "simulated:reader", "mit", None, purpose="trap", arm="trap", proposed_label="bsd"),
        answer("7", "g", "t4", "anna", "out_of_scope", 20.0),
        answer("8", "g", "t4", "simulated:reader", "out_of_scope", None),
    ],
    "labels": [
        label("a", "mit", "human", 1.0),
        label("f", "mit", "simulated", 0.25),
        label("g", "out_of_scope", "model_auto", 0.75),
    ],
    "costs": [
        _cost("classifier", "", 100, 0, 0.0),
        _cost("foundation_model", "", 50, 40, 10.0, next_money=8.0),
        _cost("person", "r1", 20, 15, 40.0, active_s=50.0),
        _cost("person", "r2", 10, 5, 20.0, active_s=30.0),
    ],
    "drift_report": [
        {
            "batch": batch,
            "cluster": cluster,
            "p_value": p_value,
            "n_samples": 3,
            "n_reference": 3,
            "is_alarm": p_value < 0.01,
            "is_suspect": True,
            "sample_ids": ["f"],
            "note": f"{batch} against may",
        }
        for batch, p_value in (("july", 0.004), ("june", 0.03))
        for cluster in (0, 1)
    ],
    "release": [released("a", "may", 0, "human", 1.0), released("f", "june", 1, "simulated", 0.25)],
    "ledger": [
        *(decided(row["sample_id"], "first_pass", row["batch"], row["verdict"]) for row in _JUDGED),
        decided("a", "release", "", "released"),
        decided("f", "release", "", "released"),
        decided("g", "release", "", "not_released"),
    ],
    "step_versions": [
        _written("raw_index", "may", 6, 1.0, "run-1", 10),
        _written("first_pass", "may", 6, 2.0, "run-1", 11),
        _written("embeddings", "may", 3, 4.0, "run-1", 12),
        _written("raw_index", "june", 4, 0.5, "run-2", 13),
        _written("first_pass", "june", 4, 1.0, "run-2", 14),
        _written("raw_index", "july", 2, 0.25, "run-3", 22),
        _written("labels", "", 3, 0.125, "run-4", 23),
    ],
}  # fmt: skip


def _checked(name, passed, **changes):
    row = {"step": "first_pass", "batch": "june", "data_version": "first_pass@june:rules", "check": name}
    row |= {"passed": passed, "is_blocking": True, "detail": "", "n_offending": 0, "seconds": 0.5, "run_id": "run-2"}
    return {**row, "checked_at": at(14), **changes}


#: The batch june is held by one of its checks, a day after it was accepted.
HELD_JUNE = {
    "check_results": [
        _checked("enough_is_kept", False),
        _checked("every_verdict_has_a_reason", True),
        _checked("few_are_short", False, is_blocking=False),
        _checked("enough_is_kept", True, batch="may", data_version="first_pass@may:rules"),
    ]
}


def table(name, rows):
    return pa.Table.from_pylist(with_answers(name, rows), schema=SCHEMAS[name])


def write_corpus(store: TableStore, **changed_rows: list[dict]) -> None:
    """Write all tables; `changed_rows` replaces the rows of some of them."""
    for name, rows in {**ROWS, **changed_rows}.items():
        store.write(name, table(name, rows), run_id="run-1", code_version="1")
