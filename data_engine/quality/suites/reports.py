"""Suites of what is reported and given away: quality_report, drift_report, release."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import membership, one_row
from data_engine.quality.suites.labelling import provenance_is_known

#: (metric, scope) of the figures that a complete report holds.
CORE_METRICS = (
    ("funnel", "raw"),
    ("funnel", "kept"),
    ("funnel", "unique"),
    ("funnel", "chosen"),
    ("funnel", "labelled"),
    ("kl_to_uniform", "raw"),
    ("kl_to_uniform", "random"),
    ("kl_to_uniform", "balanced"),
    ("label_quality", "all"),
    ("classifier_accuracy", "all"),
)
SHARE_TOLERANCE = 1e-6


def quality_report(tables: Mapping[str, pa.Table], corpus: Corpus) -> list[Truth]:  # noqa: ARG001
    """The truths about the metrics."""
    gx = load_expectations()
    metrics = tables["quality_report"]
    values = {(row["metric"], row["scope"]): row["value"] for row in metrics.to_pylist()}
    core = Profile(
        pa.table(
            {
                "metric": [f"{metric} {scope}" for metric, scope in CORE_METRICS],
                "is_present": [key in values for key in CORE_METRICS],
            }
        ),
        "metric",
    )
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
    ]


def _balance_beats_random(random: float | None, balanced: float | None) -> Truth:
    is_known = random is not None and balanced is not None
    found = (
        f"KL to uniform: balanced subset {balanced:.3f} nats, random subsets {random:.3f}"
        if is_known
        else "the balance has not been measured yet"
    )
    return Truth(
        "balance_beats_random",
        one_row(random=random if is_known else None, balanced=balanced if is_known else None),
        load_expectations().ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="random", column_B="balanced", ignore_row_if="either_value_is_missing"
        ),
        lambda _: found,
        "the subset should be nearer to uniform than chance",
        "raise the number of clusters of the coarsest level in tree.n_clusters",
    )


def drift_report(tables: Mapping[str, pa.Table], corpus: Corpus) -> list[Truth]:  # noqa: ARG001
    """The truths about the comparison of batches with their reference."""
    gx = load_expectations()
    drift = tables["drift_report"]
    rows = Profile(drift.select(["batch", "p_value"]), "batch")
    sums = drift.group_by("batch").aggregate(
        [("expected_share", "sum"), ("observed_share", "sum"), ("cluster", "count")]
    )
    # Batches that were too small to compare have no shares.
    compared = sums.filter(pc.greater(sums["cluster_count"], 0)).sort_by("batch")
    expected, observed = compared["expected_share_sum"], compared["observed_share_sum"]
    distance = pc.max_element_wise(pc.abs(pc.subtract(expected, 1.0)), pc.abs(pc.subtract(observed, 1.0)))
    batches = Profile(pa.table({"batch": compared["batch"], "distance": distance}), "batch")
    return [
        of_rows(
            "p_value_is_a_probability",
            rows,
            gx.ExpectColumnValuesToBeBetween(column="p_value", min_value=0, max_value=1),
            what="rows whose p-value is no probability",
            rule="it must be between 0 and 1",
            remedy="compare the batch with its reference again",
        ),
        of_rows(
            "shares_sum_to_one",
            batches,
            gx.ExpectColumnValuesToBeBetween(column="distance", max_value=SHARE_TOLERANCE),
            what="batches whose shares do not sum to 1",
            rule="the shares of all clusters must sum to 1, expected and observed",
            remedy="compare the batch again, with every cluster of the level",
        ),
    ]


def release(tables: Mapping[str, pa.Table], corpus: Corpus) -> list[Truth]:
    """The truths about what is given away."""
    gx = load_expectations()
    released, labelled = tables["release"], tables["labels"]
    rows = Profile(
        released.select(["sample_id", "label", "provenance"]).append_column(
            "has_its_label", membership(_pairs(released), _pairs(labelled))
        ),
        "sample_id",
    )
    out_of_scope = corpus.labels.out_of_scope
    return [
        of_rows(
            "every_released_sample_has_a_label",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="has_its_label", value_set=[True]),
            what="released samples whose label is not the one in labels",
            rule="every released label must be the sample's label",
            remedy="build the release again from the present labels",
        ),
        of_rows(
            "no_out_of_scope_sample_is_released",
            rows,
            gx.ExpectColumnValuesToNotBeInSet(column="label", value_set=[out_of_scope] if out_of_scope else []),
            what="released samples that are out of scope",
            rule=f"samples labelled {out_of_scope!r} stay behind",
            remedy="build the release again without them",
        ),
        Truth(
            "release_is_not_empty",
            rows,
            gx.ExpectTableRowCountToBeBetween(min_value=1),
            lambda _: f"released samples: {len(rows):,}",
            "a release needs at least 1",
            "label some of the subset first",
        ),
        provenance_is_known(rows),
    ]


def _pairs(table: pa.Table) -> pa.ChunkedArray:
    """Sample and label as one key; an id holds no tab."""
    return pc.binary_join_element_wise(table["sample_id"], table["label"], "\t")
