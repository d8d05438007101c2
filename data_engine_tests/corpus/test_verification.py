import pytest
from pydantic import ValidationError

from data_engine.corpus.verification import Verification


def test_nothing_is_verified_until_somebody_says_when() -> None:
    assert Verification().schedule == ""
    assert Verification(schedule="0 6 * * 1").schedule == "0 6 * * 1"


@pytest.mark.parametrize("given", [{"schedule": "monday"}, {"share": 2}, {"again": -1}, {"again_after_weeks": 0}])
def test_what_is_no_schedule_and_no_share_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(given))):
        Verification.model_validate(given)
