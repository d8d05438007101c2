import numpy as np
import pytest

from data_engine.drift import centre_of_arrivals, centre_p
from data_engine.drift.centre import joined_p

RNG = np.random.default_rng(0)
SPREAD = np.linspace(3, 0.1, 30)


def _rows(n: int, shift: float = 0.0) -> np.ndarray:
    return RNG.normal(size=(n, 30)) * SPREAD + shift


def test_windows_without_drift_have_even_p_values() -> None:
    found = [centre_p(_rows(1000), _rows(300)) for _ in range(200)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)
    assert np.mean(np.array(found) < 0.05) <= 0.1


def test_a_small_shift_of_all_samples_is_seen() -> None:
    # A tenth of the spread of every axis moves no sample far, and the mean of 1,000 by three standard errors.
    assert centre_p(_rows(5000), RNG.normal(size=(1000, 30)) * SPREAD + 0.1 * SPREAD) == 0.001


def test_too_few_samples_and_samples_that_are_all_the_same_say_nothing() -> None:
    assert centre_p(_rows(1000), _rows(20) + 9) == 1.0
    assert centre_p(np.ones((400, 30)), np.ones((400, 30))) == 1.0


def test_a_repeated_sample_counts_as_often_as_it_arrived() -> None:
    x, y = _rows(400), _rows(300)
    times = RNG.integers(1, 4, 400)
    plain = centre_p(np.repeat(x, times, axis=0), y)
    assert centre_p(x, y, known_counts=times) == pytest.approx(plain, rel=1e-3)
    assert centre_p(x, y, known_counts=times, n_known=100) > plain


def test_what_repeats_samples_of_other_batches_is_part_of_a_batch() -> None:
    """Two batches with the same arrivals, of which the first batch keeps what both have."""
    both, own = _rows(600, 1.0), _rows(400)
    known = np.concatenate([both, own])
    # The second batch kept nothing but its own; without what it repeats its centre would have moved.
    second = _rows(400)
    of_first = np.ones(1000, np.int64)
    repeats = np.concatenate([np.ones(600, np.int64), np.zeros(400, np.int64)])
    shared = {"known_elsewhere": of_first, "window_inside": np.ones(400, np.int64), "is_all": True}
    assert centre_of_arrivals(known, second, known_inside=repeats, n_inside=1000, **shared) > 0.05
    assert centre_of_arrivals(known, second, known_inside=0 * repeats, n_inside=400, **shared) == 0.001


def test_two_tests_are_joined_without_counting_one_twice() -> None:
    assert joined_p(0.5, 0.5) == pytest.approx(0.5)
    assert joined_p(0.01, 0.01) == pytest.approx(0.01)
    assert joined_p(0.001, 1.0) < 0.01
    assert joined_p(0.001, 0.3) == pytest.approx(0.002, rel=0.01)
