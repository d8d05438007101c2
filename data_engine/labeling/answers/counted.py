"""Which of the answers in the table count, whatever their kind.

What is made of those that count is in the file of their kind.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from data_engine.labeling.provenance import ADJUDICATED, CORRECTION, IMPORTED, SIMULATED

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


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
        key = (row["sample_id"], row["task_id"], row["annotator"], is_decision(row))
        if key not in last or row["revision"] > last[key]["revision"]:
            last[key] = row
    return [last[key] for key in sorted(last)]


def is_decision(row: Mapping[str, Any]) -> bool:
    """Whether a row of `schemas.REVIEWED_LABELS` stands in the place of the answers: a reviewer's, or a correction."""
    is_correction = row["purpose"] == CORRECTION and row["provenance"] in (IMPORTED, SIMULATED)
    return is_correction or bool(row["provenance"] == ADJUDICATED)


def decisions_in(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """By sample the answer that stands in the place of all others: the newest decision of a reviewer or correction.

    Args:
        rows: as `counted_answers` returns them.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if is_decision(row):
            newest = found.setdefault(row["sample_id"], row)
            if _moment(row) > _moment(newest):
                found[row["sample_id"]] = row
    return found


def _moment(row: Mapping[str, Any]) -> tuple[datetime, str]:
    """When something was decided; rows of an earlier engine lack the time and follow their review batches."""
    return row.get("decided_at") or _EARLIEST, row["review_batch"]
