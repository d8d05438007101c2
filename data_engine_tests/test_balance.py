"""What the cluster trees are for: the published simulation in the plane, and concepts of very unequal size."""

from functools import cache

import numpy as np
from concept_mixture import concept_mixture, divergence_of_concepts
from plane import divergence_in_the_plane, plane

from data_engine.clustering import build_tree
from data_engine.sampling import balanced_sample

PLANE_SEEDS = range(3)
CONCEPT_SEEDS = range(5)
N_CONCEPTS = 200


def mean_divergence(n_clusters: tuple[int, ...], **options: object) -> float:
    trees = [build_tree(plane(seed), n_clusters, seed=seed, **options) for seed in PLANE_SEEDS]
    return float(np.mean([divergence_in_the_plane(tree.levels[-1].centroids) for tree in trees]))


def test_centroids_of_raw_data_follow_its_density():
    raw = np.mean([divergence_in_the_plane(plane(seed)) for seed in PLANE_SEEDS])
    assert 0.93 <= raw <= 0.97
    assert 0.30 <= mean_divergence((300,)) <= 0.40


def test_two_levels_lie_between_one_and_three():
    assert 0.11 <= mean_divergence((1000, 300)) <= 0.15


def test_three_levels_are_nearly_uniform():
    assert 0.07 <= mean_divergence((3000, 1000, 300)) <= 0.12


def test_three_resampled_levels_are_as_uniform_as_300_points_can_be():
    # 300 uniform points measure .040.
    assert mean_divergence((3000, 1000, 300), n_resamples=10, resample_sizes=(2, 2, 2)) <= 0.060


@cache
def concepts(seed: int) -> tuple[np.ndarray, np.ndarray]:
    return concept_mixture(seed, n_samples=10_000, n_concepts=N_CONCEPTS)


def divergence(chosen: np.ndarray) -> float:
    return divergence_of_concepts(chosen, N_CONCEPTS)


def chosen_concepts(seed: int, n_clusters: tuple[int, ...]) -> np.ndarray:
    x, concept = concepts(seed)
    return concept[balanced_sample(build_tree(x, n_clusters, seed=seed), 1000, seed=seed)]


def test_a_hierarchical_choice_is_balanced_where_a_flat_or_random_one_is_not():
    random, flat, hierarchical, covered = [], [], [], []
    for seed in CONCEPT_SEEDS:
        random.append(divergence(np.random.default_rng(seed).permutation(concepts(seed)[1])[:1000]))
        flat.append(divergence(chosen_concepts(seed, (N_CONCEPTS,))))
        chosen = chosen_concepts(seed, (2000, 600, N_CONCEPTS))
        hierarchical.append(divergence(chosen))
        covered.append(len(set(chosen.tolist())))
    assert np.mean(random) >= np.mean(flat) + 0.3
    assert np.mean(flat) >= np.mean(hierarchical) + 0.3
    assert 0.10 <= np.mean(hierarchical) <= 0.14
    assert np.mean(covered) >= 198


def test_too_few_clusters_at_the_top_leave_the_choice_unbalanced():
    found = np.mean([divergence(chosen_concepts(seed, (500, 120, 30))) for seed in CONCEPT_SEEDS])
    assert 0.59 <= found <= 0.79
