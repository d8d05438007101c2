import pytest

from data_engine.runtime.alarms.drift_review import Answered, _in_turn


def test_new_samples_and_those_of_grown_clusters_are_asked_in_turn_and_once() -> None:
    assert _in_turn(["a", "b", "c"], ["x", "a", "y", "z"]) == ["a", "x", "b", "c", "y", "z"]
    assert _in_turn([], ["x"]) == ["x"]


@pytest.mark.parametrize(("p_value", "has_fallen"), [(0.04, True), (0.06, False)])
def test_a_fall_is_one_that_chance_seldom_gives(p_value: float, has_fallen: bool) -> None:
    assert Answered(20, 12, 0.9, p_value).has_fallen is has_fallen
    assert (
        "right on 12 of 20 answered samples that moved, on the hold-out on 90%" in Answered(20, 12, 0.9, p_value).told
    )
