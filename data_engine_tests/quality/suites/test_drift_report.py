import pytest
from sound_tables import Broken, but, drift_rows, outcome_of

from data_engine.quality import CHECKS

BROKEN = [
    Broken(
        "p_value_is_a_probability",
        "rows whose p-value is no probability: 1 of 3, but it must be between 0 and 1; "
        "compare the batch with its reference again",
        ("b1",),
        {"drift_report": but(drift_rows(), 0, p_value=1.5)},
    ),
    Broken(
        "shares_sum_to_one",
        "batches whose shares do not sum to 1: 1 of 1, but the shares of all clusters must sum to 1, expected and "
        "observed; compare the batch again, with every cluster of the level",
        ("b1",),
        {"drift_report": drift_rows()[1:]},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["drift_report"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("drift_report", case) == case.outcome
