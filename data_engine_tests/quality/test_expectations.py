"""Truths about a profile of three rows, of which two break the rule."""

import pyarrow as pa
import pytest

from data_engine.quality.expectations import ExpectationOutcome, Profile, Truth, load_expectations, of_rows, run_suite

ROWS = Profile(pa.table({"name": ["a", "b", "c"], "n": [1, 5, 9]}), "name")


def _at_most(limit: int, check: str = "small", profile: Profile = ROWS, column: str = "n") -> Truth:
    expectation = load_expectations().ExpectColumnValuesToBeBetween(column=column, max_value=limit)
    return of_rows(check, profile, expectation, what="large rows", rule=f"at most {limit}", remedy="lower them")


def test_rows_that_break_a_truth_are_counted_and_named() -> None:
    assert run_suite("one", [_at_most(4)]) == {"small": ExpectationOutcome(False, 2, ("b", "c"))}
    assert run_suite("one", [_at_most(9)]) == {"small": ExpectationOutcome(True, 0, ())}


def test_what_was_found_is_said_with_the_number_of_all_rows() -> None:
    assert _at_most(4).value(2) == "large rows: 2 of 3"
    expectation = _at_most(4).expectation
    truth = of_rows("x", ROWS, expectation, what="rows", rule="r", remedy="r", n=4000)
    assert truth.value(1200) == "rows: 1,200 of 4,000"


def test_no_more_than_ten_rows_are_named_and_a_name_once() -> None:
    many = Profile(pa.table({"name": [f"{n // 2:02}" for n in range(40)], "n": [5] * 40}), "name")
    outcome = run_suite("many", [_at_most(4, profile=many)])["small"]
    assert outcome.n_offending == 40
    assert outcome.offending == tuple(f"{n:02}" for n in range(10))


def test_truths_about_several_profiles_and_several_about_one_are_answered_by_name() -> None:
    others = Profile(pa.table({"name": ["d"], "n": [7]}), "name")
    found = run_suite("all", [_at_most(4), _at_most(8, "medium"), _at_most(4, "other", others)])
    assert {check: outcome.offending for check, outcome in found.items()} == {
        "small": ("b", "c"),
        "medium": ("c",),
        "other": ("d",),
    }


def test_of_a_truth_about_a_whole_table_the_culprits_are_named() -> None:
    expectation = load_expectations().ExpectTableRowCountToBeBetween(max_value=2)
    culprits = tuple(str(n) for n in range(12))

    def outcome(**more: int) -> ExpectationOutcome:
        truth = Truth("few", ROWS, expectation, str, "at most 2", "remove some", culprits, **more)
        return run_suite("whole", [truth])["few"]

    assert outcome() == ExpectationOutcome(False, 12, culprits[:10])
    assert outcome(n_culprits=40) == ExpectationOutcome(False, 40, culprits[:10])


def test_an_expectation_that_cannot_be_computed_is_a_fault_of_the_suite() -> None:
    with pytest.raises(RuntimeError, match=r"check 'small' could not be computed .*; the suite or its profile is"):
        run_suite("broken", [_at_most(4, column="height")])
