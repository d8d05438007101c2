import pytest
from pydantic import ValidationError

from data_engine.corpus.alarms import Alarms


def test_an_alarm_settles_a_little_beyond_its_limit_and_comes_once_a_day() -> None:
    assert (Alarms().margin, Alarms().accepted_below, Alarms().cooldown_hours) == (0.05, 0.1, 24)


@pytest.mark.parametrize("given", [{"margin": 0}, {"accepted_below": 2}, {"cooldown_hours": -1}, {"limit": 1}])
def test_limits_without_hysteresis_and_unknown_ones_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(given))):
        Alarms.model_validate(given)
