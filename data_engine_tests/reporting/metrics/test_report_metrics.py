from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from class_rows import with_answers

from data_engine.corpus import Corpus
from data_engine.labeling import binomial_interval
from data_engine.quality import evaluate
from data_engine.reporting import build_quality_report
from data_engine.reporting.metrics import known_labels
from data_engine.reporting.metrics.funnel import stages
from data_engine.reporting.metrics.metric import by_name
from data_engine.schemas import QUALITY_REPORT, SCHEMAS, SEMANTIC_DUPLICATES

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


def test_label_accuracy_is_split_by_provenance_with_its_interval(rows: Rows) -> None:
    everything, automatic, simulated = (rows[("label_accuracy", k)] for k in ("all", "model_auto", "simulated"))
    assert (everything["value"], everything["n"]) == (53 / 56, 56)
    assert (everything["low"], everything["high"]) == pytest.approx(binomial_interval(53, 56, confidence=0.9))
    assert (automatic["value"], automatic["n"]) == (1.0, 19)
    assert (simulated["value"], simulated["n"]) == (34 / 37, 37)
    assert "error rate" in simulated["note"]


def test_label_quality_and_doubt(rows: Rows) -> None:
    assert rows[("label_quality", "all")]["value"] == pytest.approx((53 * 0.9 + 3 * 0.1) / 56)
    assert rows[("suspicious_share", "all")]["value"] == pytest.approx(3 / 56)
    assert rows[("provenance_share", "simulated")]["value"] == pytest.approx(37 / 56)


def test_classifier_metrics_are_those_of_the_version_in_service(rows: Rows) -> None:
    assert rows[("classifier_accuracy", "all")]["value"] == pytest.approx(0.88)
    assert rows[("classifier_accuracy", "all")]["low"] == pytest.approx(binomial_interval(44, 50, confidence=0.9)[0])
    assert (rows[("gate_threshold", "all")]["value"], rows[("gate_lower_bound", "all")]["value"]) == (0.87, 0.953)
    assert rows[("accepted_share", "all")]["value"] == pytest.approx(20 / 60)
    assert rows[("query_accuracy", "all")]["value"] > rows[("control_accuracy", "all")]["value"]


def test_annotators_are_counted_and_three_of_four_traps_were_caught(rows: Rows) -> None:
    assert rows[("answers", "simulated:ada")]["value"] == 64
    assert rows[("simulated_answer_share", "all")]["value"] == 1.0
    assert (rows[("trap_catch_rate", "all")]["value"], rows[("trap_catch_rate", "all")]["n"]) == (0.75, 4)
    assert ("seconds_per_answer", "people") not in rows


def test_the_error_of_the_hold_out_is_given_by_difficulty(rows: Rows) -> None:
    errors = {k: rows[("hold_out_error", k)] for k in ("easy", "medium", "hard")}
    assert {k: (row["value"], row["n"]) for k, row in errors.items()} == dict.fromkeys(errors, (0.2, 10))


def test_what_the_junk_rule_rejected_is_compared_with_what_is_known(rows: Rows) -> None:
    assert (rows[("junk_precision", "all")]["value"], rows[("junk_precision", "all")]["n"]) == (1.0, 20)


def answers(*given: tuple[str, str, str, int, float | None]) -> pa.Table:
    filler = {"annotation_id": "n", "review_batch": "r", "purpose": "query", "arm": "blind", "is_simulated": False}
    rows = [
        filler
        | {"sample_id": sample, "task_id": sample, "annotator": name, "label": label, "provenance": "human"}
        | {"revision": revision, "active_s": seconds}
        for sample, name, label, revision, seconds in given
    ]
    return pa.Table.from_pylist(with_answers("reviewed_labels", rows), schema=SCHEMAS["reviewed_labels"])


def test_agreement_counts_the_last_revision_of_every_answer(corpus: Corpus) -> None:
    given = answers(
        ("s1", "ada", "mit", 1, 4.0),
        ("s1", "bob", "gpl", 1, 8.0),
        ("s1", "bob", "mit", 2, 6.0),
        ("s2", "ada", "gpl", 1, 2.0),
        ("s2", "bob", "gpl", 1, 10.0),
    )
    found = rows_of(build_quality_report(corpus, {"reviewed_labels": given}))
    assert (found[("agreement", "all")]["value"], found[("agreement", "all")]["n"]) == (1.0, 2)
    assert found[("answers", "bob")]["value"] == 2
    assert found[("seconds_per_answer", "people")]["value"] == 5.0


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
