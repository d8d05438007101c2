"""Scores of lines by their words: hashed words and pairs of words under a logistic regression.

What is measured of a line besides its words is in `lines.py`.

`Share this article` and `he shared the article` look alike to what is measured of a line; its words tell them apart.
Source: Weinberger et al. 2009, Feature Hashing for Large Scale Multitask Learning; package scikit-learn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Mask = NDArray[np.bool_]

_N_FEATURES = 1 << 16
_INVERSE_REGULARISATION = 10.0
_TOKEN = r"\w+|[^\w\s]"


@dataclass(frozen=True)
class LineWords:
    """Log odds that a line is content, by its words alone."""

    columns: NDArray[np.int32]
    """(n_weights,) hashed words and pairs that have a weight, ascending."""
    weights: NDArray[np.float32]
    """(n_weights,) their weights."""
    bias: float

    def score(self, lines: Sequence[str]) -> Scores:
        """(n_lines,) log odds; higher is content."""
        return self._of(hashed_words(lines))

    def _of(self, hashed: Any) -> Scores:
        weights = np.zeros(_N_FEATURES)
        weights[self.columns] = self.weights
        scores: Scores = hashed @ weights + self.bias
        return scores

    @classmethod
    def fit(cls, hashed: Any, marks: Mask, *, seed: int) -> Self:
        """Learn from hashed lines; where all are of one kind, words say nothing.

        Args:
            hashed: What `hashed_words` gives.
            marks: (n_lines,) true for content.
            seed: For the solver.
        """
        if marks.all() or not marks.any():
            return cls(np.empty(0, np.int32), np.empty(0, np.float32), 0.0)
        from sklearn.linear_model import LogisticRegression

        columns = np.unique(hashed.indices).astype(np.int32)
        model = LogisticRegression(C=_INVERSE_REGULARISATION, solver="liblinear", random_state=seed)
        model.fit(hashed[:, columns], marks)
        return cls(columns, model.coef_[0].astype(np.float32), float(model.intercept_[0]))


def hashed_words(lines: Sequence[str]) -> Any:
    """Sparse (n_lines, 65,536) float64 unit rows: which words, signs and pairs of them a line holds."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(
        ngram_range=(1, 2), n_features=_N_FEATURES, alternate_sign=False, binary=True, token_pattern=_TOKEN
    )
    # Half a character, as broken pages hold them, cannot be hashed.
    return hashing.transform(line.encode("utf-8", "replace").decode("utf-8") for line in lines)


def fit_line_words(
    lines: Sequence[str], marks: Mask, folds: NDArray[np.int64], *, seed: int
) -> tuple[LineWords, Scores]:
    """Learn from lines, and score them as lines that were not seen.

    Args:
        lines: Lines of all pages.
        marks: (n_lines,) true for content.
        folds: (n_lines,) the fold of a line's page.
        seed: For the solver.

    Returns: what all lines teach, and (n_lines,) log odds of each line by those of the other folds.
    """
    hashed = hashed_words(lines)
    scores = np.empty(len(marks))
    for fold in np.unique(folds):
        is_test = folds == fold
        scores[is_test] = LineWords.fit(hashed[~is_test], marks[~is_test], seed=seed)._of(hashed[is_test])
    return LineWords.fit(hashed, marks, seed=seed), scores
