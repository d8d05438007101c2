"""Labels that the data or a foundation model give, as answers beside those of people.

Which samples have one in the data, and what it is, is found in `data_engine.runtime.made_from.given_labels`.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pyarrow as pa

from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.provenance import DISTILLED, FOUNDATION_AUTO, GIVEN, IMPORTED, SIMULATED
from data_engine.schemas import REVIEWED_LABELS


def with_given_answers(
    reviewed: pa.Table, class_of: Mapping[str, str], *, hold_out: Collection[str] = (), kind: str = CLASS
) -> pa.Table:
    """Answers of people and, of samples that nobody answered, the labels that the data give.

    Args:
        reviewed: Answers of people (schema REVIEWED_LABELS).
        class_of: The class of each sample that the data give one; it is not asked about the samples that are answered.
        hold_out: Of these samples those that are held out.
        kind: Of the answers, see `answers.registry`.

    Returns: rows in the schema REVIEWED_LABELS; those that are given have the provenance `imported`.
    """
    rows = [
        _row(sample_id, label, kind, "hold_out" if sample_id in hold_out else GIVEN)
        for sample_id, label in sorted(class_of.items())
    ]
    return _beside(reviewed, rows)


def with_distilled_answers(
    reviewed: pa.Table, answers: pa.Table, class_names: Collection[str], *, kind: str = CLASS
) -> pa.Table:
    """Answers and, of samples that nobody answered, what a foundation model said above its gate; none is held out.

    Args:
        reviewed: Answers of people, and labels of the data (schema REVIEWED_LABELS).
        answers: Accepted answers of a foundation model (schema DISTILLED_ANSWERS); withdrawn ones are left out.
        class_names: The classes of now; answers that are none of them are left out.
        kind: Of the answers, see `answers.registry`.

    Returns: rows in the schema REVIEWED_LABELS, those of the model with the purpose `distilled` and the provenance
        `foundation_auto` or `simulated`.
    """
    rows = [
        _row(row["sample_id"], row["label"], kind, DISTILLED)
        | {
            "annotator": row["model"],
            "provenance": SIMULATED if row["is_simulated"] else FOUNDATION_AUTO,
            "is_simulated": row["is_simulated"],
        }
        for row in answers.sort_by("sample_id").to_pylist()
        if row["label"] in class_names and row["withdrawn"] is None
    ]
    return _beside(reviewed, rows)


def _beside(reviewed: pa.Table, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """The rows of samples that have no answer, behind the answers."""
    answered = set(reviewed["sample_id"].to_pylist())
    added = pa.Table.from_pylist([row for row in rows if row["sample_id"] not in answered], schema=REVIEWED_LABELS)
    return pa.concat_tables([reviewed.select(REVIEWED_LABELS.names).cast(REVIEWED_LABELS), added])


def _row(sample_id: str, label: str, kind: str, purpose: str) -> dict[str, Any]:
    """An answer that nobody gave here."""
    return {
        "annotation_id": f"{IMPORTED}:{sample_id}",
        "sample_id": sample_id,
        "review_batch": IMPORTED,
        "task_id": f"{IMPORTED}:{sample_id}",
        "purpose": purpose,
        "arm": "manual",
        "annotator": IMPORTED,
        "kind": kind,
        "answer": answer_kind(kind).from_label(label),
        "label": label,
        "provenance": IMPORTED,
        "is_simulated": False,
        "revision": 1,
    }
