"""Whether the figures of labels fall over time: the slope of each since its classes last changed their meaning.

The figures of each review batch are in the table `label_trends`.
"""

from collections import defaultdict
from typing import Any

from data_engine.reporting.metrics.metric import Metric
from data_engine.schemas import Tables

SLOPE, CHANCE = "label_trend", "label_trend_chance"
"""Metrics of a slope, and of the p-value of the test against a fall."""

_DAY_S = 86_400


def trends_in(tables: Tables) -> list[dict[str, Any]]:
    """The rows of `schemas.LABEL_TRENDS` of the review batches whose answers are among these tables, by time.

    Figures of fewer than `LEAST_SHARED` samples are left out: one answer turns such a figure from 1 to 0.
    """
    from data_engine.labeling.answers.annotator_figures import LEAST_SHARED

    if not {"label_trends", "reviewed_labels"} <= set(tables):
        return []
    batches = set(tables["reviewed_labels"]["review_batch"].to_pylist())
    rows = [
        row for row in tables["label_trends"].to_pylist() if row["review_batch"] in batches and row["n"] >= LEAST_SHARED
    ]
    return sorted(rows, key=lambda row: (row["opened_at"], row["review_batch"], row["figure"], row["subject"]))


def changed_at(rows: list[dict[str, Any]]) -> list[Any]:
    """When review batches began to be asked with classes of another meaning."""
    seen: list[tuple[Any, str]] = []
    for row in rows:
        if not seen or seen[-1][1] != row["definitions"]:
            seen.append((row["opened_at"], row["definitions"]))
    return [at for at, _ in seen[1:]]


def trend_metrics(tables: Tables) -> list[Metric]:
    """Slope in 30 days and p-value of each figure that has enough review batches of one meaning of the classes."""
    from data_engine.drift.trend import trend_of

    rows = trends_in(tables)
    newest = rows[-1]["definitions"] if rows else ""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        if row["definitions"] == newest:
            name = row["figure"] if row["subject"] == "all" else f"{row['figure']} of {row['subject']}"
            points[name].append((row["opened_at"].timestamp() / _DAY_S, row["value"]))
    metrics = []
    for name, some in sorted(points.items()):
        found = trend_of(*zip(*some, strict=True))
        if found is None:
            continue
        since = f"{found.n} review batches since the classes last changed"
        note = f"Median slope of all pairs (Theil and Sen) over {since}; interval of 90 %."
        metrics.append(
            Metric(SLOPE, name, found.slope, "per 30 days", "higher_is_better", note, found.low, found.high, found.n)
        )
        note = f"One-sided test of Mann and Kendall against a fall over {since}."
        metrics.append(Metric(CHANCE, name, found.p_value, "p-value", "neutral", note, n=found.n))
    return metrics
