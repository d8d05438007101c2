from dataclasses import replace

import numpy as np
import pytest

from data_engine.clustering import ClusterTree, assign, assign_with_distance, build_tree, with_samples
from data_engine.clustering.lloyd import KMeans
from data_engine.clustering.nearest import nearest
from data_engine.clustering.tree_builder import TreePlan, most_central
from data_engine.errors import InvalidInput, NotEnoughData


@pytest.fixture
def x() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(1200, 6)).astype(np.float32)


@pytest.fixture
def small() -> ClusterTree:
    """Four leaves on a line under two clusters; the leaf at 9 has no sample."""
    return ClusterTree.from_centroids(
        centroids=[np.array([[0.0], [1.0], [8.0], [9.0]]), np.array([[0.5], [8.5]])],
        parents=[np.array([0, 0, 1, 1])],
        leaf=np.array([2, 0, 0, 1, 2, 0]),
    )


def test_sizes_count_the_samples_below(small):
    assert [level.sizes.tolist() for level in small.levels] == [[3, 1, 2, 0], [4, 2]]
    assert (small.n_samples, small.n_leaves, small.dim) == (6, 4, 1)


def test_members_are_the_rows_of_a_leaf(small):
    assert [small.members(leaf).tolist() for leaf in range(4)] == [[1, 2, 5], [3], [0, 4], []]
    with pytest.raises(InvalidInput, match="leaf is 4 but the tree has leaves 0 to 3"):
        small.members(4)


def test_membership_lists_the_rows_below_cluster_by_cluster(small):
    leaves, tops = (level.membership for level in small.levels)
    assert (leaves.indices.tolist(), leaves.offsets.tolist()) == ([1, 2, 5, 3, 0, 4], [0, 3, 4, 6, 6])
    assert [tops.of(cluster).tolist() for cluster in range(2)] == [[0, 1], [2, 3]]


def test_a_tree_shares_no_array_with_the_caller_and_none_can_be_written_to(x):
    centroids, leaf, distance = np.eye(2, dtype=np.float32), np.array([0, 1], np.int32), np.zeros(2, np.float32)
    tree = ClusterTree.from_centroids([centroids], [], leaf, distance)
    for array in (centroids, leaf, distance):
        array.fill(7)
    assert tree.levels[0].centroids.tolist() == [[1, 0], [0, 1]]
    assert (tree.leaf.tolist(), tree.distance.tolist()) == ([0, 1], [0, 0])
    for made in (tree, build_tree(x, (9, 3), seed=0)):
        assert not made.distance.flags.writeable
        for level in made.levels:
            assert not any(array.flags.writeable for array in (level.centroids, level.assignment, level.sizes))


def test_ancestors_map_every_leaf_to_a_level(small):
    assert small.ancestors(1).tolist() == [0, 1, 2, 3]
    assert small.ancestors(2).tolist() == [0, 0, 1, 1]
    with pytest.raises(InvalidInput, match="level is 3 but the tree has levels 1 to 2"):
        small.ancestors(3)


def test_new_rows_go_to_the_nearest_leaf_and_the_tree_stays(small):
    leaf, distance = assign_with_distance(small, np.array([[0.25], [100.0]], dtype=np.float32))
    assert leaf.tolist() == assign(small, np.array([[0.25], [100.0]])).tolist() == [0, 3]
    assert leaf.dtype == np.int32
    assert distance.tolist() == [0.0625, 8281.0]
    assert small.levels[0].sizes.tolist() == [3, 1, 2, 0]


def test_no_rows_get_no_leaves(small):
    leaf, distance = assign_with_distance(small, np.zeros((0, 1), dtype=np.float32))
    assert leaf.shape == distance.shape == (0,)


def test_rows_of_another_dim_or_with_nan_are_refused(small):
    with pytest.raises(InvalidInput, match="x has 3 values per row but 1 are needed"):
        assign(small, np.zeros((2, 3)))
    with pytest.raises(InvalidInput, match=r"in rows \[1\]"):
        assign(small, np.array([[0.0], [np.nan]]))


def test_a_grown_corpus_changes_the_sizes_and_not_the_version(small):
    grown = with_samples(small, np.array([3, 3, 0]), np.array([0.5, 0.25, 0.0]))
    assert [level.sizes.tolist() for level in grown.levels] == [[1, 0, 0, 2], [1, 2]]
    assert grown.version == small.version
    assert grown.distance.tolist() == [0.5, 0.25, 0.0]
    assert with_samples(small, np.array([], dtype=np.int64)).levels[1].sizes.tolist() == [0, 0]


def test_the_version_depends_on_every_centroid(small):
    leaf = small.leaf
    other = ClusterTree.from_centroids(
        [small.levels[0].centroids, np.array([[0.5], [8.25]])], [small.levels[1].assignment], leaf
    )
    assert other.version != small.version
    assert len(small.version) == 16


def test_parts_that_do_not_fit_are_refused(small):
    centroids = [level.centroids for level in small.levels]
    parents = [small.levels[1].assignment]
    with pytest.raises(InvalidInput, match="2 levels of centroids and 0 of parents"):
        ClusterTree.from_centroids(centroids, [], small.leaf)
    with pytest.raises(InvalidInput, match=r"rows \[1\] are assigned to clusters \[4\] of level 1"):
        ClusterTree.from_centroids(centroids, parents, np.array([0, 4]))
    with pytest.raises(InvalidInput, match="distance has 1 values but leaf has 6"):
        ClusterTree.from_centroids(centroids, parents, small.leaf, np.zeros(1))
    with pytest.raises(InvalidInput, match="give one whole number for each of the 4 rows of the level below"):
        ClusterTree.from_centroids(centroids, [np.array([0, 1])], small.leaf)


@pytest.mark.parametrize("resampling", [{}, {"n_resamples": 3, "resample_sizes": (4, 3, 2)}, {"two_stage": 5}])
def test_built_trees_hold_together(x, resampling):
    tree = build_tree(x, (100, 30, 8), seed=0, **resampling)
    assert [len(level.centroids) for level in tree.levels] == [100, 30, 8]
    below = np.ones(len(x), dtype=np.int64)
    for level in tree.levels:
        assert level.assignment.dtype == np.int32
        assert np.array_equal(level.sizes, np.bincount(level.assignment, weights=below).astype(np.int64))
        assert (level.sizes > 0).all()
        below = level.sizes
    assert below.sum() == len(x)
    assert np.array_equal(tree.leaf, assign(tree, x))
    assert np.array_equal(tree.leaf, ((x[:, None] - tree.levels[0].centroids) ** 2).sum(axis=2).argmin(axis=1))
    assert np.array_equal(tree.distance, assign_with_distance(tree, x)[1])


@pytest.mark.parametrize("resampling", [{}, {"n_resamples": 2, "resample_sizes": (4, 3)}, {"two_stage": 5}])
def test_the_same_seed_gives_the_same_tree(x, resampling):
    one, same, other = (build_tree(x, (100, 8), seed=seed, **resampling) for seed in (1, 1, 2))
    assert one.version == same.version != other.version
    assert np.array_equal(one.leaf, same.leaf)


def test_every_level_and_step_has_a_seed_of_its_own():
    plan = TreePlan((9, 3), 7, 2, (2, 2), 50, None, "kmeans++", None)
    seeds = [plan.seed_for(level, step) for level in range(2) for step in range(3)]
    assert len(set(seeds)) == 6
    assert [replace(plan, seed=8).seed_for(0, 0) in seeds, replace(plan).seed_for(1, 2) == seeds[5]] == [False, True]


def test_every_resampling_is_seeded_afresh(x):
    few, more = (build_tree(x, (50,), seed=0, n_resamples=m, resample_sizes=(6,)) for m in (1, 2))
    assert few.version != more.version


def test_resampling_by_one_member_per_cluster_is_left_out(x):
    steps = []
    tree = build_tree(
        x, (50, 5), seed=0, n_resamples=2, resample_sizes=(1, 3), progress=lambda *step: steps.append(step)
    )
    assert steps == [
        (1, 4, "level 1 of 2: 50 clusters"),
        (2, 4, "level 2 of 2: 5 clusters"),
        (3, 4, "level 2 of 2: resample 1 of 2"),
        (4, 4, "level 2 of 2: resample 2 of 2"),
    ]
    assert np.array_equal(tree.levels[0].centroids, build_tree(x, (50,), seed=0).levels[0].centroids)


def test_the_most_central_members_are_the_nearest_of_each_cluster():
    clusters = KMeans(
        centroids=np.zeros((3, 1), dtype=np.float32),
        assignment=np.array([0, 2, 0, 0, 1, 2], dtype=np.int32),
        distance=np.array([3, 1, 1, 2, 9, 0], dtype=np.float32),
        inertia=16.0,
        n_iterations=1,
    )
    assert most_central(clusters, 2).tolist() == [1, 2, 3, 4, 5]
    assert most_central(clusters, 1).tolist() == [2, 4, 5]


def test_a_level_that_would_not_be_coarser_than_the_one_below_is_left_out():
    x = np.arange(6, dtype=np.float32)[:, None]
    steps = []
    tree = build_tree(x, (500, 100, 2), seed=0, progress=lambda *step: steps.append(step))
    assert [level.sizes.sum() for level in tree.levels] == [6, 6]
    assert [len(level.centroids) for level in tree.levels] == [6, 2]
    assert steps[1] == (2, 3, "level 2 of 3: left out, it would not be coarser")
    assert steps[2] == (3, 3, "level 3 of 3: 2 clusters")


def test_one_sample_makes_a_tree_of_one_cluster():
    tree = build_tree(np.array([[0.6, 0.8]]), (20, 5), seed=0, n_resamples=2, resample_sizes=(3, 3))
    assert [level.sizes.tolist() for level in tree.levels] == [[1]]
    assert tree.members(0).tolist() == [0]


def test_all_duplicates_make_one_leaf():
    tree = build_tree(np.full((30, 4), 0.5, dtype=np.float32), (10, 3), seed=0)
    assert [level.sizes.tolist() for level in tree.levels] == [[30]]
    assert tree.members(0).tolist() == list(range(30))


def test_every_k_means_reads_the_rows_once_to_assign_them_also_where_clusters_are_dropped(monkeypatch):
    # Two distinct values among 40 rows, so that every part of the two stages gives fewer clusters than asked for.
    x = np.repeat(np.array([[0.0], [8.0]], dtype=np.float32), 20, axis=0)
    passes = []

    def counted(rows, centroids):
        passes.append(len(rows))
        return nearest(rows, centroids)

    monkeypatch.setattr("data_engine.clustering.lloyd.nearest", counted)
    tree = build_tree(x, (8,), seed=0, two_stage=2)
    assert tree.levels[0].sizes.tolist() == [20, 20]
    # Coarse k-means and one iteration; the same in each of its two clusters; then all rows to the leaves.
    assert passes == [40, 40, 20, 20, 20, 20, 40]


def test_clusters_of_equal_size_have_their_members():
    x = np.repeat(np.arange(4, dtype=np.float32) * 10, 5)[:, None]
    tree = build_tree(x, (4, 2), seed=0)
    assert tree.levels[0].sizes.tolist() == [5, 5, 5, 5]
    members = sorted(tree.members(leaf).tolist() for leaf in range(4))
    assert members == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14], [15, 16, 17, 18, 19]]


def test_a_memory_map_gives_the_same_tree(tmp_path, x):
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    options = {"seed": 0, "n_resamples": 1, "resample_sizes": (5, 2)}
    assert build_tree(mapped, (60, 6), **options).version == build_tree(x, (60, 6), **options).version


@pytest.mark.parametrize(
    ("n_clusters", "options", "message"),
    [
        ((), {}, "n_clusters is empty"),
        ((10, 10), {}, "n_clusters has 10 at level 1 and 10 at level 2; .* give level 2 fewer than 10"),
        ((10, 5, 6), {}, "n_clusters has 5 at level 2 and 6 at level 3"),
        ((10, 0), {}, "n_clusters is 0; it must be at least 1"),
        ((10,), {"n_resamples": 2}, "resample_sizes is None; resampling needs one size for each of the 1 levels"),
        ((10, 5), {"n_resamples": 2, "resample_sizes": (3,)}, "one size for each of the 2 levels"),
        ((10,), {"n_resamples": -1}, "n_resamples is -1"),
        ((10,), {"n_resamples": 1.5, "resample_sizes": (3,)}, "n_resamples is 1.5; it must be a whole number"),
        ((10,), {"seed": -1}, "seed is -1; it must be at least 0"),
        ((10,), {"max_iterations": 0}, "max_iterations is 0"),
        ((10,), {"two_stage": 2, "n_resamples": 1, "resample_sizes": (3,)}, "they do not go together"),
        ((10,), {"two_stage": 6}, "two_stage is 6 for 10 clusters; it must be 2 to 5"),
    ],
)
def test_arguments_that_break_a_rule_are_refused(x, n_clusters, options, message):
    with pytest.raises(InvalidInput, match=message):
        build_tree(x, n_clusters, **{"seed": 0, **options})


def test_bad_rows_and_an_empty_corpus_are_refused(x):
    x[3, 2] = np.nan
    with pytest.raises(InvalidInput, match=r"in rows \[3\]"):
        build_tree(x, (5,), seed=0)
    with pytest.raises(InvalidInput, match="the rows of x differ by at most"):
        build_tree(x[4:] * np.float32(1e-25), (5,), seed=0)
    with pytest.raises(NotEnoughData, match="x has 0 rows"):
        build_tree(x[:0], (5,), seed=0)
