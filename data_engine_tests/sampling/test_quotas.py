import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_engine.clustering import ClusterTree, with_samples
from data_engine.errors import InvalidInput
from data_engine.sampling import balanced_sample
from data_engine.sampling.quotas import quotas, split, stable_priority


def tree_of(leaf_sizes: list[int], *parents: list[int]) -> ClusterTree:
    """Leaves of these sizes, the rows in the order of the leaves; the distance of a row is its number."""
    counts = [len(leaf_sizes), *(max(level) + 1 for level in parents)]
    leaf = np.repeat(np.arange(len(leaf_sizes)), leaf_sizes)
    return ClusterTree.from_centroids(
        [np.arange(count, dtype=np.float32)[:, None] for count in counts],
        [np.array(level) for level in parents],
        leaf,
        np.arange(len(leaf), dtype=np.float32),
    )


@st.composite
def trees(draw: st.DrawFn) -> ClusterTree:
    sizes = draw(st.lists(st.integers(0, 12), min_size=1, max_size=12))
    sizes[0] += 1
    parents = []
    n_clusters = len(sizes)
    for _ in range(draw(st.integers(0, 2))):
        n_above = draw(st.integers(1, n_clusters))
        parents.append([*range(n_above), *draw(st.lists(st.integers(0, n_above - 1), min_size=12, max_size=12))])
        parents[-1] = parents[-1][:n_clusters]
        n_clusters = n_above
    return tree_of(sizes, *parents)


def siblings(tree: ClusterTree, level: int) -> list[np.ndarray]:
    """Clusters of a level (from 0), grouped by their parent."""
    if level == len(tree.levels) - 1:
        return [np.arange(len(tree.levels[level].centroids))]
    parent = tree.levels[level + 1].assignment
    return [np.flatnonzero(parent == above) for above in np.unique(parent)]


def test_small_clusters_are_taken_whole_and_large_ones_cut_alike():
    assert quotas(tree_of([100, 2, 50, 3]), 25, seed=0).tolist() == [10, 2, 10, 3]


def test_an_uneven_rest_goes_to_siblings_that_have_more():
    counts = quotas(tree_of([100, 2, 50, 3]), 26, seed=0).tolist()
    assert counts in ([11, 2, 10, 3], [10, 2, 11, 3])


def test_who_gets_the_rest_is_drawn_by_the_seed():
    tree = tree_of([10] * 4)
    drawn = {tuple(quotas(tree, 5, seed=seed).tolist()) for seed in range(60)}
    assert drawn == {(2, 1, 1, 1), (1, 2, 1, 1), (1, 1, 2, 1), (1, 1, 1, 2)}


def test_the_top_of_the_tree_is_balanced_before_the_leaves():
    # Two tops with 3 leaves and 1 leaf: half of the 12 for each top, not a quarter for each leaf.
    assert quotas(tree_of([20, 20, 20, 20], [0, 0, 0, 1]), 12, seed=0).tolist() == [2, 2, 2, 6]


def test_everything_is_everything():
    tree = tree_of([3, 0, 5], [0, 0, 1])
    assert quotas(tree, 8, seed=0).tolist() == [3, 0, 5]
    assert balanced_sample(tree, 8, seed=0).tolist() == list(range(8))


def test_the_closest_members_have_the_smallest_distances():
    tree = tree_of([4, 3])
    assert balanced_sample(tree, 4, seed=0, strategy="closest").tolist() == [0, 1, 4, 5]
    far_first = with_samples(tree, tree.leaf, np.arange(7)[::-1])
    assert balanced_sample(far_first, 4, seed=0, strategy="closest").tolist() == [2, 3, 5, 6]


def test_random_members_are_all_equally_likely():
    tree = tree_of([4, 4])
    chosen = np.bincount(np.concatenate([balanced_sample(tree, 4, seed=seed) for seed in range(1000)]), minlength=8)
    assert chosen.sum() == 4000
    assert np.abs(chosen - 500).max() < 80


def test_the_given_priority_decides_among_members_and_equal_distances():
    tree = tree_of([3, 3])
    priority = np.array([0.3, 0.1, 0.2, 0.9, 0.8, 0.7])
    assert balanced_sample(tree, 2, seed=0, priority=priority.tolist()).tolist() == [1, 5]
    equal = with_samples(tree, tree.leaf, np.zeros(6))
    assert balanced_sample(equal, 4, seed=0, strategy="closest", priority=priority).tolist() == [1, 2, 4, 5]


def test_a_stable_priority_follows_the_sample_and_not_its_row():
    ids = [f"{number:032x}" for number in range(1000)]
    priority = stable_priority(ids, 7)
    assert np.array_equal(stable_priority(ids[::-1], 7), priority[::-1])
    assert not np.array_equal(stable_priority(ids, 8), priority)
    assert 0 <= priority.min() < 0.01 < 0.99 < priority.max() < 1
    assert stable_priority([], 7).shape == (0,)


def test_of_a_column_of_ids_few_are_python_strings_at_a_time(monkeypatch):
    ids = [f"sample {number}" for number in range(10)]
    column = pa.chunked_array([ids[:4], ids[4:]])
    monkeypatch.setattr(sys.modules["data_engine.sampling.quotas"], "_IDS_AT_ONCE", 3)
    lengths = []

    class Watched:
        def __len__(self):
            return len(column)

        def __getitem__(self, some):
            lengths.append(len(column[some]))
            return column[some]

    assert np.array_equal(stable_priority(Watched(), 7), stable_priority(ids, 7))
    assert lengths == [3, 3, 3, 1]


def test_row_numbers_are_unique_ascending_int64():
    chosen = balanced_sample(tree_of([50, 20, 7]), 31, seed=3)
    assert chosen.dtype == np.int64
    assert (np.diff(chosen) > 0).all()


@pytest.mark.parametrize(
    ("target_size", "message"),
    [
        (8, "target_size is 8 but the clusters hold 7 samples; lower it to at most 7"),
        (0, "target_size is 0; it must be positive"),
        (2.5, "target_size is 2.5; it must be a whole number"),
    ],
)
def test_a_target_that_cannot_be_met_is_refused(target_size, message):
    tree = tree_of([4, 3])
    for refuse in (balanced_sample, quotas):
        with pytest.raises(InvalidInput, match=message):
            refuse(tree, target_size, seed=0)


def test_strategies_that_cannot_work_are_refused():
    tree = tree_of([4, 3])
    with pytest.raises(InvalidInput, match="strategy is 'best'; it must be 'random' or 'closest'"):
        balanced_sample(tree, 2, seed=0, strategy="best")
    with pytest.raises(InvalidInput, match="the tree knows no distances"):
        balanced_sample(with_samples(tree, tree.leaf), 2, seed=0, strategy="closest")
    with pytest.raises(InvalidInput, match="seed is -1; it must be at least 0"):
        balanced_sample(tree, 2, seed=-1)
    with pytest.raises(InvalidInput, match=r"priority has shape \(3,\); give one for each of the 7 samples"):
        balanced_sample(tree, 2, seed=0, priority=np.zeros(3))


@settings(max_examples=200, deadline=None)
@given(trees(), st.data(), st.integers(0, 5), st.sampled_from(["random", "closest"]))
def test_every_sample_keeps_the_promises(tree, data, seed, strategy):
    target_size = data.draw(st.integers(1, tree.n_samples))
    chosen = balanced_sample(tree, target_size, seed=seed, strategy=strategy)
    assert len(chosen) == len(set(chosen.tolist())) == target_size
    assert np.array_equal(chosen, balanced_sample(tree, target_size, seed=seed, strategy=strategy))
    counts = np.bincount(tree.leaf[chosen], minlength=tree.n_leaves)
    assert np.array_equal(counts, quotas(tree, target_size, seed=seed))
    for number, level in enumerate(tree.levels):
        taken = np.bincount(tree.ancestors(number + 1), weights=counts, minlength=len(level.sizes)).astype(int)
        assert (taken <= level.sizes).all()
        for group in siblings(tree, number):
            uncapped = taken[group][taken[group] < level.sizes[group]]
            assert len(uncapped) == 0 or uncapped.max() - uncapped.min() <= 1
            assert len(uncapped) == 0 or taken[group].max() <= uncapped.max() + 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.data())
def test_a_split_is_what_pouring_one_by_one_gives(sizes, data):
    amount = data.draw(st.integers(0, sum(sizes)))
    counts = split(np.array(sizes), amount, rng=np.random.default_rng(0))
    poured = [0] * len(sizes)
    for _ in range(amount):
        lowest = min(range(len(sizes)), key=lambda i: (poured[i] >= sizes[i], poured[i]))
        poured[lowest] += 1
    assert sorted(counts.tolist()) == sorted(poured)
    assert (counts <= sizes).all()


def test_what_does_not_divide_goes_to_the_first_where_nothing_draws():
    assert split(np.array([5, 1, 5, 5]), 9).tolist() == [3, 1, 3, 2]


@settings(max_examples=200, deadline=None)
@given(trees(), st.data())
def test_the_members_taken_are_the_first_of_each_leaf_in_order(tree, data):
    # The last three are one number as float32.
    values = st.sampled_from([-1e300, -2.0, -0.0, 0.0, 0.5, 1.0, 1.0 + 1e-12, 1.0 + 2e-12])
    priority = np.array(data.draw(st.lists(values, min_size=tree.n_samples, max_size=tree.n_samples)))
    target_size = data.draw(st.integers(1, tree.n_samples))
    expected = []
    for leaf, quota in enumerate(quotas(tree, target_size, seed=0).tolist()):
        expected += sorted(tree.members(leaf).tolist(), key=lambda row: (priority[row], row))[:quota]
    assert balanced_sample(tree, target_size, seed=0, priority=priority).tolist() == sorted(expected)
