"""A metric: one figure with its interval, its unit, and a note on how it was computed.

Formatting a metric for people is in `data_engine.reporting.number_format`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Direction = Literal["higher_is_better", "lower_is_better", "neutral"]


@dataclass(frozen=True)
class Metric:
    """One row of the quality report; see `data_engine.schemas.QUALITY_REPORT`."""

    metric: str
    scope: str
    value: float
    unit: str
    direction: Direction
    note: str
    low: float | None = None
    high: float | None = None
    n: int | None = None


def share_metric(
    metric: str, scope: str, outcomes: Iterable[bool], note: str, direction: Direction = "higher_is_better"
) -> Metric:
    """The share of true outcomes, with its 90 % Clopper-Pearson interval; needs at least one outcome."""
    from data_engine.labeling import binomial_interval

    values = list(outcomes)
    low, high = binomial_interval(sum(values), len(values), confidence=0.9)
    share = sum(values) / len(values)
    return Metric(metric, scope, share, "share", direction, note, float(low), float(high), len(values))


def by_name(metrics: pa.Table) -> dict[tuple[str, str], Metric]:
    """(metric, scope) to metric, in the order of a quality report."""
    return {(row["metric"], row["scope"]): Metric(**row) for row in metrics.to_pylist()}
