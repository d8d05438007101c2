"""Labels that the data give, as answers beside those of people.

Which samples have one, and what it is, is found in `data_engine.runtime.made_from.given_labels`.
"""

from collections.abc import Collection, Mapping

import pyarrow as pa

from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.provenance import GIVEN, IMPORTED
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
    answered, from_label = set(reviewed["sample_id"].to_pylist()), answer_kind(kind).from_label
    rows = [
        {
            "annotation_id": f"{IMPORTED}:{sample_id}",
            "sample_id": sample_id,
            "review_batch": IMPORTED,
            "task_id": f"{IMPORTED}:{sample_id}",
            "purpose": "hold_out" if sample_id in hold_out else GIVEN,
            "arm": "manual",
            "annotator": IMPORTED,
            "kind": kind,
            "answer": from_label(label),
            "label": label,
            "provenance": IMPORTED,
            "is_simulated": False,
            "revision": 1,
        }
        for sample_id, label in sorted(class_of.items())
        if sample_id not in answered
    ]
    given = pa.Table.from_pylist(rows, schema=REVIEWED_LABELS)
    return pa.concat_tables([reviewed.select(REVIEWED_LABELS.names).cast(REVIEWED_LABELS), given])
