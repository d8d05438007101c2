from typing import Any

import pyarrow as pa
import pytest
from class_rows import with_answers

from data_engine.corpus import Corpus
from data_engine.labeling import binomial_interval
from data_engine.labeling.answers.shown_annotators import shown_annotator
from data_engine.reporting import build_quality_report
from data_engine.reporting.metrics.label_metrics import latest_answers
from data_engine.schemas import SCHEMAS

Tables = dict[str, pa.Table]
Rows = dict[tuple[str, str], dict[str, Any]]


def rows_of(table: pa.Table) -> Rows:
    return {(row["metric"], row["scope"]): row for row in table.to_pylist()}


@pytest.fixture(scope="module")
def rows(corpus: Corpus, tables: Tables) -> Rows:
    return rows_of(build_quality_report(corpus, tables))


def answers(*given: tuple[str, str, str, int, float | None]) -> pa.Table:
    filler = {"annotation_id": "n", "review_batch": "r", "purpose": "query", "arm": "blind", "is_simulated": False}
    rows = [
        filler
        | {"sample_id": sample, "task_id": sample, "annotator": name, "label": label, "provenance": "human"}
        | {"revision": revision, "active_s": seconds}
        for sample, name, label, revision, seconds in given
    ]
    return pa.Table.from_pylist(with_answers("reviewed_labels", rows), schema=SCHEMAS["reviewed_labels"])


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
    assert found[("answers", shown_annotator("bob"))]["value"] == 2
    assert found[("seconds_per_answer", "people")]["value"] == 5.0


def test_of_several_revisions_of_an_answer_the_last_one_counts() -> None:
    given = answers(("s1", "bob", "gpl", 1, 8.0), ("s1", "bob", "mit", 2, 6.0), ("s1", "ada", "gpl", 1, 4.0))
    found = {(row["annotator"], row["label"]) for row in latest_answers(given)}
    assert found == {("bob", "mit"), ("ada", "gpl")}
