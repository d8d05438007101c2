"""The decider `tree`: a few checked samples of a cluster say what the rest of it is; where they disagree, it splits.

A cluster passes by the Wilson lower bound of the agreement of its checked samples. Hundreds of clusters are tried, each
after every round, so these bounds choose and promise nothing; the promise is that of the gate, which holds the labels
of all clusters that passed against the random hold-out. No sample of the hold-out is ever a check.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.deciders.cascade import Opinion
from data_engine.labeling.deciders.registry import TREE
from data_engine.labeling.gate import certify_scores
from data_engine.labeling.inputs import Integers
from data_engine.sampling import stable_priority

LEAF = "leaf"
"""The purpose of a question about a random sample of a cluster."""

CHECKS = (LEAF, "control")
"""The purposes of answers that check clusters: both ask about random samples of whatever cluster they lie in."""

LEAST_WORTH = 4.0
"""Labels, its own included, that a question about a cluster must be able to bring."""

PASSED, OPEN, FAILED = "passed", "open", "failed"


@dataclass(frozen=True)
class PassRule:
    """When a cluster passes: `least_bound` in (0, 1) that the Wilson bound must reach, at one-sided `confidence`.

    A cluster that cannot reach it with `most_checks` checks, were all further ones to agree, splits.
    """

    least_bound: float
    most_checks: int
    confidence: float = 0.9

    def __post_init__(self) -> None:
        """Raises: InvalidInput where not even faultless checks could pass."""
        most = self.bound(self.most_checks, self.most_checks)
        if most < self.least_bound:
            raise InvalidInput(
                f"{self.most_checks} checks that all agree have a lower bound of {most:.3f}, below the "
                f"{self.least_bound} asked for; raise checks_per_leaf, or lower least_agreement"
            )

    def bound(self, n_agreed: int, n_checked: int) -> float:
        """The lower bound of the agreement."""
        return wilson_bound(n_agreed, n_checked, self.confidence)

    def n_needed(self, n_agreed: int, n_checked: int) -> int | None:
        """The fewest further checks that let it pass, if all agree; None where `most_checks` are not enough."""
        for more in range(self.most_checks - n_checked + 1):
            if self.bound(n_agreed + more, n_checked + more) >= self.least_bound:
                return more
        return None


@dataclass(frozen=True)
class CheckedCluster:
    """A cluster at which labelling stands: `level` (1 is the finest), its number, and what its checks say.

    `label` is the most frequent class of its checks, the first by name of equals; None without any. `bound` is the
    Wilson lower bound of their agreement. `n_needed` is the fewest further checks that let it pass; None of one that
    failed and has no parts.
    """

    level: int
    cluster: int
    label: str | None
    n_agreed: int
    n_checked: int
    bound: float
    state: str
    n_needed: int | None

    @property
    def told(self) -> str:
        """What was checked, as a reason says it."""
        where = f"cluster {self.cluster} of level {self.level}"
        return f"{self.n_agreed} of {self.n_checked} checked samples of {where} agree"


@dataclass(frozen=True, eq=False)
class TreeLabels:
    """The clusters at which labelling stands, by the leaf of level 1 that lies in them."""

    node_of: Mapping[int, CheckedCluster]

    def said(self, leaf: int | None) -> tuple[str, float] | None:
        """The class of a sample of this leaf, and the bound of its cluster; None where it has not passed."""
        node = None if leaf is None else self.node_of.get(leaf)
        return None if node is None or node.state != PASSED or node.label is None else (node.label, node.bound)


@dataclass(frozen=True)
class LeafCheck:
    """A sample that is to be asked about, and the cluster that it checks."""

    sample_id: str
    node: CheckedCluster


def wilson_bound(n_agreed: int, n: int, confidence: float) -> float:
    """One-sided Wilson lower bound of a share; 0 of nothing. Source: Wilson 1927.

    Raises: InvalidInput for counts that contradict each other, or a confidence outside (0, 1).
    """
    if not 0 <= n_agreed <= n or not 0 < confidence < 1:
        raise InvalidInput(
            f"{n_agreed} of {n} at confidence {confidence}: give counts in 0 .. n, a confidence in 0 .. 1"
        )
    if n == 0:
        return 0.0
    z, share = NormalDist().inv_cdf(confidence), n_agreed / n
    middle = share + z * z / (2 * n)
    spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (middle - spread) / (1 + z * z / n))


def walk_tree(
    parents: Sequence[Integers], n_leaves: int, checked: Sequence[tuple[int, str]], rule: PassRule
) -> TreeLabels:
    """Where labelling stands: the coarsest clusters, and of those that fail their parts.

    The checks of a cluster are those of its parts too: a random sample of the whole is one of the part it lies in.

    Args:
        parents: of each level but the last, finest first, the (n_clusters,) numbers of the clusters that hold its
            clusters; none of a tree of one level.
        n_leaves: clusters of level 1.
        checked: leaf of level 1 and class of each checked sample.
        rule: when a cluster passes.
    """
    at_level = [np.arange(n_leaves)]
    for parent in parents:
        at_level.append(np.asarray(parent)[at_level[-1]])
    counts: list[dict[int, Counter[str]]] = [{} for _ in at_level]
    for leaf, label in checked:
        for level, clusters in enumerate(at_level):
            counts[level].setdefault(int(clusters[leaf]), Counter())[label] += 1
    node_of: dict[int, CheckedCluster] = {}
    known: dict[tuple[int, int], CheckedCluster] = {}
    for leaf in range(n_leaves):
        for level in range(len(at_level) - 1, -1, -1):
            cluster = int(at_level[level][leaf])
            if (level, cluster) not in known:
                known[level, cluster] = _node(level + 1, cluster, counts[level].get(cluster, Counter()), rule)
            node_of[leaf] = known[level, cluster]
            if node_of[leaf].state != FAILED:
                break
    return TreeLabels(node_of)


def tree_opinion(
    labels: TreeLabels,
    sample_ids: Sequence[str],
    leaf_of: Mapping[str, int],
    truths: Mapping[str, str],
    *,
    target_precision: float,
    confidence: float,
) -> Opinion:
    """What the tree says of n samples, with the gate that the hold-out gives the bounds of its clusters.

    Args:
        labels: where labelling stands.
        sample_ids: the n samples.
        leaf_of: leaf of level 1 by sample id.
        truths: what people say of the samples of the hold-out, as `held_like_the_rest` gives them.
        target_precision: share of its labels that must be right, in (0, 1).
        confidence: one-sided confidence of that, in (0, 1).
    """
    held = [(labels.said(leaf_of.get(name)), truth) for name, truth in sorted(truths.items())]
    scores = np.array([said[1] for said, _ in held if said is not None], dtype=np.float64)
    is_right = np.array([said[0] == truth for said, truth in held if said is not None], dtype=bool)
    gate = certify_scores(scores, is_right, target_precision=target_precision, confidence=confidence)
    leaves = [leaf_of.get(name) for name in sample_ids]
    said = [labels.said(leaf) for leaf in leaves]
    kind = answer_kind(CLASS)
    return Opinion(
        TREE,
        gate,
        tuple(None if each is None else kind.from_label(each[0]) for each in said),
        np.array([0.0 if each is None else each[1] for each in said], dtype=np.float64),
        score_name="lower bound of agreement",
        remarks=tuple(_remark(None if leaf is None else labels.node_of.get(leaf)) for leaf in leaves),
    )


def held_like_the_rest(
    labels: TreeLabels,
    leaf_of: Mapping[str, int],
    truths: Mapping[str, str],
    others: Collection[str],
    answered: Collection[str],
    *,
    seed: int,
) -> dict[str, str]:
    """The part of the hold-out that is spread over the clusters as the samples are that the tree would label.

    A small cluster is nearly all checked before it passes, and still has its full share of the hold-out: what is held
    out then lies where little is left to label, and is easier. So a sample of the hold-out stays with a probability in
    proportion to the share of its cluster that nobody answered, drawn by its id.

    Args:
        labels: where labelling stands.
        leaf_of: leaf of level 1 by sample id.
        truths: what people say of the samples of the hold-out that reach this decider, by id.
        others: all other samples that reach it.
        answered: those of them that people answered.
        seed: of the draws.
    """
    node_of = labels.node_of
    all_in, left_in = Counter[CheckedCluster](), Counter[CheckedCluster]()
    known = set(answered)
    for name in others:
        node = node_of.get(leaf_of.get(name, -1))
        if node is not None:
            all_in[node] += 1
            left_in[node] += name not in known
    passed = {name: node_of[leaf_of[name]] for name in sorted(truths) if labels.said(leaf_of.get(name)) is not None}
    shares = {node: left_in[node] / all_in[node] if all_in[node] else 0.0 for node in set(passed.values())}
    most = max(shares.values(), default=0.0)
    draws = stable_priority(list(passed), seed)
    return {
        name: truths[name]
        for (name, node), draw in zip(passed.items(), draws.tolist(), strict=True)
        if most and draw < shares[node] / most
    }


def leaf_checks(
    labels: TreeLabels,
    undecided: Mapping[str, int],
    *,
    n_most: int,
    seed: int,
    besides: Collection[str] = (),
    least_worth: float = LEAST_WORTH,
) -> tuple[LeafCheck, ...]:
    """The next samples to ask about: of each open cluster as many as let it pass, random ones of those undecided.

    Clusters come in the order of the labels that one question may bring. One where these are fewer than `least_worth`
    is left out: its samples are answered one by one, or by others.

    Args:
        labels: where labelling stands.
        undecided: leaf of level 1 of each sample that nobody answered and no decider before takes.
        n_most: questions at most.
        seed: of the draws.
        besides: of these samples those that are asked about anyway; they check their cluster, if their purpose does.
        least_worth: labels that a question must be able to bring, itself included.
    """
    inside: dict[CheckedCluster, list[str]] = {}
    for name, leaf in sorted(undecided.items()):
        node = labels.node_of.get(leaf)
        if node is not None and node.state == OPEN and node.n_needed is not None:
            inside.setdefault(node, []).append(name)
    worth = {node: len(names) / (node.n_needed or 1) for node, names in inside.items()}
    chosen: list[LeafCheck] = []
    for node in sorted(worth, key=lambda each: (-worth[each], each.level, each.cluster)):
        names = [name for name in inside[node] if name not in besides]
        n = min(node.n_needed or 0, n_most - len(chosen))
        if worth[node] < least_worth or n < 1:
            continue
        rng = np.random.default_rng((seed, node.level, node.cluster))
        drawn: NDArray[np.int64] = rng.permutation(len(names))[:n]
        chosen += [LeafCheck(names[row], node) for row in sorted(drawn.tolist())]
    return tuple(chosen)


def _node(level: int, cluster: int, classes: Counter[str], rule: PassRule) -> CheckedCluster:
    n = sum(classes.values())
    label = min(classes, key=lambda name: (-classes[name], name)) if classes else None
    n_agreed = 0 if label is None else classes[label]
    bound, needed = rule.bound(n_agreed, n), rule.n_needed(n_agreed, n)
    passed = n > 0 and bound >= rule.least_bound
    state = PASSED if passed else FAILED if needed is None else OPEN
    return CheckedCluster(level, cluster, label, n_agreed, n, bound, state, needed)


def _remark(node: CheckedCluster | None) -> str:
    if node is None:
        return "in no cluster of the tree"
    if node.state == PASSED:
        return node.told
    if node.n_checked == 0:
        return f"cluster {node.cluster} of level {node.level} is not checked"
    return f"{node.told}, lower bound {node.bound:.3f}"
