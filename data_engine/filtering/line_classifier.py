"""A light classifier of lines: which lines of a page are content, learnt from pages whose content is known.

A small forest of extremely randomised trees on what `line_features` measures: what makes a line content depends on the
lines around it, and trees find such conditions by themselves. It is kept as five arrays, without pickle.
Source: Geurts, Ernst and Wehenkel 2006, Extremely Randomized Trees; package scikit-learn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.filtering.lines import Features, Mask, line_features

_FORMAT = 1
_TREES = 80
_MIN_LEAF = 4
_FEATURE_SHARE = 0.25
_FOLDS = 3
_MIN_PAGES = 10


@dataclass(frozen=True)
class LineClassifier:
    """Scores the lines of a page by how much they look like its content; a line above `threshold` stays."""

    roots: NDArray[np.int32]
    """(n_trees,) number of each tree's first node."""
    feature: NDArray[np.int32]
    """(n_nodes,) the feature that a node looks at."""
    limit: NDArray[np.float64]
    """(n_nodes,) up to and including which a line goes to the first child."""
    children: NDArray[np.int32]
    """(n_nodes, 2) the nodes below; -1 at a leaf."""
    share: NDArray[np.float32]
    """(n_nodes,) share of content among the lines taught that came there."""
    threshold: float
    """Set by cross-validation by page where F1 of the kept lines is highest."""

    def score(self, lines: Sequence[str]) -> NDArray[np.float64]:
        """Probability of being content, (n_lines,) in [0, 1]; higher is content."""
        return self._score(line_features(lines))

    def keep(self, lines: Sequence[str]) -> Mask:
        """Which lines of one page are content, (n_lines,)."""
        kept: Mask = self.score(lines) > self.threshold
        return kept

    def _score(self, features: Features) -> NDArray[np.float64]:
        # The trees were grown on float32; another precision would go other ways at their limits.
        values = features.astype(np.float32)
        rows = np.arange(len(values))[:, None]
        nodes = np.tile(self.roots, (len(values), 1))
        while (is_inner := self.children[nodes, 0] >= 0).any():
            goes_on = values[rows, self.feature[nodes]] > self.limit[nodes]
            nodes = np.where(is_inner, self.children[nodes, goes_on.astype(np.int64)], nodes)
        probability: NDArray[np.float64] = self.share[nodes].mean(axis=1, dtype=np.float64)
        return probability

    def to_bytes(self) -> bytes:
        """The classifier as a NumPy archive; read it back with `from_bytes`."""
        stream = BytesIO()
        np.savez_compressed(
            stream,
            numbers=np.array([_FORMAT, self.threshold]),
            roots=self.roots,
            feature=self.feature,
            limit=self.limit,
            children=self.children,
            share=self.share,
        )
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "LineClassifier":
        """Read what `to_bytes` wrote, without pickle.

        Raises: InvalidInput when the bytes are something else.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as archive:
                found = {name: archive[name] for name in archive.files}
                version, threshold = found.pop("numbers").tolist()
        except Exception as error:
            raise InvalidInput(f"the {len(content)} bytes are no line classifier ({error}); fit it again") from error
        if version != _FORMAT:
            raise InvalidInput(f"the line classifier has format {version:.0f}, this code reads {_FORMAT}; fit it again")
        return cls(**found, threshold=threshold)


def fit_line_classifier(
    pages: Sequence[Sequence[str]], is_content: Sequence[Sequence[bool] | Mask], *, seed: int
) -> LineClassifier:
    """Learn from pages whose content is known.

    Args:
        pages: The lines of each page, as `lines_of` gives them.
        is_content: For each page, (n_lines,) true for lines of its content.
        seed: For the trees and for the folds of whole pages by which the threshold is set.

    Raises:
        InvalidInput: the marks of a page are not one per line.
        NotEnoughData: fewer than 10 pages, or no line of one of the two kinds.
    """
    marks, groups = _checked(pages, is_content)
    features = np.vstack([line_features(lines) for lines in pages])
    folds = (np.random.default_rng(seed).permutation(len(pages)) % _FOLDS)[groups]
    scores = np.empty(len(marks))
    for fold in range(_FOLDS):
        is_test = folds == fold
        scores[is_test] = _grow(features[~is_test], marks[~is_test], seed, 0.5)._score(features[is_test])
    return _grow(features, marks, seed, _best_threshold(scores, marks))


def _checked(
    pages: Sequence[Sequence[str]], is_content: Sequence[Sequence[bool] | Mask]
) -> tuple[Mask, NDArray[np.int64]]:
    sizes, given = [len(lines) for lines in pages], [len(marks) for marks in is_content]
    if sizes != given:
        raise InvalidInput(f"the pages have {sizes[:5]} ... lines but {given[:5]} ... marks; give one mark per line")
    marks = np.concatenate([np.asarray(page, bool) for page in is_content]) if pages else np.empty(0, bool)
    if len(pages) < _MIN_PAGES or marks.all() or not marks.any():
        raise NotEnoughData(
            f"there are {len(pages)} pages with {int(marks.sum())} lines of content and {int((~marks).sum())} others; "
            f"the line classifier needs at least {_MIN_PAGES} pages and lines of both kinds: give more pages"
        )
    return marks, np.repeat(np.arange(len(pages)), sizes)


def _grow(features: Features, marks: Mask, seed: int, threshold: float) -> LineClassifier:
    from sklearn.ensemble import ExtraTreesClassifier

    forest = ExtraTreesClassifier(
        _TREES, min_samples_leaf=_MIN_LEAF, max_features=_FEATURE_SHARE, random_state=seed, n_jobs=-1
    ).fit(features.astype(np.float32), marks)
    trees = [estimator.tree_ for estimator in forest.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
    children = [
        np.where(
            np.column_stack([tree.children_left, tree.children_right]) < 0,
            -1,
            root + np.column_stack([tree.children_left, tree.children_right]),
        )
        for tree, root in zip(trees, roots, strict=True)
    ]
    # A mark that all lines of a fold share leaves a single class; which one it is stands in `classes_`.
    share = [
        tree.value[:, 0, -1] if len(forest.classes_) == 2 else tree.value[:, 0, 0] * forest.classes_[0]
        for tree in trees
    ]
    return LineClassifier(
        roots=roots.astype(np.int32),
        feature=np.concatenate([np.maximum(tree.feature, 0) for tree in trees]).astype(np.int32),
        limit=np.concatenate([tree.threshold for tree in trees]),
        children=np.vstack(children).astype(np.int32),
        share=np.concatenate(share).astype(np.float32),
        threshold=threshold,
    )


def _best_threshold(scores: NDArray[np.float64], marks: Mask) -> float:
    """The score above which F1 is highest, halfway to the next one."""
    order = np.argsort(-scores, kind="stable")
    n_right = np.cumsum(marks[order])
    f1 = 2 * n_right / (np.arange(1, len(marks) + 1) + marks.sum())
    last = int(np.argmax(f1))
    following = min(last + 1, len(order) - 1)
    return float((scores[order[last]] + scores[order[following]]) / 2)
