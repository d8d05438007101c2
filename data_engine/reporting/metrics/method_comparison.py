"""Methods of choosing a subset side by side, from the table in which their draws were measured.

The draws are made in `data_engine.sampling.comparison`.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.reporting.metrics.metric import Direction, Metric
from data_engine.schemas import Tables

KNOWN_LABELS = "known labels"
#: Quantiles of the draws between which most of them lie.
_RANGE = (0.05, 0.95)
_MEANS = ("kl", "largest_share", "n_covered", "seconds")
_SIDE_BY_SIDE = pa.schema(
    [
        ("counted_over", pa.string()),
        ("method", pa.string()),
        ("n_draws", pa.int64()),
        ("kl", pa.float64()),
        ("kl_low", pa.float64()),
        ("kl_high", pa.float64()),
        ("largest_share", pa.float64()),
        ("n_covered", pa.float64()),
        ("n_groups", pa.int64()),
        ("n_samples", pa.int64()),
        ("seconds", pa.float64()),
    ]
)
_FIGURES: tuple[tuple[str, str, str, Direction, str], ...] = (
    ("kl_of_method", "kl", "nats", "lower_is_better", "Kullback-Leibler divergence to uniform"),
    ("coverage_of_method", "coverage", "share", "higher_is_better", "Share of groups with at least one sample"),
    ("largest_share_of_method", "largest_share", "share", "lower_is_better", "Share of samples in the largest group"),
)


def comparison_of(tables: Tables, *, knows_labels: bool) -> pa.Table | None:
    """The comparison of methods; without what was counted over known labels where none are known any more."""
    if "subset_comparison" not in tables:
        return None
    compared = tables["subset_comparison"]
    return compared if knows_labels else compared.filter(pc.not_equal(compared["counted_over"], KNOWN_LABELS))


def side_by_side(comparison: pa.Table) -> pa.Table:
    """One row per grouping and method, in the order in which they were measured.

    Args:
        comparison: in the schema SUBSET_COMPARISON.

    Returns: counted_over, method, n_draws, and the means over the draws of kl, largest_share, n_covered and seconds;
        kl_low and kl_high are the 5 % and 95 % quantiles of the draws; n_groups and n_samples.
    """
    draws_of: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in comparison.to_pylist():
        draws_of.setdefault((row["counted_over"], row["method"]), []).append(row)
    rows = [_row(over, method, draws) for (over, method), draws in draws_of.items()]
    return pa.Table.from_pylist(rows, schema=_SIDE_BY_SIDE)


def _row(over: str, method: str, draws: list[dict[str, Any]]) -> dict[str, Any]:
    low, high = (float(end) for end in np.quantile([draw["kl"] for draw in draws], _RANGE))
    return {
        "counted_over": over,
        "method": method,
        "n_draws": len(draws),
        **{key: float(np.mean([draw[key] for draw in draws])) for key in _MEANS},
        "kl_low": low,
        "kl_high": high,
        "n_groups": draws[0]["n_groups"],
        "n_samples": round(np.mean([draw["n_samples"] for draw in draws])),
    }


def method_metrics(comparison: pa.Table) -> list[Metric]:
    """The same as metrics of the scope `METHOD over GROUPS`, without the seconds, which differ from run to run."""
    metrics = []
    for name, key, unit, direction, what in _FIGURES:
        for row in side_by_side(comparison).to_pylist():
            value = row["n_covered"] / row["n_groups"] if key == "coverage" else row[key]
            low, high = (row["kl_low"], row["kl_high"]) if key == "kl" else (None, None)
            scope = f"{row['method']} over {row['counted_over']}"
            metrics.append(Metric(name, scope, value, unit, direction, _note(what, row), low, high, row["n_samples"]))
    return metrics


def _note(what: str, row: dict[str, Any]) -> str:
    draws = "one subset" if row["n_draws"] == 1 else f"the mean of {row['n_draws']} subsets"
    note = f"{what} over the {row['n_groups']:,} {row['counted_over']}: {draws} by {row['method']}"
    if row["counted_over"] == KNOWN_LABELS:
        return f"{note}."
    return f"{note}; they are clusters of the tree, which favours the methods that choose by it."
