"""How many labels one question buys where clusters are checked, against review one by one.

    python benchmarks/tree_labels.py --embedded FOLDER            # prints
    python benchmarks/tree_labels.py --embedded FOLDER --write    # into RESULTS.md

Each corpus is FOLDER/<corpus>.npz with x (n, dim) unit embeddings and y (n,) names of the labels, which answer every
question. The tree is the engine's own, over the whole pool, with the levels that it suggests; it never sees a label.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from results import append_results, environment

from data_engine.clustering import build_tree
from data_engine.clustering.levels import suggest_levels
from data_engine.labeling import fit_classifier
from data_engine.labeling.deciders.tree_labels import (
    PassRule,
    held_like_the_rest,
    leaf_checks,
    tree_opinion,
    walk_tree,
)
from data_engine.labeling.gate import certify_scores

CORPORA = {"agnews": 7600, "clinc150": 12000}
"""Samples of a pool."""
BOUNDS = (0.8, 0.9)
MOST_CHECKS, PER_ROUND = 30, 100
TARGETS = (0.9, 0.95)
HOLD_OUT, CONFIDENCE = 300, 0.9


@dataclass(frozen=True)
class Outcome:
    """Questions asked of people, hold-out included; labels that came of them, and how many of these nobody saw."""

    n_questions: int
    n_labels: int
    n_unseen: int
    precision: float | None
    """Of the labels that nobody saw; None without any."""

    @property
    def per_question(self) -> float:
        return self.n_labels / self.n_questions


def pool_of(path: Path, size: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """A random part of a corpus: (size, dim) rows and their labels."""
    loaded = np.load(path)
    rows = np.random.default_rng(seed).permutation(len(loaded["x"]))[:size]
    return loaded["x"][rows], loaded["y"][rows].astype(str).tolist()


def by_tree(x: np.ndarray, truth: list[str], least_bound: float, seed: int) -> list[Outcome]:
    """Check clusters until none is worth a question, and label what the hold-out certifies; for each target."""
    levels = suggest_levels(len(x)).n_clusters
    tree = build_tree(x, levels, seed=seed)
    parents = [level.assignment for level in tree.levels[1:]]
    leaf = tree.leaf.tolist()
    rule = PassRule(least_bound, MOST_CHECKS, CONFIDENCE)
    ids = [f"{row:05}" for row in range(len(x))]
    leaf_of = dict(zip(ids, leaf, strict=True))
    held = {ids[row] for row in np.random.default_rng(seed + 1000).permutation(len(x))[:HOLD_OUT]}
    checked: list[str] = []
    for turn in range(1000):
        said = [(leaf_of[name], truth[int(name)]) for name in checked]
        labels = walk_tree(parents, len(tree.levels[0].centroids), said, rule)
        undecided = {name: leaf_of[name] for name in ids if name not in held and name not in set(checked)}
        new = leaf_checks(labels, undecided, n_most=PER_ROUND, seed=seed * 1000 + turn)
        if not new:
            break
        checked += [check.sample_id for check in new]
    rest = sorted(set(ids) - held - set(checked))
    truths = held_like_the_rest(
        labels, leaf_of, {name: truth[int(name)] for name in held}, set(ids) - held, checked, seed=seed
    )
    found = []
    for target in TARGETS:
        opinion = tree_opinion(labels, rest, leaf_of, truths, target_precision=target, confidence=CONFIDENCE)
        taken = [name for name, is_sure in zip(rest, opinion.is_sure.tolist(), strict=True) if is_sure]
        right = [labels.said(leaf_of[name])[0] == truth[int(name)] for name in taken]
        n = len(held) + len(checked)
        found.append(Outcome(n, n + len(taken), len(taken), float(np.mean(right)) if right else None))
    return found


def by_classifier(x: np.ndarray, truth: list[str], n_training: int, seed: int) -> list[Outcome]:
    """As many questions as the tree asked, but random ones that a classifier learns from, with its own gate."""
    names, y = np.unique(truth, return_inverse=True)
    order = np.random.default_rng(seed + 1000).permutation(len(x))
    held, training, rest = np.split(order, [HOLD_OUT, HOLD_OUT + n_training])
    model = fit_classifier(x[training], y[training], seed=seed, n_classes=len(names))
    found = model.predict_proba(x)
    top, scores = found.argmax(axis=1), found.max(axis=1).astype(np.float64)
    outcomes = []
    for target in TARGETS:
        gate = certify_scores(scores[held], top[held] == y[held], target_precision=target, confidence=CONFIDENCE)
        taken = rest[gate.accepts_scores(scores[rest])]
        n = HOLD_OUT + n_training
        right = float((top[taken] == y[taken]).mean()) if len(taken) else None
        outcomes.append(Outcome(n, n + len(taken), len(taken), right))
    return outcomes


def row(corpus: str, way: str, target: float | None, found: list[Outcome]) -> str:
    """A row of the table: means over the pools."""
    reached = [each.precision for each in found if each.precision is not None]
    n_kept = sum(precision >= (target or 0) for precision in reached)
    precision = f"{np.mean(reached):.3f} (least {min(reached):.3f})" if reached else "-"
    kept = f"{n_kept} of {len(reached)}" if reached else "-"
    questions, unseen, each = np.mean([(one.n_questions, one.n_unseen, one.per_question) for one in found], axis=0)
    certified = "-" if target is None else f"{target:g}"
    told = f"{questions:.0f} | {unseen:.0f} | {each:.2f} | {precision} | {kept}"
    return f"| {corpus} | {way} | {certified} | {told} |"


def table(folder: Path, largest: int | None, n_seeds: int) -> str:
    """All corpora and bounds."""
    lines = [
        "| corpus | way | certified | questions | labels nobody saw | labels per question | their precision "
        "| pools that kept it |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for corpus, whole in CORPORA.items():
        size = whole if largest is None else min(whole, largest)
        pools = [pool_of(folder / f"{corpus}.npz", size, seed) for seed in range(n_seeds)]
        lines.append(row(corpus, "one by one", None, [Outcome(size, size, 0, None)] * n_seeds))
        for least in BOUNDS:
            trees = [by_tree(x, truth, least, seed) for seed, (x, truth) in enumerate(pools)]
            others = [
                by_classifier(x, truth, max(each[0].n_questions - HOLD_OUT, len(set(truth))), seed)
                for seed, ((x, truth), each) in enumerate(zip(pools, trees, strict=True))
            ]
            for place, target in enumerate(TARGETS):
                lines.append(row(corpus, f"clusters, bound {least:g}", target, [each[place] for each in trees]))
                way = f"a classifier of as many random answers as with bound {least:g}"
                lines.append(row(corpus, way, target, [each[place] for each in others]))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedded", type=Path, required=True, help="folder of the embedded corpora")
    parser.add_argument("--size", type=int, help="samples of each pool at most; by default by corpus")
    parser.add_argument("--seeds", type=int, default=5, help="random pools")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    given = parser.parse_args()
    pools = ", ".join(f"{n} of {name}" for name, n in CORPORA.items())
    body = (
        f"Pools of {pools}. Labels that nobody saw are taken where a hold-out of {HOLD_OUT}, paid too, certifies the "
        f"precision in the table at {CONFIDENCE:.0%} confidence; of ten pools one may break it. Clusters pass at the "
        f"Wilson bound in the table, and split after {MOST_CHECKS} checks; the tree has the levels that the engine "
        f"suggests. Where nothing is certified a question buys one label, its own. Means of {given.seeds} random "
        "pools.\n\n" + table(given.embedded, given.size, given.seeds)
    )
    print(body)
    print(environment())
    if given.write:
        append_results("Labels that one question buys by checked clusters", body)


if __name__ == "__main__":
    main()
