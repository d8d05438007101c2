import numpy as np
import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling import calibration_error, reliability

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


def test_no_samples_and_no_bins_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="0 labelled samples"):
        calibration_error(np.empty((0, 2)), np.empty(0, dtype=int))
    with pytest.raises(InvalidInput, match="n_bins is 0"):
        calibration_error(PROBABILITIES, LABELS, n_bins=0)
