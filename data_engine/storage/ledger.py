"""Ledger rows: what a step decided about each sample, and why, ready for the table `ledger`.

Step, partition, table version, run and time are added when the step is written, by `runtime.step_run`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from data_engine.schemas import LEDGER


def ledger_rows(
    sample_ids: Sequence[str] | pa.ChunkedArray,
    *,
    verdict: Sequence[str] | pa.ChunkedArray | str,
    reason: Sequence[str] | pa.ChunkedArray | str,
    score: Sequence[float | None] | pa.ChunkedArray | None = None,
    threshold: Sequence[float | None] | pa.ChunkedArray | float | None = None,
    model_version: Sequence[str | None] | pa.ChunkedArray | str | None = None,
    decided_at: Sequence[datetime] | None = None,
) -> pa.Table:
    """Ledger rows of one step: one decision per sample; without `decided_at`, made when the step is written."""
    n = len(sample_ids)

    def column(values: Any, kind: pa.DataType) -> Any:
        if values is None or isinstance(values, str | float | int):
            return pa.repeat(pa.scalar(values, kind), n)
        return values.cast(kind) if isinstance(values, pa.ChunkedArray | pa.Array) else pa.array(values, kind)

    rows = pa.table(
        {
            "sample_id": column(sample_ids, pa.string()),
            "verdict": column(verdict, pa.string()),
            "reason": column(reason, pa.string()),
            "score": column(score, pa.float64()),
            "threshold": column(threshold, pa.float64()),
            "model_version": column(model_version, pa.string()),
        }
    )
    return (
        rows
        if decided_at is None
        else rows.append_column("decided_at", pa.array(decided_at, LEDGER.field("decided_at").type))
    )
