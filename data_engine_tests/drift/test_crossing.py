import pytest

from data_engine.drift.crossing import Threshold, crossing
from data_engine.errors import InvalidInput


@pytest.mark.parametrize(
    ("threshold", "values"),
    [
        (Threshold(0.3, 0.25), [0.3, 0.31, 0.29, 0.32, 0.25, 0.3]),
        (Threshold(-0.3, -0.25), [-0.3, -0.31, -0.29, -0.32, -0.25, -0.3]),
    ],
)
def test_a_value_that_trembles_around_its_limit_raises_one_alarm(threshold: Threshold, values: list[float]) -> None:
    said, is_on = [], False
    for value in values:
        found = crossing(value, threshold, is_on=is_on)
        is_on = found == "raised" or (is_on and found is None)
        said.append(found)
    assert said == [None, "raised", None, None, "settled", None]
    assert threshold.rises is (threshold.raise_at > 0)


def test_limits_without_room_between_them_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"raised at 0.3 and settles at 0.3; give two different numbers"):
        Threshold(0.3, 0.3)
