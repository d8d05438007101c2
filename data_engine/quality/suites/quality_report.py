"""Checks of quality_report: the metrics of the quality report.

The metrics themselves are in `data_engine.reporting`.
"""

import itertools
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.checks import warning
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import one_row

TABLES = ("quality_report",)

CHECKS = (
    warning("has_the_core_metrics", "The report holds the funnel and the balance; once labelled, labels too."),
    warning("no_metric_is_missing_its_note", "Every metric says how it was computed."),
    warning(
        "balance_beats_random", "The balanced subset is nearer to uniform than random subsets of its size, or even."
    ),
    warning("no_figure_of_labels_falls", "No agreement, confirmation or steadiness of labels falls over time."),
    warning("errors_rise_with_difficulty", "Harder proposals are not less often wrong than easier ones."),
)

#: (metric, scope) of the figures that a complete report holds.
CORE_METRICS = (
    ("funnel", "raw"),
    ("funnel", "kept"),
    ("funnel", "unique"),
    ("funnel", "chosen"),
    ("kl_to_uniform", "raw"),
    ("kl_to_uniform", "random"),
    ("kl_to_uniform", "balanced"),
)
#: Further ones once there are labels; before the first answer there is nothing to measure.
LABEL_METRICS = (("funnel", "labelled"), ("label_quality", "all"), ("classifier_accuracy", "all"))


def suite(tables: Mapping[str, pa.Table], corpus: Corpus) -> list[Truth]:
    """The truths about the metrics."""
    gx = load_expectations()
    metrics = tables["quality_report"]
    values = {(row["metric"], row["scope"]): row["value"] for row in metrics.to_pylist()}
    wanted = _wanted(values, corpus)
    present = {"metric": [" ".join(key) for key in wanted], "is_present": [key in values for key in wanted]}
    core = Profile(pa.table(present), "metric")
    names = pc.binary_join_element_wise(metrics["metric"], metrics["scope"], " ")
    rows = Profile(
        pa.table(
            {"metric": names, "has_note": pc.not_equal(pc.utf8_trim_whitespace(pc.fill_null(metrics["note"], "")), "")}
        ),
        "metric",
    )
    return [
        of_rows(
            "has_the_core_metrics",
            core,
            gx.ExpectColumnValuesToBeInSet(column="is_present", value_set=[True]),
            what="core metrics that are missing",
            rule="a complete report has all of them",
            remedy="materialize the steps that they are measured on, then the report",
        ),
        of_rows(
            "no_metric_is_missing_its_note",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="has_note", value_set=[True]),
            what="metrics without a note",
            rule="every figure says how it was computed",
            remedy="add the note where the metric is computed",
        ),
        _balance_beats_random(values.get(("kl_to_uniform", "random")), values.get(("kl_to_uniform", "balanced"))),
        _nothing_falls(metrics),
        _errors_rise(metrics),
    ]


def _nothing_falls(metrics: pa.Table) -> Truth:
    """Figures of labels over time whose fall chance seldom gives, of all that are tested together."""
    from data_engine.drift.trend import MOST_FALSE, falls

    chances = {row["scope"]: row["value"] for row in metrics.to_pylist() if row["metric"] == "label_trend_chance"}
    fallen = falls(chances)
    return of_rows(
        "no_figure_of_labels_falls",
        Profile(
            pa.table(
                {
                    "figure": pa.array(chances, pa.string()),
                    "falls": pa.array([each in fallen for each in chances], pa.bool_()),
                }
            ),
            "figure",
        ),
        load_expectations().ExpectColumnValuesToBeInSet(column="falls", value_set=[False]),
        what="figures of labels that fall",
        rule=f"no slope may fall further than chance explains (Mann and Kendall, {MOST_FALSE:.0%} for all together)",
        remedy="look at the section Labels over time of the report, and say what the classes mean",
    )


def _errors_rise(metrics: pa.Table) -> Truth:
    """Harder proposals whose error lies below that of easier ones, its interval too."""
    errors = {row["scope"]: row for row in metrics.to_pylist() if row["metric"] == "hold_out_error"}
    measured = [name for name in ("easy", "medium", "hard") if name in errors]
    steps = list(itertools.pairwise(measured))
    rises = [errors[harder]["high"] >= errors[easier]["value"] for easier, harder in steps]
    names = pa.array([" to ".join(step) for step in steps], pa.string())
    told = ", ".join(f"{name} {errors[name]['value']:.1%}" for name in measured)
    return Truth(
        "errors_rise_with_difficulty",
        Profile(pa.table({"step": names, "rises": pa.array(rises, pa.bool_())}), "step"),
        load_expectations().ExpectColumnValuesToBeInSet(column="rises", value_set=[True]),
        lambda _: f"error on the hold-out: {told}" if told else "no difficulty has been measured yet",
        "the error should rise from easy to hard",
        "look at the hold-out's answers of the easy ones, and at whether neighbours of a sample share its class",
    )


def _wanted(values: Mapping[tuple[str, str], float], corpus: Corpus) -> tuple[tuple[str, str], ...]:
    """The metrics that the report has to hold."""
    if not (corpus.has_labels and any(key in values for key in LABEL_METRICS)):
        return CORE_METRICS
    # Labels that the data give are there before anybody has answered what a classifier is measured on; how well a label
    # fits its neighbours is only asked where it is a class.
    without = set() if corpus.labels.given is None else {"classifier_accuracy"}
    without |= {"label_quality"} if corpus.asks_for_objects else set()
    return CORE_METRICS + tuple(key for key in LABEL_METRICS if key[0] not in without)


def _balance_beats_random(random: float | None, balanced: float | None) -> Truth:
    from data_engine.reporting.metrics.balance_warning import EVEN_NATS

    is_known = random is not None and balanced is not None
    limit = max(random or 0.0, EVEN_NATS)
    found = (
        f"KL to uniform: balanced subset {balanced:.3f} nats, random subsets {random:.3f}"
        if is_known
        else "the balance has not been measured yet"
    )
    return Truth(
        "balance_beats_random",
        one_row(random=limit if is_known else None, balanced=balanced if is_known else None),
        load_expectations().ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="random", column_B="balanced", ignore_row_if="either_value_is_missing"
        ),
        lambda _: found,
        f"the subset should be nearer to uniform than chance, or within {EVEN_NATS} nats of it",
        "ask for more samples, or choose by subset.method hierarchical, which evens out the clusters of the tree",
    )
