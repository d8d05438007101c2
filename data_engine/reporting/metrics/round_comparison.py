"""The newest round against the round before and against control batches: per class, and in labels saved.

Figures of the hold-out are computed by the step `classifier`; see `labeling/models/hold_out_figures.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from data_engine.reporting.metrics.metric import Metric
from data_engine.schemas import Tables

#: (trained_on, slice, value, metric) to a row of CLASSIFIER_FIGURES.
Figures = Mapping[tuple[str, str, str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class ClassComparison:
    """One class on the hold-out: shares with their intervals, None where there is nothing to count."""

    name: str
    precision: Metric | None
    recall: Metric | None
    precision_before: Metric | None
    recall_before: Metric | None
    recall_of_query: Metric | None
    recall_of_control: Metric | None

    @property
    def dropped(self) -> tuple[str, ...]:
        """What fell below the 90 % interval that it had in the round before."""
        pairs = (
            ("precision", self.precision, self.precision_before),
            ("recall", self.recall, self.recall_before),
        )
        return tuple(name for name, now, before in pairs if now and before and now.value < (before.low or 0.0))


def own_rounds(tables: Tables) -> list[dict[str, Any]]:
    """The versions that learnt in this corpus, in the order of their rounds, without their weights.

    Of versions of one kind and encoder that learnt from equally many rounds, as after corrections, the last one, and
    the one in service.
    """
    if "classifier" not in tables:
        return []
    rows: list[dict[str, Any]] = tables["classifier"].drop_columns(["artefact"]).to_pylist()
    own = [row for row in rows if row["borrowed_from"] is None]
    last = {tuple(row[key] for key in ("n_rounds", "encoder_version", "model")): row for row in own}
    shown = {row["classifier_version"] for row in last.values()}
    shown |= {row["classifier_version"] for row in own if row["is_in_service"]}
    return sorted((row for row in own if row["classifier_version"] in shown), key=lambda row: row["n_rounds"])


def compare_classes(tables: Tables) -> list[ClassComparison]:
    """Every class that the newest round measured, what dropped first, then those of the lowest recall."""
    rounds = own_rounds(tables)
    if not rounds or "classifier_figures" not in tables:
        return []
    # Versions of other vectors, of another kind or of the same round are no round before.
    last = rounds[-1]
    earlier = [row for row in rounds if row["n_rounds"] < last["n_rounds"]]
    alike = [row for row in earlier if all(row[key] == last[key] for key in ("encoder_version", "model"))]
    newest = figures_of(tables, last["classifier_version"])
    before = figures_of(tables, alike[-1]["classifier_version"]) if alike else {}
    found = [
        ClassComparison(
            name,
            _metric(newest, "all", name, "precision"),
            _metric(newest, "all", name, "recall"),
            _metric(before, "all", name, "precision"),
            _metric(before, "all", name, "recall"),
            _metric(newest, "query", name, "recall"),
            _metric(newest, "control", name, "recall"),
        )
        for name in dict.fromkeys(value for _, column, value, _ in newest if column == "class")
    ]
    return sorted(found, key=lambda each: (not each.dropped, each.recall.value if each.recall else 1.0, each.name))


def round_metrics(tables: Tables) -> list[Metric]:
    """Labels saved by asking, and per class precision and recall of the newest round."""
    rounds, metrics = own_rounds(tables), []
    if rounds and rounds[-1]["boost"] is not None:
        row = rounds[-1]
        note = (
            "Labels that random control batches need / labels that query batches need for the accuracy that both reach "
            "on the hold-out; above 1 asking paid. The interval is by a paired bootstrap over the hold-out."
        )
        metrics.append(
            Metric(
                "efficiency_boost",
                "all",
                row["boost"],
                "times",
                "higher_is_better",
                note,
                row["boost_low"],
                row["boost_high"],
                row["n_hold_out"],
            )
        )
    for each in compare_classes(tables):
        metrics += [metric for metric in (each.precision, each.recall) if metric is not None]
    return metrics


def boost_sentence(boost: Metric | None) -> str:
    """Whether asking paid, or that it cannot be told yet, in a sentence."""
    if boost is None or boost.low is None or boost.high is None:
        return "No boost can be told yet: it takes query and control batches of two rounds, and more labels that help."
    measured = f"{boost.value:.2f} times (90 % interval {boost.low:.2f} to {boost.high:.2f}, n = {boost.n:,})"
    if boost.low > 1:
        return f"Random samples needed {measured} as many labels as the queried ones for the same accuracy."
    if boost.high < 1:
        return f"Asking did not pay: random samples needed only {measured} the labels of the queried ones."
    return f"No boost was seen: random samples needed {measured} the labels of the queried ones, which may be chance."


def figures_of(tables: Tables, version: str) -> Figures:
    """The figures of a round by trained_on, slice, value and metric, in their order."""
    figures: pa.Table = tables["classifier_figures"]
    return {
        (row["trained_on"], row["slice"], row["value"], row["metric"]): row
        for row in figures.to_pylist()
        if row["classifier_version"] == version
    }


def _metric(figures: Figures, trained_on: str, name: str, metric: str) -> Metric | None:
    row = figures.get((trained_on, "class", name, metric))
    if row is None:
        return None
    note = f"{metric.capitalize()} of this class on the hold-out, of the newest round."
    return Metric(
        f"class_{metric}", name, row["share"], "share", "higher_is_better", note, row["low"], row["high"], row["n"]
    )
