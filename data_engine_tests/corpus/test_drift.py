import pytest
from pydantic import ValidationError

from data_engine.corpus.drift import DriftAlarm


def test_a_batch_drifts_below_one_in_a_hundred_and_only_with_300_samples() -> None:
    assert (DriftAlarm().alarm_p, DriftAlarm().min_samples) == (0.01, 300)


@pytest.mark.parametrize("given", [{"alarm_p": 0}, {"alarm_p": 1}, {"min_samples": 0}, {"alarm": 0.1}])
def test_limits_that_always_or_never_alarm_and_unknown_ones_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(given))):
        DriftAlarm.model_validate(given)
