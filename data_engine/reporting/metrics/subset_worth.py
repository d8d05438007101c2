"""What the subset is worth: figures of the table `subset_proof`, each against random subsets of the same size.

The figures of a draw are measured in `data_engine.labeling.subset_proof`, how even subsets are in
`method_comparison.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from data_engine.reporting import number_format
from data_engine.reporting.metrics.metric import Direction, Metric

#: Column of the table: name of its metric, unit, direction, and what it is.
FIGURES: dict[str, tuple[str, str, Direction, str]] = {
    "macro_accuracy": (
        "taught_accuracy",
        "share",
        "higher_is_better",
        "Macro accuracy on held-out samples of the corpus' kind of classifier, trained on the known labels of a subset",
    ),
    "rare_recall": (
        "taught_rare_recall",
        "share",
        "higher_is_better",
        "Recall of the rarest third of the labels by the same classifier",
    ),
    "class_coverage": (
        "covered_by_method",
        "share",
        "higher_is_better",
        "Share of the labels judged with at least one sample in the subset",
    ),
    "distance": (
        "held_out_distance",
        "score",
        "lower_is_better",
        "Mean of 1 - cosine of every held-out sample to the nearest one of the subset",
    ),
}
_KL: tuple[str, str, Direction, str] = (
    "kl",
    "nats",
    "lower_is_better",
    "Kullback-Leibler divergence of its labels to uniform",
)
#: What the dial of evenness moves, without a classifier: coverage, balance, distance.
CURVE = ("class_coverage", "kl", "distance")


@dataclass(frozen=True)
class Worth:
    """One row of the table of methods: the metrics of each, by column of the table; those not measured are absent."""

    method: str
    figures: Mapping[str, Metric]
    gain: Mapping[str, Metric]
    """Differences to random in the same draws."""


def worth_metrics(proof: pa.Table, method: str) -> list[Metric]:
    """The figures of every method and their differences to random, with 90 % intervals; and the curve of evenness.

    Args:
        proof: in the schema SUBSET_PROOF.
        method: the corpus' own, whose differences to random are given too.
    """
    by_method = _draws(proof)
    metrics = []
    for column, (name, unit, direction, what) in FIGURES.items():
        for other, draws in by_method.items():
            values = [draw[column] for draw in draws if draw[column] is not None]
            if values:
                mean, low, high = mean_interval(values)
                metrics.append(Metric(name, other, mean, unit, direction, _note(what, draws), low, high, _n(draws)))
        gains = differences(proof, method, column)
        if gains:
            mean, low, high = mean_interval(gains)
            note = f"{what}: {method} minus random, from the same {_splits(len(gains))}."
            metrics.append(Metric(f"{name}_gain", method, mean, unit, direction, note, low, high, len(gains)))
    return metrics + _curve_metrics(proof)


def differences(proof: pa.Table, method: str, column: str) -> list[float]:
    """The method's figure minus that of random, for every draw in which both were measured."""
    by_method = _draws(proof)
    random = {draw["draw"]: draw[column] for draw in by_method.get("random", ())}
    return [
        draw[column] - random[draw["draw"]]
        for draw in by_method.get(method, ())
        if draw[column] is not None and random.get(draw["draw"]) is not None
    ]


def means_by_method(proof: pa.Table, column: str) -> dict[str, float]:
    """The mean of a figure over the draws of every method of which it was measured."""
    values = {name: [d[column] for d in draws if d[column] is not None] for name, draws in _draws(proof).items()}
    return {name: float(np.mean(found)) for name, found in values.items() if found}


def mean_interval(values: Sequence[float]) -> tuple[float, float | None, float | None]:
    """The mean and its 90 % interval by Student's t; without an interval below two values."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, None, None
    from scipy.stats import t

    half = float(t.ppf(0.95, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return mean, mean - half, mean + half


def table_of_methods(known: Mapping[tuple[str, str], Metric]) -> list[Worth]:
    """The methods in the order in which they were measured, from the metrics of a quality report."""
    methods = list(dict.fromkeys(scope for name, scope in known if name == FIGURES["distance"][0]))
    return [
        Worth(
            method,
            {column: known[name, method] for column, (name, *_) in FIGURES.items() if (name, method) in known},
            {
                column: known[f"{name}_gain", method]
                for column, (name, *_) in FIGURES.items()
                if (f"{name}_gain", method) in known
            },
        )
        for method in methods
    ]


def verdict(known: Mapping[tuple[str, str], Metric], *, has_labels: bool = True) -> str:
    """What the subset is worth, as one sentence; empty where nothing was measured.

    Args:
        known: The metrics of a quality report.
        has_labels: Whether anything is to be said of labels.
    """
    gains = {name: metric for (name, _), metric in known.items() if name.endswith("_gain")}
    accuracy, rare = gains.get("taught_accuracy_gain"), gains.get("taught_rare_recall_gain")
    if accuracy is not None and rare is not None:
        return (
            f"A classifier trained on samples chosen by {number_format.plain(accuracy.scope)} is {_points(accuracy)} "
            f"than one trained on as many random ones (macro accuracy on samples outside the pool{_spread(accuracy)}), "
            f"and {_points(rare)} at the rarest third of the labels."
        )
    distance = gains.get("held_out_distance_gain")
    if distance is None:
        return ""
    nearer = "nearer to" if distance.value < 0 else "farther from"
    return (
        f"Samples outside the pool lie {abs(distance.value):.3f} {nearer} the subset than to as many random samples "
        "(1 - cosine to the nearest)"
        + "; without known_label_column or labels.given, what a classifier would learn cannot be said" * has_labels
        + "."
    )


def _points(gain: Metric) -> str:
    return f"{abs(100 * gain.value):.1f} points {'better' if gain.value >= 0 else 'WORSE'}"


def _spread(gain: Metric) -> str:
    """The interval of a gain, and whether it is no surer than chance."""
    if gain.low is None or gain.high is None:
        return ""
    said = f"; 90 % interval {100 * gain.low:+.1f} to {100 * gain.high:+.1f}"
    return said + ", which holds 0, so this may be chance" * (gain.low <= 0 <= gain.high)


def _draws(proof: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """The draws of every method at the corpus' own evenness, which come first for each draw."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    own = {row["evenness"] for row in proof.to_pylist() if row["method"] == "random"}
    for row in proof.to_pylist():
        if row["evenness"] in own:
            found.setdefault(row["method"], {}).setdefault(row["draw"], row)
    return {method: list(draws.values()) for method, draws in found.items()}


def _curve_metrics(proof: pa.Table) -> list[Metric]:
    """What `balanced` would cover at several values of evenness, in the first draw."""
    rows = sorted(
        (
            row
            for row in proof.to_pylist()
            if row["method"] == "balanced" and row["draw"] == 0 and row["evenness"] is not None
        ),
        key=lambda row: row["evenness"],
    )
    note = "A subset by balanced with this evenness, in the first draw: "
    metrics = []
    for column in CURVE:
        _, unit, direction, what = FIGURES.get(column, _KL)
        metrics += [
            Metric(f"{column}_by_evenness", f"{row['evenness']:g}", row[column], unit, direction, f"{note}{what}.")
            for row in rows
            if row[column] is not None
        ]
    return metrics


def _note(what: str, draws: list[dict[str, Any]]) -> str:
    first = draws[0]
    over = f" over {first['n_classes']:,} labels" if first["n_classes"] else ""
    return (
        f"{what}{over}; mean of {_splits(len(draws))} with {first['n_chosen']:,} samples chosen each, and its 90 % "
        "interval by Student's t."
    )


def _splits(n: int) -> str:
    return "one split" if n == 1 else f"{n} splits"


def _n(draws: list[dict[str, Any]]) -> int:
    return int(sum(draw["n_held_out"] for draw in draws))
