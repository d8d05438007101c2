import pytest
from sound_tables import Broken, but, judged_rows, outcome_of

from data_engine.quality import CHECKS

BROKEN = [
    Broken(
        "every_raw_sample_has_a_verdict",
        "raw samples that are neither kept nor rejected: 2 of 4, but every raw sample needs a verdict; "
        "run the first pass of the batch again",
        ("u2", "u3"),
        {"first_pass": but(judged_rows()[:3], 2, verdict="maybe")},
    ),
    Broken(
        "every_rejection_has_a_reason",
        "rejected samples without a reason: 1 of 2, but nothing is dropped in silence; "
        "run the first pass of the batch again; each of its rules must give its name",
        ("s3",),
        {"first_pass": but(judged_rows(), 3, reason=" ")},
    ),
    Broken(
        "kept_ids_are_unique",
        "kept samples whose content is kept more than once: 2 of 2, but each content is kept once; "
        "run the first pass of the batch again; it must reject later copies as duplicates",
        ("s0",),
        {"first_pass": but(judged_rows(), 1, sample_id="s0")},
        n_offending=2,
    ),
    Broken(
        "kept_share_within_band",
        "kept samples: 1 of 4 (25.0%), first `unreadable: 2 rejected`, `near_duplicate: 1 rejected`, but the share "
        "must be between 40.0% and 90.0%; look at the commonest reasons "
        "and correct the source or the limits of first_pass, or move min_kept_share or max_kept_share",
        ("unreadable: 2 rejected", "near_duplicate: 1 rejected"),
        {"first_pass": but(judged_rows(), 1, verdict="rejected", reason="unreadable")},
        n_offending=3,
    ),
    Broken(
        "every_duplicate_names_its_twin",
        "duplicates that do not name the sample they repeat: 1 of 1, but every duplicate names its twin; "
        "run the first pass of the batch again",
        ("s2",),
        {"first_pass": but(judged_rows(), 2, duplicate_of=None)},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["first_pass"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("first_pass", case) == case.outcome
