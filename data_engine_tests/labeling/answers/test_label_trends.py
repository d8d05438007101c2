from datetime import UTC, datetime, timedelta

import pytest
from half_year import half_year
from schema_tables import table

from data_engine.labeling.answers.label_trends import label_trends
from data_engine.labeling.answers.shown_annotators import shown_annotator

START = datetime(2026, 1, 1, tzinfo=UTC)


def _row(batch: str, sample_id: str, annotator: str, label: str, **changed: object) -> dict[str, object]:
    return {
        "annotation_id": f"{batch}{sample_id}{annotator}", "sample_id": sample_id, "review_batch": batch,
        "task_id": f"{batch}{sample_id}", "purpose": "query", "arm": "blind", "annotator": annotator, "label": label,
        "provenance": "human", "is_simulated": False, "revision": 1, **changed,
    }  # fmt: skip


def _figures(rows: list[dict[str, object]], **said: object) -> dict[tuple[str, str, str], tuple[float, int]]:
    weeks = {"one": 0, "two": 5, "three": 6}
    opened_at = {name: START + timedelta(weeks=n) for name, n in weeks.items()}
    found = label_trends(table("reviewed_labels", rows), opened_at, proposed={}, definitions={}, **said)
    return {(row["review_batch"], row["figure"], row["subject"]): (row["value"], row["n"]) for row in found.to_pylist()}


def test_two_people_have_an_alpha_a_kappa_and_a_share_each_of_what_both_answered() -> None:
    rows = [_row("one", f"s{n}", "ada", "ab"[n % 2]) for n in range(6)]
    rows += [_row("one", f"s{n}", "bob", "ab"[n % 2] if n else "b") for n in range(6)]
    found = _figures(rows)
    # People are named by codes, because everybody reads the report.
    ada, bob = map(shown_annotator, ("ada", "bob"))
    assert set(found) == {("one", "alpha", "all"), ("one", "kappa", f"{ada} and {bob}"), ("one", "agreement", ada),
                          ("one", "agreement", bob)}  # fmt: skip
    assert found["one", "kappa", f"{ada} and {bob}"] == (pytest.approx((5 / 6 - 1 / 2) / (1 / 2)), 6)
    assert found["one", "agreement", ada] == (pytest.approx(5 / 6), 6)


def test_an_audit_is_held_against_the_label_that_was_accepted() -> None:
    rows = [_row("one", "s1", "ada", "a", purpose="audit"), _row("one", "s2", "ada", "b", purpose="audit")]
    found = label_trends(
        table("reviewed_labels", rows), {"one": START}, proposed={"ones1": "a", "ones2": "a"}, definitions={"one": "x"}
    ).to_pylist()
    assert [(row["figure"], row["value"], row["n"], row["definitions"]) for row in found] == [("verified", 0.5, 2, "x")]


def test_only_the_same_person_weeks_later_says_how_steady_the_answers_are() -> None:
    rows = [_row("one", "s1", "ada", "a"), _row("one", "s2", "ada", "a"), _row("two", "s1", "ada", "a")]
    rows += [_row("two", "s2", "ada", "b"), _row("two", "s3", "bob", "a"), _row("three", "s3", "bob", "b")]
    assert _figures(rows) == {("two", "self_agreement", "all"): (0.5, 2)}


def test_corrections_and_batches_without_a_time_are_left_out() -> None:
    rows = [_row("one", "s1", "ada", "a"), _row("lost", "s1", "bob", "b")]
    rows += [_row("one", "s1", "eve", "b", purpose="correction", provenance="imported")]
    assert _figures(rows) == {}


def test_simulated_half_years_are_marked_in_every_row() -> None:
    assert set(half_year()["label_trends"]["is_simulated"].to_pylist()) == {True}
