"""Checks of drift_report: the comparison of batches with their reference.

How batches are compared is in `data_engine.drift`.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.checks import warning
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows

TABLES = ("drift_report",)
LIMITS: tuple[str, ...] = ()

CHECKS = (
    warning("p_value_is_a_probability", "Every p-value is between 0 and 1."),
    warning("shares_sum_to_one", "The shares of the clusters sum to 1, for the reference and for the batch."),
)

SHARE_TOLERANCE = 1e-6


def suite(tables: Mapping[str, pa.Table], corpus: Corpus) -> list[Truth]:  # noqa: ARG001
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
