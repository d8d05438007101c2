"""What stands for the pool is chosen, whatever order, scale or place the rows come in."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.sampling.facility_location import facility_location


def priorities(n: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng([seed, 1]).random(n)


def groups(
    sizes: tuple[int, ...], *, spread: float = 0.05, dim: int = 16
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Unit rows around as many axes as there are sizes, and their groups."""
    rng = np.random.default_rng(7)
    group = np.repeat(np.arange(len(sizes)), sizes)
    x = np.eye(dim)[group] + rng.normal(scale=spread, size=(len(group), dim))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), group


def test_as_many_samples_as_groups_are_one_of_each() -> None:
    x, group = groups((400, 60, 20, 5))
    for evenness in (0.0, 0.5, 1.0):
        chosen = facility_location(x, 4, seed=0, priority=priorities(len(x)), evenness=evenness)
        assert sorted(group[chosen].tolist()) == [0, 1, 2, 3]


def test_the_more_even_the_more_the_small_groups_get() -> None:
    x, group = groups((400, 60, 20, 10), spread=0.15)
    shares = [
        np.bincount(group[facility_location(x, 40, seed=0, priority=priorities(len(x)), evenness=evenness)])
        for evenness in (0.0, 0.5, 1.0)
    ]
    largest = [int(counts[0]) for counts in shares]
    assert largest == sorted(largest, reverse=True)
    assert largest[0] > largest[2]


def test_neither_the_order_of_the_rows_nor_their_place_and_scale_matter() -> None:
    x, _ = groups((100, 40, 10))
    priority, shuffled = priorities(150), np.random.default_rng(3).permutation(150)
    chosen = facility_location(x, 20, seed=0, priority=priority, evenness=0.5)
    again = facility_location(x[shuffled], 20, seed=0, priority=priority[shuffled], evenness=0.5)
    assert shuffled[again].tolist() == chosen.tolist()
    moved = facility_location(8 * x + 2, 20, seed=0, priority=priority, evenness=0.5)
    assert moved.tolist() == chosen.tolist()


def test_rows_that_are_all_equal_are_taken_by_their_priority() -> None:
    priority = priorities(50)
    chosen = facility_location(np.ones((50, 3), np.float32), 10, seed=0, priority=priority, evenness=0.5)
    assert chosen.tolist() == np.argsort(priority)[:10].tolist()
    in_blocks = facility_location(
        np.ones((50, 3), np.float32), 10, seed=0, priority=priority, evenness=0.5, largest_whole=20, largest_block=20
    )
    # The first of every block stands for it; then priority decides.
    assert set(np.argsort(priority)[:7]) <= set(in_blocks.tolist())


def test_copies_of_what_is_chosen_come_last() -> None:
    rng = np.random.default_rng(1)
    distinct = rng.normal(size=(30, 6)).astype(np.float32)
    x = np.concatenate([distinct, np.repeat(distinct[:1], 70, axis=0)])
    chosen = facility_location(x, 30, seed=0, priority=priorities(100), evenness=0.5)
    assert len(np.unique(x[chosen], axis=0)) == 30


def test_blocks_cost_little_of_what_the_choice_stands_for() -> None:
    rng = np.random.default_rng(4)
    x = (rng.normal(size=(40, 24))[rng.integers(40, size=1500)] + 0.4 * rng.normal(size=(1500, 24))).astype(np.float32)

    def mean_distance(chosen: NDArray[np.int64]) -> float:
        return float(((x[:, None] - x[chosen]) ** 2).sum(axis=2).min(axis=1).mean())

    whole = facility_location(x, 100, seed=0, priority=priorities(1500))
    cut = facility_location(x, 100, seed=0, priority=priorities(1500), largest_whole=300, largest_block=300)
    random = np.argsort(priorities(1500))[:100]
    lost = mean_distance(cut) - mean_distance(whole)
    assert lost < 0.1 * (mean_distance(random) - mean_distance(whole))


@pytest.mark.parametrize("evenness", [-0.1, 1.5])
def test_an_evenness_outside_its_range_is_an_error(evenness: float) -> None:
    with pytest.raises(InvalidInput, match=r"evenness is .*; it must be at least 0"):
        facility_location(np.eye(3, dtype=np.float32), 1, seed=0, priority=priorities(3), evenness=evenness)


@pytest.mark.parametrize("largest_whole", [1000, 100])
@pytest.mark.parametrize("evenness", [0.0, 0.5, None])
def test_an_earlier_choice_stays_where_its_places_cost_little(largest_whole: int, evenness: float | None) -> None:
    x, _ = groups((300, 80, 20, 10), spread=0.3)
    priority, early = priorities(len(x)), np.flatnonzero(np.arange(len(x)) % 6 > 0)

    def chosen(was_chosen: NDArray[np.bool_] | None) -> set[int]:
        found = facility_location(
            x,
            60,
            seed=0,
            priority=priority,
            evenness=evenness,
            was_chosen=was_chosen,
            largest_whole=largest_whole,
            largest_block=100,
        )
        assert len(found) == len(set(found.tolist())) == 60
        return set(found.tolist())

    was_chosen = np.zeros(len(x), dtype=bool)
    was_chosen[early[facility_location(x[early], 60, seed=0, priority=priority[early], evenness=evenness)]] = True
    earlier, fresh, kept = set(np.flatnonzero(was_chosen).tolist()), chosen(None), chosen(was_chosen)
    assert len(kept & earlier) > len(fresh & earlier)
    # What is chosen once more from the same samples does not move, nor does what nothing was chosen before.
    again = np.isin(np.arange(len(x)), list(kept))
    assert chosen(again) == kept
    assert chosen(np.zeros(len(x), dtype=bool)) == fresh


@pytest.mark.parametrize("largest_whole", [1000, 100])
def test_labelled_samples_take_places_where_that_costs_little_and_the_choice_stands(largest_whole: int) -> None:
    x, _ = groups((300, 80, 20, 10), spread=0.3)
    priority, is_labelled = priorities(len(x)), np.arange(len(x)) % 4 == 0

    def chosen(target: int, labelled: NDArray[np.bool_] | None, before: set[int]) -> set[int]:
        found = facility_location(
            x,
            target,
            seed=0,
            priority=priority,
            was_chosen=np.isin(np.arange(len(x)), list(before)),
            is_labelled=labelled,
            largest_whole=largest_whole,
            largest_block=100,
        )
        assert len(found) == target
        return set(found.tolist())

    def n_labelled(some: set[int]) -> int:
        return int(is_labelled[list(some)].sum())

    fresh = chosen(60, None, set())
    preferred = chosen(60, is_labelled, fresh)
    assert n_labelled(preferred) > n_labelled(fresh)
    assert chosen(60, is_labelled, preferred) == preferred
    # Labels of a choice do not move it, and of a smaller one they are among the first.
    mine = is_labelled & np.isin(np.arange(len(x)), list(fresh))
    assert chosen(60, mine, fresh) == fresh
    smaller, blind = chosen(30, mine, fresh), chosen(30, None, fresh)
    assert int(mine[list(smaller)].sum()) > int(mine[list(blind)].sum())
    assert chosen(60, mine, fresh) == fresh


def test_an_earlier_choice_gives_way_to_a_group_that_it_has_nobody_of() -> None:
    x, group = groups((200, 100, 50))
    was_chosen = np.zeros(len(x), dtype=bool)
    was_chosen[np.flatnonzero(group == 0)[:2]] = was_chosen[np.flatnonzero(group == 1)[:1]] = True
    chosen = facility_location(x, 3, seed=0, priority=priorities(len(x)), was_chosen=was_chosen)
    assert sorted(group[chosen].tolist()) == [0, 1, 2]


def test_a_smaller_target_takes_nothing_new_and_the_old_one_gives_the_same_again() -> None:
    x, _ = groups((300, 80, 20, 10), spread=0.3)
    priority = priorities(len(x))
    many = facility_location(x, 80, seed=0, priority=priority)
    few = facility_location(x, 40, seed=0, priority=priority, was_chosen=np.isin(np.arange(len(x)), many))
    assert set(few.tolist()) < set(many.tolist())
    back = facility_location(x, 80, seed=0, priority=priority, was_chosen=np.isin(np.arange(len(x)), few))
    assert sorted(back.tolist()) == sorted(many.tolist())


def test_outliers_get_fewer_places_than_their_sparse_region_would_and_small_groups_keep_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grouped, group = groups((200, 200, *[6] * 10), spread=0.02, dim=64)
    outliers = np.random.default_rng(8).normal(0, 0.18, (30, 64))
    x = np.concatenate([grouped, outliers]).astype(np.float32)

    def chosen() -> NDArray[np.int64]:
        return facility_location(x, 40, seed=0, priority=priorities(len(x)), evenness=1.0)

    found = chosen()
    monkeypatch.setattr("data_engine.sampling.facility_location._OUTLIER_DENSITY", 0.0)
    assert (found >= len(grouped)).sum() < (chosen() >= len(grouped)).sum()
    assert set(group[found[found < len(grouped)]]) == set(range(12))
