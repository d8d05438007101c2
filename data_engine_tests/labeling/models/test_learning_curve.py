import numpy as np
import pytest

from data_engine.labeling.models.learning_curve import LearningCurve, boost, learning_curve


def _curve(n_labels: list[int], n_right: list[int], n: int = 100) -> LearningCurve:
    """Accuracies on a hold-out of n, the first ones of which are right."""
    return LearningCurve(np.array(n_labels), np.arange(n)[None] < np.array(n_right)[:, None])


def test_a_curve_has_a_point_per_round_of_all_labels_until_then() -> None:
    truth = np.array([0, 1])
    asked = []

    def predict(mask: np.ndarray) -> np.ndarray:
        asked.append(mask.tolist())
        return np.array([0, int(mask.sum() > 2)])

    curve = learning_curve(["r1", "r0", "r1", "r0"], truth, predict)
    assert asked == [[False, True, False, True], [True] * 4]
    assert (curve.n_labels.tolist(), curve.is_right.tolist()) == ([2, 4], [[True, False], [True, True]])
    figures = curve.figures("query")
    assert [(f.trained_on, f.slice, f.value, f.share, f.n) for f in figures] == [
        ("query", "labels", "2", 0.5, 2),
        ("query", "labels", "4", 1.0, 2),
    ]


def test_many_rounds_give_eight_points_the_last_of_all_labels() -> None:
    curve = learning_curve([f"r{n:02d}" for n in range(30)], np.zeros(3, int), lambda _: np.zeros(3, int))
    assert len(curve.n_labels) == 8
    assert curve.n_labels[[0, -1]].tolist() == [1, 30]


def test_the_boost_is_the_ratio_of_labels_for_what_both_reach() -> None:
    # Control reaches 80 % with 60 labels, query passes that between 20 (60 %) and 40 (90 %): at 20 + 20 * 2 / 3.
    found = boost(_curve([20, 40, 60], [60, 90, 90]), _curve([20, 40, 60], [40, 70, 80]))
    assert found is not None
    assert found.ratio == pytest.approx(60 / (20 + 20 * 2 / 3))
    assert found.low < found.ratio < found.high


def test_equal_curves_have_no_boost_and_a_worse_query_one_below_one() -> None:
    same = _curve([20, 40], [50, 70])
    found = boost(same, same)
    assert found is not None
    assert (found.ratio, found.low, found.high) == (1, 1, 1)
    worse = boost(_curve([20, 40], [30, 50]), same)
    assert worse is not None
    assert worse.ratio == pytest.approx(20 / 40)
    assert boost(_curve([20], [50]), same) is None


def test_curves_that_do_not_rise_after_their_first_batches_say_nothing_of_a_boost() -> None:
    assert boost(_curve([12, 24], [100, 100]), _curve([14, 28], [100, 100])) is None
    assert boost(_curve([12, 24], [60, 50]), _curve([14, 28], [55, 52])) is None
    assert boost(_curve([12, 24], [40, 60]), _curve([14, 28], [55, 52])) is not None
