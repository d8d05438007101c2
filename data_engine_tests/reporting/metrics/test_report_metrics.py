from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from watched_dataset import Watched

from data_engine.corpus import Corpus
from data_engine.quality import evaluate
from data_engine.reporting import build_quality_report
from data_engine.reporting.columns_on_demand import ColumnsOnDemand
from data_engine.reporting.html.excerpts import reasons
from data_engine.reporting.metrics import known_labels
from data_engine.reporting.metrics.funnel import stages
from data_engine.reporting.metrics.metric import by_name
from data_engine.schemas import QUALITY_REPORT, SEMANTIC_DUPLICATES

Tables = dict[str, pa.Table]
Rows = dict[tuple[str, str], dict[str, Any]]


def rows_of(table: pa.Table) -> Rows:
    return {(row["metric"], row["scope"]): row for row in table.to_pylist()}


@pytest.fixture(scope="module")
def rows(corpus: Corpus, tables: Tables) -> Rows:
    return rows_of(build_quality_report(corpus, tables))


def test_the_report_has_its_schema_one_row_per_metric_and_passes_its_checks(corpus: Corpus, tables: Tables) -> None:
    report = build_quality_report(corpus, tables)
    assert report.schema.equals(QUALITY_REPORT)
    assert len(rows_of(report)) == report.num_rows
    assert [r.detail for r in evaluate("quality_report", {"quality_report": report}, corpus) if not r.passed] == []


def test_the_same_tables_give_the_same_report(corpus: Corpus, tables: Tables) -> None:
    assert build_quality_report(corpus, tables).equals(build_quality_report(corpus, tables))


def test_a_first_pass_that_is_read_a_piece_at_a_time_gives_the_same_report(corpus: Corpus, tables: Tables) -> None:
    unknown = corpus.model_copy(
        update={"known_label_column": None, "review": corpus.review.model_copy(update={"simulated": ()})}
    )
    for of in (corpus, unknown):
        watched = Watched(tables["first_pass"], piece_rows=7)
        large: Any = {**tables, "first_pass": ColumnsOnDemand(watched)}
        assert build_quality_report(of, large).equals(build_quality_report(of, tables))
        assert reasons(large) == reasons(tables)
        assert watched.read == []
        assert max(n_rows for _, n_rows in watched.pieces) == 7


def test_the_funnel_counts_what_every_step_left(rows: Rows) -> None:
    funnel = {scope: row["value"] for (metric, scope), row in rows.items() if metric == "funnel"}
    assert funnel == {"raw": 300, "kept": 270, "unique": 245, "chosen": 60, "labelled": 56, "releasable": 53}


def test_the_reasons_of_the_first_pass_are_counted_the_commonest_first(rows: Rows) -> None:
    reasons = [(scope, row["value"]) for (metric, scope), row in rows.items() if metric == "rejected"]
    assert reasons == [("junk", 20), ("near_duplicate", 15), ("exact_duplicate", 10), ("too_short", 10)]


def test_semantic_duplicates_are_lost_before_the_subset_is_chosen(corpus: Corpus, tables: Tables) -> None:
    repeats = [
        {"sample_id": name, "batch": "b", "duplicate_of": "t", "score": 0.98, "threshold": 0.95} for name in "abc"
    ]
    found = pa.Table.from_pylist(repeats, schema=SEMANTIC_DUPLICATES)
    report = build_quality_report(corpus, {**tables, "semantic_duplicates": found})
    stage = {stage.name: stage.lost for stage in stages(by_name(report))}
    assert stage["balanced"] == "3 semantic duplicate, the rest not chosen"
    assert stage["unique"] == "15 near duplicate, 10 exact duplicate"


def test_balance_is_counted_over_known_labels_and_unlabelled_samples_are_left_out(rows: Rows) -> None:
    assert rows[("groups", "known labels")]["value"] == 6
    assert rows[("kl_to_uniform", "raw")]["n"] == 300 - 20
    assert rows[("largest_class_share", "raw")]["value"] == pytest.approx((128 + 35) / 280)
    assert rows[("largest_class_share", "balanced")]["value"] == pytest.approx(12 / 60)
    random = rows[("kl_to_uniform", "random")]
    assert random["n"] == 60
    assert random["low"] < random["value"] < random["high"]
    assert rows[("kl_to_uniform", "balanced")]["value"] < 0.1 < random["low"]
    assert "over the 6 known labels: the balanced subset." in rows[("kl_to_uniform", "balanced")]["note"]


def test_without_known_labels_balance_is_counted_over_the_top_clusters(corpus: Corpus, tables: Tables) -> None:
    unknown = corpus.model_copy(
        update={"known_label_column": None, "review": corpus.review.model_copy(update={"simulated": ()})}
    )
    found = rows_of(build_quality_report(unknown, tables))
    assert found[("groups", "top clusters of the tree")]["value"] == 6
    assert found[("kl_to_uniform", "raw")]["n"] == 245
    assert found[("largest_class_share", "raw")]["value"] == pytest.approx(128 / 245)
    assert ("label_accuracy", "all") not in found


@pytest.mark.parametrize("empty", [lambda t: {}, lambda t: {k: v.schema.empty_table() for k, v in t.items()}])
def test_steps_that_have_not_run_give_no_metrics(
    corpus: Corpus, tables: Tables, empty: Callable[[Tables], Tables]
) -> None:
    assert build_quality_report(corpus, empty(tables)).num_rows == 0


@pytest.mark.parametrize(
    "missing",
    [
        "raw_index",
        "first_pass",
        "cluster_tree",
        "balanced_subset",
        "classifier",
        "proposals",
        "reviewed_labels",
        "labels",
    ],
)
def test_any_one_table_may_be_missing(corpus: Corpus, tables: Tables, rows: Rows, missing: str) -> None:
    fewer = rows_of(build_quality_report(corpus, {k: v for k, v in tables.items() if k != missing}))
    assert len(fewer) < len(rows)
    assert {metric for metric, _ in fewer} <= {metric for metric, _ in rows}


def test_the_labels_of_a_table_are_read_once_and_forgotten_with_it(corpus: Corpus, tables: Tables) -> None:
    raw = tables["raw_index"].slice(0)
    first = known_labels.known_labels(corpus, raw)
    assert known_labels.known_labels(corpus, raw) is first
    before = len(known_labels._READ)
    del raw
    assert len(known_labels._READ) == before - 1
