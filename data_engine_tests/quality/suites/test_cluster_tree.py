import pytest
from sound_tables import Broken, assigned_rows, but, details, failed, outcome_of, tree_rows

from data_engine.quality import CHECKS

BROKEN = [
    Broken(
        "every_sample_has_one_leaf",
        "embedded samples with no leaf or with several: 2 of 8, but every sample needs exactly one leaf; "
        "assign the samples named to the tree again",
        ("s1", "s2"),
        {"tree_assignments": but(assigned_rows(), 1, sample_id="s2")},
    ),
    Broken(
        "no_cluster_is_empty",
        "empty clusters: 1 of 6, but a tree that was just built has none; "
        "remove duplicates before clustering, or lower tree.n_clusters",
        ("level 1 cluster 2",),
        {"cluster_tree": but(tree_rows(), 2, n_samples=0)},
    ),
    Broken(
        "every_leaf_exists",
        "samples in a leaf that the tree does not have: 1 of 8, but every leaf must be a cluster of level 1; "
        "assign all samples to the present tree again",
        ("s7",),
        {"tree_assignments": but(assigned_rows(), 7, leaf=4)},
    ),
    Broken(
        "every_level_is_coarser",
        "clusters per level, finest first: 2, 2, but every level needs fewer clusters than the one below it; "
        "rebuild the tree with decreasing tree.n_clusters",
        ("level 2",),
        {"cluster_tree": tree_rows()[:2] + tree_rows()[4:]},
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["cluster_tree"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("cluster_tree", case) == case.outcome


def test_a_frozen_tree_may_have_empty_clusters() -> None:
    rows = {"cluster_tree": but(tree_rows(), 2, n_samples=0)}
    assert failed("cluster_tree", rows, is_rebuilt=False) == set()
    detail = details("cluster_tree", rows, is_rebuilt=False)["no_cluster_is_empty"]
    assert detail == "empty clusters: 1 of 6; the tree is frozen, so its clusters may be"
