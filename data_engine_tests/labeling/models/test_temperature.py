import numpy as np
import pytest

from data_engine.errors import NotEnoughData
from data_engine.labeling.models.temperature import fit_temperature


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


def test_an_empty_hold_out_is_refused() -> None:
    with pytest.raises(NotEnoughData, match="the hold-out has 0 samples"):
        fit_temperature(np.empty((0, 2)), np.empty(0, dtype=int), np.array([True, True]))
