"""The compiled greedy order is that of NumPy, which works out every gain at every step."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data_engine.kernels import loading
from data_engine.kernels.facility_location import greedy_order, with_earlier


def greedy_by_numpy(losses: NDArray[np.float32], weights: NDArray[np.float64], worst: float, at_most: int) -> list[int]:
    loss, chosen = np.full(len(losses), worst), []
    for _ in range(at_most):
        gains = np.maximum(loss - losses.astype(np.float64), 0) @ weights
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        loss = np.minimum(loss, losses[chosen[-1]])
    return chosen


def test_each_pick_is_the_one_that_lowers_the_losses_most() -> None:
    # Four samples on a line at 0, 1, 2 and 10; the loss is the distance, at most 5.
    place = np.array([0, 1, 2, 10], np.float32)
    losses = np.minimum(np.abs(place[:, None] - place), 5)
    order, gain = greedy_order(losses, np.ones(4), 5.0, 4)
    assert order.tolist() == [1, 3, 0, 2]
    # The middle one saves 4 + 5 + 4 of 20, the far one 5, then each of the others 1.
    assert gain.tolist() == [13, 5, 1, 1]
    assert "facility_location._greedy" in loading.kernels_used()


def test_weights_decide_whom_it_pays_to_stand_for() -> None:
    losses = (1 - np.eye(3)).astype(np.float32)
    order, gain = greedy_order(losses, np.array([1.0, 3.0, 2.0]), 1.0, 2)
    assert (order.tolist(), gain.tolist()) == ([1, 2], [3, 2])


@pytest.mark.parametrize("seed", range(3))
def test_the_order_is_that_of_looking_at_every_candidate_each_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(150, 8)).astype(np.float32)
    losses = ((x[:, None] - x) ** 2).sum(axis=2)
    weights = rng.random(150)
    worst = float(losses.max())
    order, gain = greedy_order(losses, weights, worst, 60)
    assert order.tolist() == greedy_by_numpy(losses, weights, worst, 60)
    assert (np.diff(gain) <= 1e-9 * gain[0]).all()


def test_of_equal_gains_the_lowest_number_comes_first() -> None:
    order, gain = greedy_order(np.zeros((5, 5), np.float32), np.ones(5), 1.0, 5)
    assert (order.tolist(), gain.tolist()) == ([0, 1, 2, 3, 4], [5, 0, 0, 0, 0])


def _flags(n: int, *rows: int) -> NDArray[np.bool_]:
    flags = np.zeros(n, dtype=bool)
    flags[list(rows)] = True
    return flags


def test_a_place_goes_back_to_whom_it_costs_least_up_to_the_limit() -> None:
    # Samples at 0, 1, 2 and 10, 11; the loss is the distance, at most 20. Chosen now: 1 and 10, before: 0 and 11.
    place = np.array([0, 1, 2, 10, 11], np.float32)
    losses = np.minimum(np.abs(place[:, None] - place), 20)
    now, before = _flags(5, 1, 3), _flags(5, 0, 4)
    # 0 in place of 1 costs 1 more, 11 in place of 10 nothing.
    for limit, chosen in ((-0.5, [1, 3]), (0.0, [1, 4]), (0.9, [1, 4]), (1.0, [0, 4])):
        kept = with_earlier(losses, np.ones(5), 20.0, now, before, limit)
        assert np.flatnonzero(kept).tolist() == chosen, limit
    # Where the sample at 2 counts double, 0 stands for it worse than before.
    kept = with_earlier(losses, np.array([1.0, 1.0, 2.0, 1.0, 1.0]), 20.0, now, before, 1.9)
    assert np.flatnonzero(kept).tolist() == [1, 4]


@pytest.mark.parametrize("seed", range(4))
def test_swaps_cost_what_numpy_says_and_repeat_themselves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(80, 4)).astype(np.float32)
    losses, weights = ((x[:, None] - x) ** 2).sum(axis=2), rng.random(80)
    worst = float(losses.max())
    now = _flags(80, *greedy_order(losses, weights, worst, 20)[0])
    before = _flags(80, *rng.permutation(80)[:20])
    chosen = now.copy()
    for j in np.flatnonzero(before & ~now):
        places = np.flatnonzero(chosen & ~before)
        loss = losses[chosen].min(axis=0) @ weights
        without = [losses[np.append(np.flatnonzero(chosen)[np.flatnonzero(chosen) != k], j)] for k in places]
        cost = np.array([part.min(axis=0) @ weights - loss for part in without])
        if cost.min() <= 2.0:
            chosen[places[cost.argmin()]], chosen[j] = False, True
    kept = with_earlier(losses, weights, worst, now, before, 2.0)
    assert kept.tolist() == chosen.tolist()
    assert kept.tolist() != now.tolist()
    assert with_earlier(losses, weights, worst, now, kept, 2.0).tolist() == kept.tolist()
