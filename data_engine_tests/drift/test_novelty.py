import numpy as np
import pytest

from data_engine.drift import KnownSamples, Novelty, known_samples, novelty_of
from data_engine.errors import InvalidInput


def samples(n: int, *, seed: int, axis: int = 0) -> np.ndarray:
    """n unit rows around one axis of 8."""
    x = np.eye(8)[axis] + 0.3 * np.random.default_rng(seed).normal(size=(n, 8))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def novelty(known: KnownSamples, window: np.ndarray, batch: int) -> Novelty:
    """The rows of a batch against the samples of the other batches; of a number that no sample has, against all."""
    return novelty_of(known.similarities_without(batch), known.nearest_to(window, batch), seed=0)


def test_the_batch_itself_is_not_known() -> None:
    old, new = samples(300, seed=0), samples(100, seed=1, axis=1)
    known = known_samples(np.concatenate([old, new]), [0] * 300 + [1] * 100)
    assert known.n_others(1) == 300
    assert novelty(known, new, 1).p_value == 0.001
    assert novelty(known, new, -1).p_value > 0.5


def test_similarities_without_a_batch_are_those_of_samples_that_never_saw_it() -> None:
    x, batches = samples(400, seed=2), np.arange(400) % 4
    known, alone = known_samples(x, batches), known_samples(x[batches != 2], batches[batches != 2])
    window = samples(50, seed=3)
    with_it, without = novelty(known, window, 2), novelty(alone, window, -1)
    assert with_it.similarities == pytest.approx(without.similarities)
    assert (with_it.p_value, with_it.rows.tolist()) == (without.p_value, without.rows.tolist())


def test_a_window_like_the_known_samples_is_not_new() -> None:
    known = known_samples(samples(600, seed=4), [0] * 600)
    n_alarms = sum(novelty(known, samples(200, seed=seed), 1).p_value < 0.05 for seed in range(10, 30))
    assert n_alarms <= 3


def test_the_oddest_rows_come_first() -> None:
    window = samples(100, seed=5)
    window[[7, 70]] = -np.eye(8)[0]
    found = novelty(known_samples(samples(600, seed=4), [0] * 600), window, 1)
    assert set(found.rows[:2].tolist()) == {7, 70}
    assert list(found.similarities[found.rows]) == sorted(found.similarities[found.rows])


def test_a_sample_that_arrived_several_times_counts_as_often() -> None:
    generator = np.random.default_rng(0)
    known, window = generator.uniform(size=50), generator.uniform(0.2, 1, size=40)
    n_known, n_window = generator.integers(1, 4, 50), generator.integers(0, 3, 40)
    counted = novelty_of(known, window, seed=0, known_counts=n_known, window_counts=n_window)
    written_out = novelty_of(np.repeat(known, n_known), np.repeat(window, n_window), seed=0)
    assert counted.p_value == written_out.p_value
    assert counted.similarities.tolist() == window.tolist()


def test_another_dimension_is_refused() -> None:
    with pytest.raises(InvalidInput, match="8 are needed"):
        novelty(known_samples(samples(10, seed=0), [0] * 10), np.ones((3, 2), np.float32), 0)
