import numpy as np

from data_engine.drift import levels_above, mass_p


def topics(n_topics: int, n_each: int, *, dim: int = 16, seed: int = 0) -> np.ndarray:
    """Centroids of topics of n clusters each, topic after topic."""
    generator = np.random.default_rng(seed)
    centres = np.eye(dim)[:n_topics].repeat(n_each, axis=0)
    return (centres + 0.05 * generator.normal(size=centres.shape)).astype(np.float32)


def test_levels_halve_from_the_clusters_themselves_down_to_no_fewer_than_six() -> None:
    def sizes(k: int) -> list[int]:
        levels = levels_above(topics(1, k), np.full(k, 10), seed=0)
        assert all(len(level) == k and set(level) == set(range(level.max() + 1)) for level in levels)
        return [int(level.max()) + 1 for level in levels]

    assert sizes(100) == [100, 50, 25, 12]
    assert sizes(30) == [30, 15, 7]
    assert sizes(4) == [4]
    assert sizes(400) == [150, 75, 37, 18]


def test_clusters_of_a_topic_join_and_a_cluster_without_samples_has_a_place() -> None:
    counts = np.full(48, 10)
    counts[5] = 0
    *_, coarsest = levels_above(topics(6, 8), counts, seed=0)
    assert coarsest.reshape(6, 8).tolist() == [[first] * 8 for first in coarsest[::8].tolist()]
    assert len(set(coarsest.tolist())) == 6


def test_more_of_a_topic_is_seen_over_several_levels_before_its_clusters_show_it() -> None:
    generator, k = np.random.default_rng(1), 96
    levels = levels_above(topics(12, 8), np.full(k, 80), seed=0)
    shares = np.full(k, 1 / k)
    more = shares.copy()
    more[:8] *= 1.6
    p_fine, p_all, p_null = [], [], []
    for seed in range(12):
        reference = generator.multinomial(8000, shares)
        window, fresh = generator.multinomial(1000, more / more.sum()), generator.multinomial(1000, shares)
        p_fine.append(mass_p(reference, window, seed=seed))
        p_all.append(mass_p(reference, window, seed=seed, levels=levels))
        p_null.append(mass_p(reference, fresh, seed=seed, levels=levels))
    assert np.mean(np.log(p_all)) < np.mean(np.log(p_fine)) - 0.5
    assert np.mean(np.array(p_null) < 0.05) <= 0.2
    assert 0.2 < np.mean(p_null) < 0.8
