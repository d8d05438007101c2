"""A forest of extremely randomised trees as five arrays: grown by scikit-learn, walked and kept without it or pickle.

The features that it looks at are in `lines.py` and `line_words.py`.

Source: Geurts, Ernst and Wehenkel 2006, Extremely Randomized Trees; package scikit-learn.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_TREES = 80
_MIN_LEAF = 4
_FEATURE_SHARE = 0.25


@dataclass(frozen=True)
class Forest:
    """Random forest: probability that a row of features is marked, here that a line is page content."""

    roots: NDArray[np.int32]
    """(n_trees,) number of each tree's first node."""
    feature: NDArray[np.int32]
    """(n_nodes,) the feature that a node looks at."""
    limit: NDArray[np.float64]
    """(n_nodes,) up to and including which a row goes to the first child."""
    children: NDArray[np.int32]
    """(n_nodes, 2) the nodes below; -1 at a leaf."""
    share: NDArray[np.float32]
    """(n_nodes,) share of marked rows among those that came there while it grew."""

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of being marked, (n_rows,) in [0, 1], of (n_rows, n_features)."""
        # The trees were grown on float32; another precision would go other ways at their limits.
        values = features.astype(np.float32)
        rows = np.arange(len(values))[:, None]
        nodes = np.tile(self.roots, (len(values), 1))
        while (is_inner := self.children[nodes, 0] >= 0).any():
            goes_on = values[rows, self.feature[nodes]] > self.limit[nodes]
            nodes = np.where(is_inner, self.children[nodes, goes_on.astype(np.int64)], nodes)
        probability: NDArray[np.float64] = self.share[nodes].mean(axis=1, dtype=np.float64)
        return probability

    @classmethod
    def grow(cls, features: NDArray[np.float64], marks: NDArray[np.bool_], *, seed: int) -> Self:
        """Learn from (n_rows, n_features) and (n_rows,) marks."""
        from sklearn.ensemble import ExtraTreesClassifier

        forest = ExtraTreesClassifier(
            _TREES, min_samples_leaf=_MIN_LEAF, max_features=_FEATURE_SHARE, random_state=seed, n_jobs=-1
        ).fit(features.astype(np.float32), marks)
        trees = [estimator.tree_ for estimator in forest.estimators_]
        roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
        children = []
        for root, tree in zip(roots, trees, strict=True):
            below = np.column_stack([tree.children_left, tree.children_right])
            children.append(np.where(below < 0, -1, root + below))
        # A mark that all rows share leaves a single class; which one it is stands in `classes_`.
        share = [
            tree.value[:, 0, -1] if len(forest.classes_) == 2 else tree.value[:, 0, 0] * forest.classes_[0]
            for tree in trees
        ]
        return cls(
            roots=roots.astype(np.int32),
            feature=np.concatenate([np.maximum(tree.feature, 0) for tree in trees]).astype(np.int32),
            limit=np.concatenate([tree.threshold for tree in trees]),
            children=np.vstack(children).astype(np.int32),
            share=np.concatenate(share).astype(np.float32),
        )
