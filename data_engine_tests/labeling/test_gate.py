import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling import binomial_interval, certify
from data_engine.labeling.gate import certify_scores


def two_classes(confidences: list[float]) -> np.ndarray:
    top = np.asarray(confidences)
    return np.stack([top, 1 - top], axis=1)


def test_95_percent_needs_45_faultless_checks_and_99_percent_230() -> None:
    for target, needed in ((0.95, 45), (0.99, 230)):
        for n, is_open in ((needed - 1, False), (needed, True)):
            falling = two_classes(list(np.linspace(0.99, 0.6, n)))
            gate = certify(falling, np.zeros(n, dtype=int), target_precision=target)
            assert (gate.threshold is not None) == is_open


def test_the_lowest_threshold_that_keeps_the_promise_is_taken() -> None:
    # 60 right, then 10 wrong, then 5 right: past the first 60 the bound falls below 0.95 and stays there.
    confidences = list(np.linspace(0.99, 0.6, 75))
    labels = np.array([0] * 60 + [1] * 10 + [0] * 5)
    gate = certify(two_classes(confidences), labels, target_precision=0.95)
    assert gate.n_checked == 60
    assert gate.threshold == pytest.approx(confidences[59])
    assert gate.lower_bound == pytest.approx(0.1 ** (1 / 60))


def test_samples_of_equal_confidence_are_accepted_together_or_not_at_all() -> None:
    labels = np.array([0] * 60 + [1] * 40)
    gate = certify(two_classes([0.9] * 100), labels, target_precision=0.95)
    assert gate.threshold is None


def test_a_gate_without_threshold_accepts_nothing_and_claims_nothing() -> None:
    gate = certify(two_classes([0.99] * 10), np.zeros(10, dtype=int), target_precision=0.95)
    assert (gate.threshold, gate.lower_bound, gate.n_checked) == (None, None, 0)
    assert gate.accepts(two_classes([1.0, 0.5])).tolist() == [False, False]


def test_the_threshold_itself_is_accepted() -> None:
    gate = certify(two_classes([0.8] * 50), np.zeros(50, dtype=int), target_precision=0.95)
    assert gate.accepts(two_classes([0.9, 0.8, 0.79])).tolist() == [True, True, False]


def test_an_empty_hold_out_opens_no_gate() -> None:
    assert certify(np.empty((0, 3)), np.empty(0, dtype=int), target_precision=0.95).threshold is None


def test_the_promise_holds_in_nine_of_ten_simulated_runs() -> None:
    """Calibrated confidences, 200 runs with fixed seeds; the bound promises at most one broken run in ten."""
    population = np.random.default_rng(99).beta(6, 1, size=50_000) / 2 + 0.5
    n_broken = n_open = 0
    for run in range(200):
        generator = np.random.default_rng(run)
        confidence = generator.beta(6, 1, size=300) / 2 + 0.5
        labels = np.where(generator.random(300) < confidence, 0, 1)
        gate = certify(two_classes(list(confidence)), labels, target_precision=0.95)
        if gate.threshold is not None:
            n_open += 1
            n_broken += population[population >= gate.threshold].mean() < 0.95
    assert n_open > 150
    assert n_broken <= 20


def test_interval_of_no_failures_and_of_no_observations() -> None:
    low, high = binomial_interval(10, 10)
    assert (low, high) == (pytest.approx(0.05 ** (1 / 10)), 1.0)
    assert binomial_interval(0, 10) == (0.0, pytest.approx(1 - 0.05 ** (1 / 10)))
    assert binomial_interval(0, 0) == (0.0, 1.0)


def test_interval_agrees_with_the_published_table_for_5_of_10() -> None:
    assert binomial_interval(5, 10, confidence=0.95) == (
        pytest.approx(0.1871, abs=1e-4),
        pytest.approx(0.8129, abs=1e-4),
    )


def test_impossible_counts_and_shares_are_refused() -> None:
    with pytest.raises(InvalidInput, match="successes is 3 of n = 2"):
        binomial_interval(3, 2)
    with pytest.raises(InvalidInput, match="target_precision is 1"):
        certify(two_classes([0.9]), np.array([0]), target_precision=1)
    with pytest.raises(InvalidInput, match="labels has the value 2 in row 0"):
        certify(two_classes([0.9]), np.array([2]), target_precision=0.9)


def test_any_score_is_certified_as_the_probability_is() -> None:
    confidences, labels = list(np.linspace(0.99, 0.6, 75)), np.array([0] * 60 + [1] * 15)
    by_class = certify(two_classes(confidences), labels, target_precision=0.95)
    assert certify_scores(np.array(confidences), labels == 0, target_precision=0.95) == by_class
    assert by_class.accepts_scores(np.array([0.99, 0.6])).tolist() == [True, False]
    assert certify_scores(np.empty(0), np.empty(0, dtype=bool), target_precision=0.95).threshold is None
    with pytest.raises(InvalidInput, match="target_precision is 1"):
        certify_scores(np.ones(3), np.ones(3, dtype=bool), target_precision=1)
