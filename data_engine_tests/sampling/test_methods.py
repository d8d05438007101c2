"""Every method gives exactly the rows asked for, and fails in words."""

from dataclasses import replace

import numpy as np
import pytest

from data_engine.clustering import build_tree, resample_sizes_for
from data_engine.errors import InvalidInput
from data_engine.sampling import METHODS, Candidates, balanced_sample, select

N = 60


@pytest.fixture(scope="module")
def pool() -> Candidates:
    """40 samples around one point, 15 around a second, 5 around a third."""
    rng = np.random.default_rng(5)
    centres = np.repeat(np.eye(4)[:3], (40, 15, 5), axis=0)
    x = (centres + rng.normal(scale=0.05, size=(N, 4))).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return Candidates(build_tree(x, (12, 3), seed=1), x)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target_size", [1, 15, N])
def test_a_method_gives_exactly_the_target_size_of_unique_rows(pool: Candidates, method: str, target_size: int) -> None:
    rows = select(method, pool, target_size, seed=3)
    assert rows.dtype == np.int64
    assert len(set(rows.tolist())) == target_size
    assert rows.tolist() == sorted(rows.tolist())
    assert 0 <= rows.min() <= rows.max() < N
    assert select(method, pool, target_size, seed=3).tolist() == rows.tolist()


@pytest.mark.parametrize("method", METHODS)
def test_a_target_that_the_pool_cannot_give_is_an_error(pool: Candidates, method: str) -> None:
    with pytest.raises(InvalidInput, match="target_size is 61 but the clusters hold 60 samples"):
        select(method, pool, N + 1, seed=0)
    with pytest.raises(InvalidInput, match="target_size is 0; it must be positive"):
        select(method, pool, 0, seed=0)


def test_a_target_or_a_seed_that_is_no_count_is_an_error(pool: Candidates) -> None:
    with pytest.raises(InvalidInput, match=r"target_size is 1\.5; it must be a whole number"):
        select("random", pool, 1.5, seed=0)
    with pytest.raises(InvalidInput, match="seed is -1; it must be at least 0"):
        select("random", pool, 3, seed=-1)


def test_an_unknown_method_is_an_error_that_names_the_known_ones(pool: Candidates) -> None:
    with pytest.raises(
        InvalidInput,
        match="method is 'best'; it must be one of balanced, facility_location, hierarchical, hierarchical_resam",
    ):
        select("best", pool, 5, seed=0)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_needs_embeddings_exactly_if_it_says_so(pool: Candidates, method: str) -> None:
    bare = Candidates(pool.tree)
    if METHODS[method].needs_embeddings(is_resampled=False):
        with pytest.raises(InvalidInput, match="the pool has no embeddings"):
            select(method, bare, 5, seed=0)
    else:
        assert len(select(method, bare, 5, seed=0)) == 5


def test_clusters_of_unequal_size_give_equal_shares(pool: Candidates) -> None:
    # The third concept has 5 samples; all of them are taken, and 5 of each of the others.
    for method in ("flat_kmeans", "hierarchical", "hierarchical_resampled"):
        chosen = select(method, pool, 15, seed=3)
        assert np.histogram(chosen, [0, 40, 55, 60])[0].tolist() == [5, 5, 5]


def test_random_takes_the_lowest_priorities(pool: Candidates) -> None:
    priority = np.linspace(0.99, 0.0, N)
    assert select("random", Candidates(pool.tree, priority=priority), 3, seed=0).tolist() == [57, 58, 59]


def test_each_hierarchical_method_takes_the_pools_tree_if_it_is_of_its_kind_and_else_builds_its_own(
    pool: Candidates,
) -> None:
    kinds = {"hierarchical": False, "hierarchical_resampled": True}
    for method, is_resampled in kinds.items():
        assert not METHODS[method].needs_embeddings(is_resampled=is_resampled)
        assert METHODS[method].needs_embeddings(is_resampled=not is_resampled)
        own = Candidates(pool.tree, is_resampled=is_resampled)
        assert select(method, own, 15, seed=3).tolist() == balanced_sample(pool.tree, 15, seed=3).tolist()
        with pytest.raises(InvalidInput, match="the pool has no embeddings"):
            select(method, Candidates(pool.tree, is_resampled=not is_resampled), 15, seed=3)


def test_with_and_without_resampling_are_two_choices_whichever_tree_the_pool_has() -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(50, 32))[np.minimum(rng.geometric(0.1, 1_000), 50) - 1]).astype(np.float32)
    x += 0.3 * rng.normal(size=x.shape).astype(np.float32)
    levels = (60, 20)
    plain = build_tree(x, levels, seed=1)
    resampled = build_tree(x, levels, seed=1, n_resamples=10, resample_sizes=resample_sizes_for(1_000, levels))
    chosen = {
        (method, is_resampled): select(method, Candidates(tree, x, is_resampled=is_resampled), 100, seed=1).tolist()
        for method in ("hierarchical", "hierarchical_resampled")
        for tree, is_resampled in ((plain, False), (resampled, True))
    }
    assert chosen["hierarchical", True] == chosen["hierarchical", False]
    assert chosen["hierarchical_resampled", True] == chosen["hierarchical_resampled", False]
    assert chosen["hierarchical", True] != chosen["hierarchical_resampled", True]


def test_a_pool_of_other_length_than_its_tree_is_refused(pool: Candidates) -> None:
    with pytest.raises(InvalidInput, match="x has 2 rows but the tree holds 60 samples"):
        Candidates(pool.tree, np.eye(2, dtype=np.float32))
    with pytest.raises(InvalidInput, match=r"priority has shape \(3,\); give one for each of the 60 samples"):
        Candidates(pool.tree, priority=np.zeros(3))


@pytest.mark.parametrize("method", ["hierarchical", "hierarchical_resampled", "flat_kmeans"])
def test_labelled_samples_come_first_within_the_quota_of_their_cluster(pool: Candidates, method: str) -> None:
    is_labelled = np.arange(N) % 3 == 0
    plain = select(method, pool, 15, seed=3)
    preferred = select(method, replace(pool, is_labelled=is_labelled), 15, seed=3)
    assert is_labelled[preferred].sum() > is_labelled[plain].sum()
    # Quotas are as before, and what was chosen by them stays chosen once it is labelled.
    if method == "hierarchical":
        leaves = pool.tree.leaf
        assert np.bincount(leaves[preferred]).tolist() == np.bincount(leaves[plain]).tolist()
    mine = np.isin(np.arange(N), plain)
    assert select(method, replace(pool, is_labelled=mine), 15, seed=3).tolist() == plain.tolist()


@pytest.mark.parametrize("method", ["random", "density", "semantic_dedup"])
def test_a_method_without_quotas_looks_away_from_labels(pool: Candidates, method: str) -> None:
    labelled = replace(pool, is_labelled=np.arange(N) % 3 == 0)
    assert select(method, labelled, 15, seed=3).tolist() == select(method, pool, 15, seed=3).tolist()
