from collections import Counter

import numpy as np

from data_engine.labeling.strategies.random import RANDOM
from data_engine.labeling.strategies.strategy import Pool

FREE = np.array([1, 3, 5, 7])


def test_different_free_rows_are_picked_the_same_for_the_same_seed() -> None:
    first, again = (RANDOM.pick(Pool(FREE, 2, 3), None, 3).tolist() for _ in range(2))
    assert first == again
    assert len(set(first)) == 3
    assert set(first) <= set(FREE.tolist())
    assert sorted(RANDOM.pick(Pool(FREE, 2, 3), None, 4).tolist()) == FREE.tolist()


def test_every_row_has_the_same_chance() -> None:
    picked = Counter(int(RANDOM.pick(Pool(FREE, 2, seed), None, 1)[0]) for seed in range(2000))
    # 500 each, with a standard deviation of 19.
    assert all(abs(picked[row] - 500) < 100 for row in FREE.tolist())


def test_no_row_is_preferred_and_no_classifier_is_needed() -> None:
    assert np.asarray(RANDOM.measure(Pool(FREE, 2, 3))).tolist() == [1.0] * 4
    assert not RANDOM.needs_probabilities
