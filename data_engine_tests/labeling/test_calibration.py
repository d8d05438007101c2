import numpy as np
import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling import calibration_error, reliability
from data_engine.labeling.calibration import fit_temperature

# Four samples at 0.95 of which three are right, four at 0.55 of which two are right.
PROBABILITIES = np.array([[0.95, 0.05]] * 4 + [[0.55, 0.45]] * 4)
LABELS = np.array([0, 0, 0, 1, 0, 0, 1, 1])


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    assert calibration_error(PROBABILITIES, LABELS) == pytest.approx(0.5 * (0.95 - 0.75) + 0.5 * (0.55 - 0.5))


def test_reliability_has_one_row_per_bin_with_samples() -> None:
    rows = reliability(PROBABILITIES, LABELS).to_pylist()
    assert [(row["bin_low"], row["n"], row["accuracy"]) for row in rows] == [(0.5, 4, 0.5), (0.9, 4, 0.75)]
    assert all(row["accuracy_low"] < row["accuracy"] < row["accuracy_high"] for row in rows)


def test_full_confidence_falls_into_the_last_bin() -> None:
    assert calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0.0


def test_temperature_that_matches_the_accuracy_is_found() -> None:
    # One logit gap of 2 for all, right in 73.1 % of cases = sigmoid(1): the temperature must be 2.
    logits = np.tile([2.0, 0.0], (1000, 1))
    labels = np.where(np.arange(1000) < 731, 0, 1)
    assert fit_temperature(logits, labels, np.array([True, True])) == pytest.approx(2.0, abs=0.01)


def test_a_class_never_trained_on_makes_the_classifier_less_sure() -> None:
    logits = np.tile([2.0, 0.0, -1e4], (100, 1))
    seen = np.array([True, True, False])
    mostly_right = np.where(np.arange(100) < 90, 0, 1)
    with_unseen = np.where(np.arange(100) < 70, mostly_right, 2)
    assert fit_temperature(logits, with_unseen, seen) > fit_temperature(logits, mostly_right, seen)


def test_no_samples_and_no_bins_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="0 labelled samples"):
        calibration_error(np.empty((0, 2)), np.empty(0, dtype=int))
    with pytest.raises(InvalidInput, match="n_bins is 0"):
        calibration_error(PROBABILITIES, LABELS, n_bins=0)
    with pytest.raises(NotEnoughData, match="the hold-out has 0 samples"):
        fit_temperature(np.empty((0, 2)), np.empty(0, dtype=int), np.array([True, True]))
