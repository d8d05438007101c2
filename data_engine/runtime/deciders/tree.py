"""The decider `tree` of a corpus: which of its clusters people's checks let pass, and what to check next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.labeling.deciders.audits import shut_by_audits
from data_engine.labeling.deciders.cascade import Opinion
from data_engine.labeling.deciders.hold_out import hold_out_classes
from data_engine.labeling.deciders.registry import TREE
from data_engine.labeling.deciders.tree_labels import (
    LEAF,
    PassRule,
    TreeLabels,
    held_like_the_rest,
    leaf_checks,
    tree_opinion,
    walk_tree,
)

if TYPE_CHECKING:
    from data_engine.corpus import Corpus
    from data_engine.labeling import PlannedTask
    from data_engine.runtime.accepted_tables import AcceptedTables
    from data_engine.runtime.made_from.given_labels import Read


class NotTaken(Protocol):
    """Says which of some samples no decider before is sure of."""

    def __call__(self, ids: Sequence[str]) -> set[str]:
        """Those of the ids; one without an embedding is left out."""


@dataclass(frozen=True, eq=False)
class TreeOfCorpus:
    """Where labelling stands in the tree of a corpus, and the leaf of level 1 of each of its samples."""

    labels: TreeLabels
    leaf_of: Mapping[str, int]


def tree_of(corpus: "Corpus", read: "Read", reviewed: pa.Table) -> TreeOfCorpus | None:
    """Where labelling stands; None where the corpus has no such decider, or no tree yet.

    Args:
        corpus: gives the classes and the rule by which a cluster passes.
        read: reads cluster_tree and tree_assignments.
        reviewed: rows of `schemas.REVIEWED_LABELS`.
    """
    decider = corpus.labels.decider(TREE)
    if decider is None:
        return None
    clusters = read("cluster_tree", columns=["level", "cluster", "parent"])
    if not clusters.num_rows:
        return None
    assigned = read("tree_assignments", columns=["sample_id", "leaf"])
    leaf_of = dict(zip(assigned["sample_id"].to_pylist(), assigned["leaf"].to_pylist(), strict=True))
    checked: dict[str, str] = {}
    for purpose in ("control", LEAF):
        checked |= hold_out_classes(reviewed, corpus.class_names, purpose=purpose)  # type: ignore[arg-type]
    held_out = set(reviewed.filter(pc.equal(reviewed["purpose"], "hold_out"))["sample_id"].to_pylist())
    found = [(leaf_of[name], said) for name, said in checked.items() if name in leaf_of and name not in held_out]
    parents, n_leaves = _parents(clusters)
    rule = PassRule(decider.least_agreement, decider.checks_per_leaf, corpus.labels.confidence)
    return TreeOfCorpus(walk_tree(parents, n_leaves, found, rule), leaf_of)


def opinion_of_tree(
    tree: TreeOfCorpus, corpus: "Corpus", reviewed: pa.Table, chosen: Sequence[str], not_taken: NotTaken
) -> Callable[[Sequence[str]], Opinion]:
    """Gives the opinion of the tree on any samples, certified on the hold-out that reaches it and shut by its audits.

    Args:
        tree: where labelling stands.
        corpus: gives the classes, and the precision that must be certified.
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        chosen: the samples of the subset.
        not_taken: which samples reach it.
    """
    settings = corpus.labels
    truths, audited = (hold_out_classes(reviewed, corpus.class_names, purpose=name) for name in ("hold_out", "audit"))
    reach = not_taken(sorted({*truths, *audited, *chosen}))
    held = held_like_the_rest(
        tree.labels,
        tree.leaf_of,
        {name: truth for name, truth in truths.items() if name in reach},
        (set(chosen) & reach) - truths.keys(),
        set(reviewed["sample_id"].to_pylist()),
        seed=corpus.seed_for("tree", "hold-out"),
    )
    found = {name: tree.labels.said(tree.leaf_of.get(name)) for name in sorted(set(audited) & reach)}
    said = {name: each for name, each in found.items() if each is not None}

    def opinion(ids: Sequence[str]) -> Opinion:
        own = tree_opinion(
            tree.labels,
            ids,
            tree.leaf_of,
            held,
            target_precision=settings.target_of(TREE),
            confidence=settings.confidence,
        )
        return shut_by_audits(own, said, audited)

    return opinion


def planned_checks(
    corpus: "Corpus", tables: "AcceptedTables", *, besides: "Sequence[PlannedTask]", round_number: int
) -> "tuple[PlannedTask, ...]":
    """The questions of a review batch that check clusters; none where the corpus has no decider `tree`.

    They are asked blindly: what is shown would be agreed with.

    Args:
        corpus: gives the settings.
        tables: of the corpus.
        besides: what the batch asks anyway.
        round_number: part of every draw.
    """
    from data_engine.labeling import PlannedTask

    reviewed = tables.read("reviewed_labels")
    tree = tree_of(corpus, tables.read, reviewed)
    if tree is None:
        return ()
    checks = leaf_checks(
        tree.labels,
        {name: tree.leaf_of[name] for name in _undecided(corpus, tables, reviewed) if name in tree.leaf_of},
        n_most=corpus.labels.decider(TREE).checks_per_round,  # type: ignore[union-attr]
        seed=corpus.seed_for("tree", round_number),
        besides={task.sample_id for task in besides},
    )
    return tuple(PlannedTask(check.sample_id, LEAF, "blind", None, None, 1) for check in checks)


def _undecided(corpus: "Corpus", tables: "AcceptedTables", reviewed: pa.Table) -> list[str]:
    """The samples of the subset that nobody answered, the data give no label, and no decider before the tree takes."""
    from data_engine.runtime.made_from.given_labels import given_classes

    chosen = tables.read("balanced_subset", columns=["sample_id"])["sample_id"].combine_chunks()
    names = corpus.labels.decider_names
    before = pa.array(names[: names.index(TREE)], pa.string())
    routes = tables.read("proposals", columns=["sample_id", "route"])
    taken = routes.filter(pc.is_in(routes["route"], before))["sample_id"].to_pylist()
    known = given_classes(corpus, tables.read, among=chosen)
    return sorted(set(chosen.to_pylist()) - set(reviewed["sample_id"].to_pylist()) - set(taken) - known.keys())


def _parents(clusters: pa.Table) -> tuple[list[np.ndarray], int]:
    """Of each level but the last the parents of its clusters, finest first; and how many clusters level 1 has."""
    ordered = clusters.sort_by([("level", "ascending"), ("cluster", "ascending")])
    level, parent = ordered["level"].to_numpy(), ordered["parent"].fill_null(-1).to_numpy()
    return [parent[level == number] for number in range(1, int(level.max()))], int((level == 1).sum())
