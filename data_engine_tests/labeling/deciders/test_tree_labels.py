from collections import Counter

import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.deciders.tree_labels import (
    PassRule,
    TreeLabels,
    held_like_the_rest,
    leaf_checks,
    tree_opinion,
    walk_tree,
    wilson_bound,
)

RULE = PassRule(0.8, 12, 0.9)
#: Leaves 0 and 1 lie in cluster 0 of level 2, leaves 2 and 3 in cluster 1.
PARENTS = [np.array([0, 0, 1, 1])]


def _walk(*checked: tuple[int, str, int]) -> TreeLabels:
    return walk_tree(PARENTS, 4, [(leaf, label) for leaf, label, n in checked for _ in range(n)], RULE)


def test_the_bound_is_the_one_of_wilson() -> None:
    # n / (n + z^2) where all agree, with z = 1.2816 at 90 %.
    assert wilson_bound(7, 7, 0.9) == pytest.approx(7 / (7 + 1.2815516**2))
    assert wilson_bound(9, 10, 0.95) == pytest.approx(0.6523, abs=1e-4)
    assert wilson_bound(0, 5, 0.9) == 0
    assert wilson_bound(0, 0, 0.9) == 0
    with pytest.raises(InvalidInput, match=r"6 of 5 at confidence 0.9"):
        wilson_bound(6, 5, 0.9)


def test_a_rule_that_no_cluster_could_keep_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"6 checks that all agree have a lower bound of 0.785, below the 0.8 asked"):
        PassRule(0.8, 6)


def test_a_cluster_whose_checks_agree_passes_with_all_its_leaves() -> None:
    labels = _walk((0, "a", 4), (1, "a", 3), (2, "a", 6))
    assert labels.said(0) == labels.said(1) == ("a", wilson_bound(7, 7, 0.9))
    assert labels.said(2) is None
    assert (labels.node_of[2].state, labels.node_of[2].n_needed) == ("open", 1)


def test_a_cluster_whose_checks_disagree_splits_and_its_parts_keep_their_checks() -> None:
    labels = _walk((0, "a", 7), (1, "b", 5))
    assert labels.said(0) == ("a", wilson_bound(7, 7, 0.9))
    part = labels.node_of[1]
    assert (part.level, part.cluster, part.label, part.n_checked, part.n_needed) == (1, 1, "b", 5, 2)
    assert labels.said(1) is None


def test_a_leaf_that_cannot_agree_any_more_has_failed() -> None:
    labels = _walk((0, "a", 3), (0, "b", 3), (1, "a", 3))
    assert (labels.node_of[0].state, labels.node_of[0].n_needed) == ("failed", None)
    assert labels.said(0) is None
    assert leaf_checks(labels, {"s": 0, "t": 0}, n_most=9, seed=1) == ()


def test_questions_go_first_where_one_brings_most_labels_and_never_beyond_the_limit() -> None:
    labels = _walk((0, "a", 6))
    undecided = {f"few{n:02}": 0 for n in range(20)} | {f"many{n:02}": 3 for n in range(60)}
    checks = leaf_checks(labels, undecided, n_most=5, seed=1)
    assert Counter(check.node.cluster for check in checks) == {0: 1, 1: 4}
    assert leaf_checks(labels, undecided, n_most=5, seed=1) == checks
    assert len(leaf_checks(labels, undecided, n_most=50, seed=1)) == 1 + 7


def test_the_hold_out_counts_where_samples_are_left_to_label() -> None:
    labels = _walk((0, "a", 3), (0, "b", 9), (1, "a", 12), (2, "a", 12))
    leaf_of = {f"h{n}": 1 for n in range(200)} | {f"g{n}": 2 for n in range(200)} | {"f": 0}
    leaf_of |= {f"small{n}": 1 for n in range(16)} | {f"large{n}": 2 for n in range(100)}
    answered = [f"small{n}" for n in range(12)] + [f"large{n}" for n in range(12)]
    truths = dict.fromkeys((name for name in leaf_of if name[0] in "hgf"), "a")
    others = [name for name in leaf_of if name[0] in "sl"]
    held = Counter(name[0] for name in held_like_the_rest(labels, leaf_of, truths, others, answered, seed=1))
    # Of the small cluster 4 of 16 are left, of the large one 88 of 100; what is in no passed cluster says nothing.
    assert held["g"] == 200
    assert held["h"] == pytest.approx(200 * 0.25 / 0.88, abs=20)
    assert held["f"] == 0


def test_a_cluster_of_few_samples_for_its_questions_is_left_to_others() -> None:
    assert leaf_checks(_walk(), {"s": 0, "t": 1}, n_most=9, seed=1) == ()


def test_what_is_asked_anyway_is_not_asked_twice() -> None:
    undecided = {f"s{n}": 0 for n in range(9)}
    checks = leaf_checks(_walk(), undecided, n_most=9, seed=1, besides={"s0", "s1", "s2"}, least_worth=1)
    assert {check.sample_id for check in checks} == {f"s{n}" for n in range(3, 9)}


def test_the_hold_out_certifies_the_bounds_of_all_clusters_together() -> None:
    labels = _walk((0, "a", 12), (2, "b", 7))
    leaf_of = {f"h{n}": 0 for n in range(60)} | {f"g{n}": 2 for n in range(60)} | {"s": 0, "t": 2, "u": 3}
    truths = {f"h{n}": "a" for n in range(60)} | {f"g{n}": "a" for n in range(60)}
    found = tree_opinion(labels, ["s", "t", "u", "v"], leaf_of, truths, target_precision=0.95, confidence=0.9)
    assert found.is_sure.tolist() == [True, False, False, False]
    assert (found.gate.n_checked, found.gate.threshold) == (60, wilson_bound(12, 12, 0.9))
    assert found.why(0) == (
        "lower bound of agreement 0.8796 >= gate 0.8796, 12 of 12 checked samples of cluster 0 of level 2 agree"
    )
    assert found.why(1).startswith("lower bound of agreement 0.8100 < gate 0.8796, 7 of 7")
    assert found.why(3) == "in no cluster of the tree"


def test_clusters_that_agree_promise_nothing_without_a_hold_out() -> None:
    found = tree_opinion(_walk((0, "a", 12)), ["s"], {"s": 0}, {}, target_precision=0.95, confidence=0.9)
    assert not found.is_sure.any()
    assert found.why(0) == "no gate: the hold-out does not certify a precision of 0.95"


def test_hundreds_of_clusters_looked_at_after_every_check_still_keep_the_promise() -> None:
    """Every cluster is mixed, with purities from .55 to 1: some pass by luck, and more the more often one looks."""
    n_broken, n_opened, n_runs = 0, 0, 40
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        purity = np.minimum(1, rng.uniform(0.55, 1.35, 120))
        checked: list[tuple[int, str]] = []
        for leaf in range(120):
            for _ in range(RULE.most_checks):
                said = [label for where, label in checked[-RULE.most_checks :] if where == leaf]
                if said and RULE.bound(max(Counter(said).values()), len(said)) >= RULE.least_bound:
                    break
                checked.append((leaf, "a" if rng.random() < purity[leaf] else "b"))
        labels = walk_tree([], 120, checked, RULE)
        leaf_of = {f"h{n}": int(rng.integers(120)) for n in range(300)}
        truths = {name: "a" if rng.random() < purity[leaf] else "b" for name, leaf in leaf_of.items()}
        others = {f"s{leaf}-{n}": leaf for leaf in range(120) for n in range(40)}
        asked = Counter(leaf for leaf, _ in checked)
        answered = [f"s{leaf}-{n}" for leaf, n_asked in asked.items() for n in range(n_asked)]
        truths = held_like_the_rest(labels, leaf_of | others, truths, others, answered, seed=seed)
        found = tree_opinion(labels, [], leaf_of, truths, target_precision=0.9, confidence=0.9)
        taken = [leaf for leaf in range(120) if (said := labels.said(leaf)) and found.gate.accepts_scores(
            np.array([said[1]])
        ).all()]  # fmt: skip
        if taken:
            n_opened += 1
            right = [purity[leaf] if labels.said(leaf)[0] == "a" else 1 - purity[leaf] for leaf in taken]  # type: ignore[index]
            n_broken += float(np.mean(right)) < 0.9
    assert n_opened > 10
    # Promised: one in ten of all runs. Six of 40 has a chance of less than 5 % where that is so.
    assert n_broken <= 6
