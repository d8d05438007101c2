"""Methods side by side: how even the same number of samples comes out, over known groups."""

from itertools import count

import numpy as np
import pytest
from concept_mixture import concept_mixture, divergence_of_concepts

from data_engine.clustering import ClusterTree, build_tree, suggest_levels
from data_engine.sampling import METHODS, Candidates, compare, part_of, select

TREE = ClusterTree.from_centroids([np.eye(2, dtype=np.float32)], [], np.array([0, 0, 0, 1]))


def ticks():
    return count(0.0, 1.0).__next__


def test_a_row_is_the_balance_of_one_draw_over_one_grouping() -> None:
    groupings = {"known labels": np.array([0, 0, 3, -1]), "leaves": np.array([0, 0, 0, 1])}
    found = compare(["random"], Candidates(TREE), 4, groupings, seed=0, n_draws=1, clock=ticks()).to_pylist()
    assert found == [
        {
            "method": "random",
            "draw": 0,
            "counted_over": "known labels",
            # Two thirds and one third over the two groups that exist.
            "kl": pytest.approx(2 / 3 * np.log(4 / 3) + 1 / 3 * np.log(2 / 3)),
            "largest_share": pytest.approx(2 / 3),
            "n_covered": 2,
            "n_groups": 2,
            "n_samples": 3,
            "seconds": 1.0,
        },
        {
            "method": "random",
            "draw": 0,
            "counted_over": "leaves",
            "kl": pytest.approx(3 / 4 * np.log(3 / 2) + 1 / 4 * np.log(1 / 2)),
            "largest_share": 0.75,
            "n_covered": 2,
            "n_groups": 2,
            "n_samples": 4,
            "seconds": 1.0,
        },
    ]


def test_every_method_is_drawn_as_often_as_asked_and_a_name_that_comes_twice_counts_once() -> None:
    leaves = {"leaves": TREE.leaf.astype(np.int64)}
    found = compare(
        ["hierarchical", "random", "hierarchical"], Candidates(TREE), 2, leaves, seed=0, n_draws=3, clock=ticks()
    )
    assert found["method"].to_pylist() == ["hierarchical"] * 3 + ["random"] * 3
    assert found["draw"].to_pylist() == [0, 1, 2] * 2
    # One of each leaf, whatever the draw.
    assert found["kl"].to_pylist()[:3] == [0, 0, 0]


def test_a_grouping_that_no_chosen_sample_is_in_gives_no_row() -> None:
    nowhere = {"known labels": np.full(4, -1)}
    assert compare(["random"], Candidates(TREE), 2, nowhere, seed=0, n_draws=1, clock=ticks()).num_rows == 0


def test_a_part_of_a_tree_keeps_its_clusters() -> None:
    whole, every_row = part_of(TREE, at_most=4, seed=0)
    assert whole is TREE
    assert every_row.tolist() == [0, 1, 2, 3]
    part, rows = part_of(TREE, at_most=2, seed=0)
    assert part.version == TREE.version
    assert part.leaf.tolist() == TREE.leaf[rows].tolist()
    assert len(set(rows.tolist())) == 2


def test_what_each_method_reaches_on_concepts_of_very_unequal_size() -> None:
    # Random chance follows the sizes; a flat level of k-means splits the large concepts; inverse density and semantic
    # duplicates even out what is dense, not what is frequent; the tree comes closest.
    found: dict[str, list[float]] = {method: [] for method in METHODS if method != "hierarchical_resampled"}
    for seed in range(5):
        x, concept = concept_mixture(seed, n_samples=3_000, n_concepts=100)
        pool = Candidates(build_tree(x, suggest_levels(3_000, n_concepts=100).n_clusters, seed=seed), x)
        for method, values in found.items():
            values.append(divergence_of_concepts(concept[select(method, pool, 300, seed=seed)], 100))
    mean = {method: float(np.mean(values)) for method, values in found.items()}
    assert mean["random"] >= mean["flat_kmeans"] + 0.3
    assert mean["flat_kmeans"] >= mean["hierarchical"] + 0.3
    assert mean["hierarchical"] <= 0.15
    assert mean["hierarchical"] < min(mean["semantic_dedup"], mean["density"])
