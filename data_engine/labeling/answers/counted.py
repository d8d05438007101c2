"""Which of the answers in the table count, whatever their kind.

What is made of those that count is in the file of their kind.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from data_engine.labeling.provenance import ADJUDICATED


def counted_answers(reviewed: pa.Table) -> list[dict[str, Any]]:
    """The answers that count: the last revision of each, and no answers to traps.

    A trap is a known-wrong proposal on a sample that has its label already: it measures the annotator, and the
    wrong proposal would bias the label.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`.

    Returns: the rows as dictionaries, by sample, task and annotator.
    """
    last: dict[tuple[str, str, str, bool], dict[str, Any]] = {}
    for row in reviewed.to_pylist():
        if row["purpose"] == "trap" or row["arm"] == "trap":
            continue
        is_decision = row["provenance"] == ADJUDICATED
        key = (row["sample_id"], row["task_id"], row["annotator"], is_decision)
        if key not in last or row["revision"] > last[key]["revision"]:
            last[key] = row
    return [last[key] for key in sorted(last)]


def decisions_in(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """By sample the answer that a reviewer decided on, which stands in the place of all others; the newest of several.

    Args:
        rows: as `counted_answers` returns them.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if row["provenance"] == ADJUDICATED:
            newest = found.setdefault(row["sample_id"], row)
            if row["review_batch"] > newest["review_batch"]:
                found[row["sample_id"]] = row
    return found
