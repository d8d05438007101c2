"""Which of the answers in the table count, whatever their kind.

What is made of those that count is in the file of their kind.
"""

from typing import Any

import pyarrow as pa


def counted_answers(reviewed: pa.Table) -> list[dict[str, Any]]:
    """The answers that count: the last revision of each, and no answers to traps.

    A trap is a known-wrong proposal on a sample that has its label already: it measures the annotator, and the
    wrong proposal would bias the label.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`.

    Returns: the rows as dictionaries, by sample, task and annotator.
    """
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in reviewed.to_pylist():
        if row["purpose"] == "trap" or row["arm"] == "trap":
            continue
        key = (row["sample_id"], row["task_id"], row["annotator"])
        if key not in last or row["revision"] > last[key]["revision"]:
            last[key] = row
    return [last[key] for key in sorted(last)]
