import numpy as np
import pytest

from data_engine.drift.trend import falls, trend_of


def test_a_steady_fall_has_its_slope_and_the_exact_chance_of_one_order_in_all() -> None:
    found = trend_of([0, 10, 20, 30, 40], [0.9, 0.88, 0.86, 0.84, 0.82])
    assert found is not None
    assert found.slope == pytest.approx(-0.06)
    assert found.p_value == pytest.approx(1 / 120)
    rising = trend_of([0, 10, 20, 30, 40], [0.82, 0.84, 0.86, 0.88, 0.9])
    assert rising is not None and rising.p_value == 1


def test_no_trend_is_called_one_as_seldom_as_the_p_value_says() -> None:
    rng = np.random.default_rng(0)
    found = [trend_of(range(12), rng.normal(0.9, 0.05, 12).tolist()) for _ in range(400)]
    assert 0.02 < np.mean([each.p_value < 0.05 for each in found if each is not None]) < 0.08


def test_few_points_or_one_time_say_nothing_and_a_level_line_has_no_trend() -> None:
    assert trend_of([0, 1, 2, 3], [4, 3, 2, 1]) is None
    assert trend_of([1] * 6, [6, 5, 4, 3, 2, 1]) is None
    level = trend_of(range(6), [0.5] * 6)
    assert level is not None
    assert (level.slope, level.p_value) == (0, 1)


def test_figures_that_fall_together_are_all_seen_and_one_of_many_needs_a_lower_p_value() -> None:
    # Limits are 0.0125, 0.025, 0.0375 and 0.05.
    assert falls({"a": 0.02, "b": 0.02, "c": 0.03, "d": 0.9}) == {"a", "b", "c"}
    assert falls({"a": 0.02, "b": 0.9, "c": 0.9, "d": 0.9}) == set()
    assert falls({"a": 0.0125, "b": 0.9, "c": 0.9, "d": 0.9}) == {"a"}
    assert falls({}) == set()
