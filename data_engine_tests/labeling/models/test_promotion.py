import numpy as np
import pytest

from data_engine.labeling import compare, fit_classifier, fit_model
from data_engine.labeling.models.promotion import interval

NAMES = ("a", "b", "c", "d")


def _model(data, rows: slice, names: tuple[str, ...] = NAMES):
    model = fit_model("softmax", data.x[rows], data.y[rows], seed=0, n_classes=4, class_names=names)
    return model.calibrate(data.x[300:], data.y[300:])


def test_the_first_version_takes_over_and_so_does_one_of_other_classes(make_classes) -> None:
    data = make_classes(400, 4)
    model = _model(data, slice(0, 40))
    assert compare(model, None, data.x[300:], data.y[300:]).reason == "no classifier is in service yet"
    other = fit_classifier(data.x[:40], data.y[:40], seed=0, n_classes=4, class_names=("w", "x", "y", "z"))
    verdict = compare(model, other, data.x[300:], data.y[300:])
    assert verdict
    assert "classes have changed" in verdict.reason


def test_what_learnt_from_much_more_takes_over_and_not_the_other_way_round(make_classes) -> None:
    data = make_classes(400, 4, noise=1.0)
    few, many = _model(data, slice(0, 8)), _model(data, slice(0, 300))
    better = compare(many, few, data.x[300:], data.y[300:])
    assert better
    assert better.reason.endswith("paired bootstrap of 2,000 draws, n = 100: better")
    worse = compare(few, many, data.x[300:], data.y[300:])
    assert not worse
    assert worse.reason.endswith(f"so version {many.version} stays in service")


def test_a_difference_that_chance_explains_is_no_reason_to_take_over(make_classes) -> None:
    data = make_classes(330, 4, noise=1.0)
    one, other = _model(data, slice(0, 150)), _model(data, slice(150, 300))
    verdicts = [compare(a, b, data.x[300:], data.y[300:]) for a, b in ((one, other), (other, one))]
    assert not any(verdicts)
    assert any("not better beyond the interval" in verdict.reason for verdict in verdicts)


def test_the_same_version_again_stays_in_service(make_classes) -> None:
    data = make_classes(400, 4)
    verdict = compare(_model(data, slice(0, 40)), _model(data, slice(0, 40)), data.x[300:], data.y[300:])
    assert verdict
    assert verdict.reason.endswith("was trained again and is the same")


def test_the_interval_of_equal_differences_is_their_value_and_of_others_that_of_the_mean() -> None:
    assert interval(np.full(20, 0.25)) == (0.25, 0.25)
    # Half 0 and half 1: the mean of 100 is 0.5, its standard error 0.05, so 90 % lie within 1.645 of that.
    low, high = interval(np.repeat([0.0, 1.0], 50))
    assert low == pytest.approx(0.5 - 1.645 * 0.05, abs=0.015)
    assert high == pytest.approx(0.5 + 1.645 * 0.05, abs=0.015)
