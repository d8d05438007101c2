import numpy as np
import pytest

from data_engine.drift import Reference, fit_reference
from data_engine.errors import InvalidInput, NotEnoughData


def samples(n: int, *, seed: int, shares: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1), axes: int = 4) -> np.ndarray:
    """n unit rows around the first orthogonal axes of 16, in these shares, the last axes being empty by default."""
    generator = np.random.default_rng(seed)
    kinds = generator.choice(axes, size=n, p=np.array(shares))
    x = np.eye(16)[kinds] + 0.15 * generator.normal(size=(n, 16))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return fit_reference(samples(3000, seed=0), seed=0)


def test_a_fresh_window_of_the_same_kind_is_no_drift(reference: Reference) -> None:
    n_alarms = sum(reference.test(samples(600, seed=seed)).p_value < 0.05 for seed in range(1, 21))
    assert n_alarms <= 2


def test_a_new_kind_is_seen_as_novel_and_its_rows_are_named(reference: Reference) -> None:
    window = samples(600, seed=1)
    window[:60] = samples(60, seed=2, shares=(0, 0, 0, 0, 1), axes=5)
    found = reference.test(window)
    assert found.novelty_p == pytest.approx(0.001)
    assert found.p_value == pytest.approx(0.002)
    assert np.mean(found.rows[:50] < 60) > 0.9
    assert len(set(found.rows.tolist())) == len(found.rows)


def test_known_kinds_in_other_shares_are_seen_by_mass_and_not_as_novel(reference: Reference) -> None:
    found = reference.test(samples(600, seed=3, shares=(0.2, 0.3, 0.2, 0.3)))
    assert found.mass_p == pytest.approx(0.001)
    assert found.novelty_p > 0.025
    assert len(found.clusters) > 0


def test_the_same_window_gives_the_same_answer(reference: Reference) -> None:
    first, second = (reference.test(samples(400, seed=4)) for _ in range(2))
    assert (first.p_value, first.rows.tolist()) == (second.p_value, second.rows.tolist())


def test_too_few_rows_and_wrong_dimensions_are_refused(reference: Reference) -> None:
    with pytest.raises(NotEnoughData, match="the window has 299 rows but drift needs at least 300"):
        reference.test(samples(299, seed=0))
    with pytest.raises(NotEnoughData, match="the reference has 100 rows"):
        fit_reference(samples(100, seed=0), seed=0)
    with pytest.raises(InvalidInput, match="16 are needed"):
        reference.test(np.ones((300, 3), dtype=np.float32))
