import pytest
from sound_tables import Broken, but, classifier_rows, details, failed, outcome_of

from data_engine.quality import CHECKS

BROKEN = [
    Broken(
        "hold_out_is_large_enough",
        "hold-out samples: 49, but at least 50 are needed; "
        "answer the open hold-out tasks; where none is open, raise labels.rounds: the next round asks for the rest",
        rows={"classifier": but(classifier_rows(), 0, n_hold_out=49)},
    ),
    Broken(
        "hold_out_was_not_trained_on",
        "hold-out samples that were trained on: 2 of 3, but figures from a sample that was trained on mean nothing; "
        "train again without them",
        ("s1", "s2"),
        facts={"training_ids": ["s2", "s1", "s5"]},
    ),
    Broken(
        "not_worse_than_the_one_in_service",
        "accuracy on the hold-out: 0.9 (the version before it: at least 0.91), but a new version may not fall "
        "below the interval of the one in service; keep the version in service and review the newest labels",
        facts={"previous_accuracy": 0.95, "previous_low": 0.91},
    ),
    Broken(
        "newest_answers_make_no_worse_version",
        "accuracy on the hold-out: 0.9 (the version before it: at least 0.91), but answers of people should not make "
        "it fall below the interval of the one in service, which stays; review the newest labels: people may answer "
        "otherwise than before, or the hold-out may be old",
        rows={"classifier": but(classifier_rows(), 0, is_in_service=False)},
        facts={"previous_accuracy": 0.95, "previous_low": 0.91},
    ),
    Broken(
        "calibration_error_is_small",
        "expected calibration error of the version in service: 0.12, but it should be at most 0.1; "
        "label a larger hold-out; until then trust the gate and not single probabilities",
        rows={"classifier": but(classifier_rows(), 0, calibration_error=0.12)},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["classifier"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("classifier", case) == case.outcome


def test_before_the_first_round_there_is_no_version_to_blame() -> None:
    assert failed("classifier", {"classifier": []}) == set()
    detail = details("classifier", {"classifier": []})["hold_out_is_large_enough"]
    assert detail == "hold-out samples: none, no version has been trained yet"


def test_a_newer_version_out_of_service_is_not_blamed_for_its_calibration_and_the_one_in_service_is() -> None:
    of_service, newest = classifier_rows()[0], classifier_rows()[0] | {"is_in_service": False}
    assert failed("classifier", {"classifier": [of_service, newest | {"calibration_error": 0.2}]}) == set()
    badly = {"classifier": [of_service | {"calibration_error": 0.2}, newest]}
    assert failed("classifier", badly) == {"calibration_error_is_small"}
    assert details("classifier", badly)["calibration_error_is_small"].startswith(
        "expected calibration error of the version in service: 0.2, but"
    )
