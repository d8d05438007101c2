import numpy as np
import pytest

from data_engine.clustering import seeding_for
from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.seeding import SEEDINGS, seed_positions


def seeds(x: np.ndarray, n_clusters: int, seeding: str, seed: int) -> np.ndarray:
    return seed_positions(Rows(x), n_clusters, seeding=seeding, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("seeding", SEEDINGS)
def test_positions_are_unique(seeding):
    x = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    positions = seeds(x, 200, seeding, 0)
    assert len(positions) == 200
    assert len(set(positions.tolist())) == 200


def test_the_second_centroid_is_drawn_in_proportion_to_the_squared_distance():
    # From the row at 0, the rows at 1 and 3 have chances of 1 : 9; the first centroid is each row equally often.
    x = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)
    second = [pair[1] for pair in (seeds(x, 2, "kmeans++", seed) for seed in range(4000)) if pair[0] == 0]
    assert len(second) == pytest.approx(4000 / 3, rel=0.1)
    assert second.count(2) / len(second) == pytest.approx(0.9, abs=0.03)


def test_the_draw_is_proportional_over_many_thousands_of_rows():
    # All rows at 0 but two far apart, at 1 and 3: from a row at 0 they have chances of 1 : 9.
    x = np.zeros((10_000, 1), dtype=np.float32)
    x[[4500, 9000], 0] = 1, 3
    second = [pair[1] for pair in (seeds(x, 2, "kmeans++", seed) for seed in range(500)) if x[pair[0], 0] == 0]
    assert set(second) == {4500, 9000}
    assert second.count(9000) / len(second) == pytest.approx(0.9, abs=0.04)


def test_sampled_seeding_draws_from_rows_spread_evenly_over_all():
    x = np.random.default_rng(0).normal(size=(4096, 3)).astype(np.float32)
    positions = seeds(x, 4, "sampled_greedy_kmeans++", 0)
    rng = np.random.default_rng(0)
    sample = rng.integers(np.arange(0, 4096, 4), np.arange(4, 4097, 4))
    within = seed_positions(Rows(x[sample]), 4, seeding="greedy_kmeans++", rng=rng)
    assert positions.tolist() == sample[within].tolist()


def test_rounds_of_many_proposals_draw_from_the_distances_of_the_moment():
    # Third centroid after {0, 10}: D^2 of the rows at 4 and 8 is 16 and 4, although both may be proposed in one round.
    x = np.array([[0.0], [10.0], [4.0], [8.0]], dtype=np.float32)
    third = [p[2] for p in (seeds(x, 4, "kmeans++", seed) for seed in range(8000)) if p[:2].tolist() == [0, 1]]
    assert len(third) > 500
    assert third.count(2) / len(third) == pytest.approx(16 / 20, abs=0.05)
    # Fourth: what is left, always.
    assert all(len(set(seeds(x, 4, "kmeans++", seed).tolist())) == 4 for seed in range(50))


def test_greedy_seeding_leaves_a_smaller_potential():
    x = np.random.default_rng(0).normal(size=(2000, 6)).astype(np.float32)

    def potential(seeding: str, seed: int) -> float:
        chosen = x[seeds(x, 60, seeding, seed)]
        return float(((x[:, None] - chosen[None]) ** 2).sum(axis=2).min(axis=1).sum())

    greedy, plain = (np.mean([potential(name, seed) for seed in range(5)]) for name in ("greedy_kmeans++", "kmeans++"))
    assert greedy < 0.97 * plain


@pytest.mark.parametrize("seeding", SEEDINGS)
def test_a_selection_is_seeded_like_a_copy_of_it(seeding):
    x = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    picked = np.arange(0, 300, 3)
    of_selection = seed_positions(Rows(x, picked), 20, seeding=seeding, rng=np.random.default_rng(1))
    of_copy = seed_positions(Rows(x[picked]), 20, seeding=seeding, rng=np.random.default_rng(1))
    assert np.array_equal(of_selection, of_copy)


def test_a_matrix_of_many_gigabytes_is_seeded_from_a_sample():
    large = np.broadcast_to(np.float32(0), (4 << 20, 256))
    assert (seeding_for(large), seeding_for(large[1:])) == ("sampled_greedy_kmeans++", "greedy_kmeans++")
