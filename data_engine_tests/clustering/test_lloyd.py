import numpy as np
import pytest

from data_engine.clustering import kmeans
from data_engine.errors import InvalidInput

TWO_PAIRS = np.array([[0, 0], [0, 2], [10, 0], [10, 2]], dtype=np.float32)
SEEDINGS = ["kmeans++", "greedy_kmeans++", "sampled_greedy_kmeans++"]


@pytest.fixture
def blobs() -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 10, (20, 8))
    return (centres[rng.integers(20, size=2000)] + rng.normal(0, 1, (2000, 8))).astype(np.float32)


def by_hand(x: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    return ((x[:, None, :].astype(np.float64) - centroids[None]) ** 2).sum(axis=2)


@pytest.mark.parametrize("init", [None, *SEEDINGS])
def test_two_pairs_become_two_clusters_at_their_means(init):
    found = kmeans(TWO_PAIRS, 2, seed=0, init=init)
    assert sorted(found.centroids.tolist()) == [[0, 1], [10, 1]]
    assert found.assignment[0] == found.assignment[1] != found.assignment[2] == found.assignment[3]
    assert found.distance.tolist() == [1, 1, 1, 1]
    assert found.inertia == 4.0


def test_types_and_shapes_are_as_documented():
    found = kmeans(TWO_PAIRS, 2, seed=0)
    assert (found.centroids.dtype, found.centroids.shape) == (np.float32, (2, 2))
    assert (found.assignment.dtype, found.assignment.shape) == (np.int32, (4,))
    assert (found.distance.dtype, found.distance.shape) == (np.float32, (4,))


def test_lloyd_starts_from_the_given_centroids_and_counts_its_iterations():
    init = np.array([[0, 0], [10, 0]], dtype=np.float32)
    assert kmeans(TWO_PAIRS, 2, seed=0, init=init, max_iterations=0).centroids.tolist() == init.tolist()
    found = kmeans(TWO_PAIRS, 2, seed=0, init=init)
    assert found.centroids.tolist() == [[0, 1], [10, 1]]
    assert found.n_iterations == 1


def test_the_given_centroids_are_not_written_to():
    init = np.array([[0, 0], [10, 0]], dtype=np.float32)
    kmeans(TWO_PAIRS, 2, seed=0, init=init)
    assert init.tolist() == [[0, 0], [10, 0]]


@pytest.mark.parametrize("init", SEEDINGS)
def test_every_row_belongs_to_the_nearest_returned_centroid(blobs, init):
    found = kmeans(blobs, 30, seed=3, init=init, max_iterations=4)
    distances = by_hand(blobs, found.centroids)
    assert np.array_equal(found.assignment, distances.argmin(axis=1))
    np.testing.assert_allclose(found.distance, distances.min(axis=1), rtol=1e-4)
    assert found.inertia == pytest.approx(distances.min(axis=1).sum(), rel=1e-5)


@pytest.mark.parametrize("init", SEEDINGS)
def test_the_same_seed_gives_the_same_result_and_another_seed_another(blobs, init):
    first, again, other = (kmeans(blobs, 30, seed=seed, init=init) for seed in (1, 1, 2))
    assert np.array_equal(first.centroids, again.centroids)
    assert np.array_equal(first.assignment, again.assignment)
    assert not np.array_equal(first.centroids, other.centroids)


def test_the_global_random_state_is_left_alone(blobs):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    kmeans(blobs, 5, seed=0)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_more_centroids_than_one_block_agree_with_the_plain_computation():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 3)).astype(np.float32)
    init = rng.normal(size=(4500, 3)).astype(np.float32)
    found = kmeans(x, 4500, seed=0, init=init, max_iterations=0)
    nearest = by_hand(x, init).min(axis=1)
    np.testing.assert_allclose(found.distance, nearest, rtol=1e-3, atol=1e-6)


def test_half_and_double_precision_are_accepted():
    for kind in (np.float16, np.float64):
        assert sorted(kmeans(TWO_PAIRS.astype(kind), 2, seed=0).centroids.tolist()) == [[0, 1], [10, 1]]


def test_a_memory_map_is_clustered(tmp_path, blobs):
    np.save(tmp_path / "x.npy", blobs)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.array_equal(kmeans(mapped, 10, seed=0).centroids, kmeans(blobs, 10, seed=0).centroids)


@pytest.mark.parametrize("init", SEEDINGS)
def test_one_sample_is_its_own_cluster(init):
    found = kmeans(np.array([[3.0, 4.0]]), 1, seed=0, init=init)
    assert found.centroids.tolist() == [[3, 4]]
    assert found.assignment.tolist() == [0]
    assert found.inertia == 0.0


@pytest.mark.parametrize("init", SEEDINGS)
def test_as_many_clusters_as_rows_gives_every_row_its_own(init):
    x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    found = kmeans(x, 50, seed=0, init=init)
    assert sorted(found.assignment.tolist()) == list(range(50))
    assert found.inertia == 0.0


@pytest.mark.parametrize("init", SEEDINGS)
def test_all_duplicates_give_one_cluster(init):
    found = kmeans(np.full((40, 5), 0.1, dtype=np.float32), 7, seed=0, init=init)
    assert len(found.centroids) == 1
    assert found.assignment.tolist() == [0] * 40
    assert found.inertia == 0.0


@pytest.mark.parametrize("init", SEEDINGS)
@pytest.mark.parametrize("seed", range(5))
def test_seeding_stops_at_the_number_of_distinct_rows(init, seed):
    distinct = np.random.default_rng(seed).normal(100, 1, size=(6, 32)).astype(np.float32)
    found = kmeans(np.repeat(distinct, 30, axis=0), 20, seed=seed, init=init)
    assert len(found.centroids) == 6
    assert np.bincount(found.assignment).tolist() == [30] * 6


def test_a_centroid_without_rows_is_dropped():
    init = np.array([[0, 1], [500, 500], [10, 1]], dtype=np.float32)
    found = kmeans(TWO_PAIRS, 3, seed=0, init=init)
    assert found.centroids.tolist() == [[0, 1], [10, 1]]
    assert found.assignment.tolist() == [0, 0, 1, 1]


def test_an_empty_cluster_keeps_its_centroid_and_can_win_rows_later():
    # The far centroid starts without rows; once the mean of the others has moved left, the row at 10 is nearer to it.
    x = np.array([[0.0], [0.0], [0.0], [0.0], [10.0]])
    found = kmeans(x, 2, seed=0, init=np.array([[8.0], [13.0]]))
    assert found.centroids.tolist() == [[0], [10]]
    assert found.assignment.tolist() == [0, 0, 0, 0, 1]


def test_of_two_equal_centroids_the_first_wins_every_row():
    found = kmeans(TWO_PAIRS, 3, seed=0, init=np.array([[0.0, 1], [0, 1], [10, 1]]))
    assert len(found.centroids) == 2


def test_a_large_offset_changes_no_label_and_makes_no_distance_negative(blobs):
    # A step of 1/128 is exact in float32 even beside the offset; |x|^2 - 2xy + |y|^2 as it stands is off by hundreds.
    x = np.round(blobs * 128) / 128
    far = (x + 65536).astype(np.float32)
    start = x[:30].copy()
    near_found, far_found = (
        kmeans(rows, 30, seed=0, init=init, max_iterations=0) for rows, init in ((x, start), (far, far[:30].copy()))
    )
    assert np.array_equal(near_found.assignment, far_found.assignment)
    assert np.array_equal(near_found.distance, far_found.distance)
    assert kmeans(far, 30, seed=0).distance.min() >= 0


def test_iterations_stop_when_few_labels_change(blobs):
    patient = kmeans(blobs, 30, seed=5, tolerance=0.0, max_iterations=200)
    hasty = kmeans(blobs, 30, seed=5, tolerance=0.2, max_iterations=200)
    assert hasty.n_iterations < patient.n_iterations < 200
    again = kmeans(blobs, len(patient.centroids), seed=5, init=patient.centroids, max_iterations=1, tolerance=0.0)
    assert np.array_equal(again.assignment, patient.assignment)


def test_rows_that_are_not_finite_are_named():
    x = np.zeros((9000, 3), dtype=np.float32)
    x[[7, 8500], 1] = np.nan, np.inf
    with pytest.raises(InvalidInput, match=r"rows \[7, 8500\]; remove these rows"):
        kmeans(x, 2, seed=0)


def test_at_most_ten_bad_rows_are_named():
    with pytest.raises(InvalidInput, match=r"rows \[0, 1, 2, 3, 4, 5, 6, 7, 8, 9\] and maybe more"):
        kmeans(np.full((30, 3), np.nan), 2, seed=0)


def test_rows_that_differ_by_less_than_float32_can_tell_are_refused(blobs):
    with pytest.raises(InvalidInput, match=r"differ by at most .*e-24 .* cannot tell apart; multiply it by a power of"):
        kmeans(blobs * np.float32(1e-25), 20, seed=0)
    with pytest.raises(InvalidInput, match=r"in values of up to 1e\+09, .*; subtract its mean"):
        kmeans(blobs.astype(np.float64) + 1e9, 20, seed=0)
    assert len(kmeans(blobs * np.float32(1e-14), 20, seed=0).centroids) == 20
    assert len(kmeans(np.full((40, 5), 1e9 + 1), 3, seed=0).centroids) == 1


def test_one_row_far_from_thousands_of_equal_rows_is_enough_to_tell():
    x = np.full((5000, 2), 1e6)
    x[4999] += 2
    assert np.bincount(kmeans(x, 2, seed=0).assignment).tolist() in ([4999, 1], [1, 4999])


def test_more_clusters_than_rows_is_refused_with_both_numbers():
    with pytest.raises(InvalidInput, match="n_clusters is 5 but x has 4 rows; ask for at most 4"):
        kmeans(TWO_PAIRS, 5, seed=0)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(4), r"x has shape \(4,\)"),
        (np.zeros((2, 2, 2)), r"x has shape \(2, 2, 2\)"),
        (np.zeros((4, 2), dtype=np.int64), "x has dtype int64"),
        (np.array([["a"], ["b"]]), "x has dtype <U1"),
        (np.zeros((4, 0)), "at least one value"),
        ([[0.0, 1.0]], "x is a list"),
        (np.ma.masked_array(np.eye(2), mask=np.eye(2)), "x is a masked array"),
    ],
)
def test_what_is_not_a_matrix_of_floats_is_refused(x, message):
    with pytest.raises(InvalidInput, match=message):
        kmeans(x, 1, seed=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_clusters": 0}, "n_clusters is 0; it must be at least 1"),
        ({"n_clusters": 1.5}, "n_clusters is 1.5; it must be a whole number"),
        ({"init": "random"}, r"init is 'random'; the ways to seed are greedy_kmeans\+\+, kmeans\+\+"),
        ({"init": np.zeros((3, 2))}, "init has 3 rows but n_clusters is 2"),
        ({"init": np.zeros((2, 3))}, "init has 3 values per row but 2 are needed"),
        ({"init": np.full((2, 2), np.nan)}, r"init holds NaN, infinite .* rows \[0, 1\]"),
        ({"max_iterations": -1}, "max_iterations is -1"),
        ({"max_iterations": 1.5}, "max_iterations is 1.5; it must be a whole number"),
        ({"tolerance": 1.0}, "tolerance is 1.0"),
        ({"seed": -1}, "seed is -1; it must be at least 0"),
        ({"seed": 1.5}, "seed is 1.5; it must be a whole number"),
        ({"seed": None}, "seed is None; it must be a whole number"),
    ],
)
def test_arguments_that_break_a_rule_are_refused(changes, message):
    with pytest.raises(InvalidInput, match=message):
        kmeans(TWO_PAIRS, **{"n_clusters": 2, "seed": 0, **changes})
