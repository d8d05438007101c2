"""A light classifier of lines: which lines of a page are content, learnt from pages whose content is known.

An additive model: every feature is cut into eight bins of equal size and every bin has a weight, so that the score of
a line is a sum that can be read off a table. A second stage of the same kind adds what the first one says about the
lines around. Source of additive models on binned features: Hastie and Tibshirani 1986; of stacking: Wolpert 1992.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.filtering.lines import Features, Mask, line_features, means_around

_FORMAT = 1
_N_BINS = 8
_FOLDS = 5
_INVERSE_REGULARISATION = 0.02
_MIN_PAGES = 10
_REACHES = (1, 3, 12)


@dataclass(frozen=True)
class _Stage:
    edges: NDArray[np.float64]
    """(n_features, 7) limits between the bins, ascending."""
    weights: NDArray[np.float64]
    """(n_features, 8) what each bin adds to the score."""
    bias: float

    def score(self, features: Features) -> NDArray[np.float64]:
        total = np.full(len(features), self.bias)
        for place, (edges, weights) in enumerate(zip(self.edges, self.weights, strict=True)):
            total += weights[np.searchsorted(edges, features[:, place], side="right")]
        return total


@dataclass(frozen=True)
class LineClassifier:
    """Scores the lines of a page by how much they look like its content; a line above `threshold` stays."""

    first: _Stage
    second: _Stage
    threshold: float
    """Log-odds; set by cross-validation where F1 of the kept lines is highest."""

    def score(self, lines: Sequence[str]) -> NDArray[np.float64]:
        """Log-odds of being content, (n_lines,); higher is content."""
        features = line_features(lines)
        return self.second.score(_with_scores(features, self.first.score(features)))

    def keep(self, lines: Sequence[str]) -> Mask:
        """Which lines of one page are content, (n_lines,)."""
        kept: Mask = self.score(lines) > self.threshold
        return kept

    def to_bytes(self) -> bytes:
        """The classifier as a NumPy archive; read it back with `from_bytes`."""
        stream = BytesIO()
        np.savez_compressed(
            stream,
            numbers=np.array([_FORMAT, self.first.bias, self.second.bias, self.threshold]),
            edges_1=self.first.edges,
            edges_2=self.second.edges,
            weights_1=self.first.weights,
            weights_2=self.second.weights,
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
                version, bias_1, bias_2, threshold = found["numbers"].tolist()
        except Exception as error:
            raise InvalidInput(f"the {len(content)} bytes are no line classifier ({error}); fit it again") from error
        if version != _FORMAT:
            raise InvalidInput(f"the line classifier has format {version:.0f}, this code reads {_FORMAT}; fit it again")
        first = _Stage(found["edges_1"], found["weights_1"], bias_1)
        return cls(first, _Stage(found["edges_2"], found["weights_2"], bias_2), threshold)


def fit_line_classifier(
    pages: Sequence[Sequence[str]], is_content: Sequence[Sequence[bool] | Mask], *, seed: int
) -> LineClassifier:
    """Learn from pages whose content is known.

    Args:
        pages: The lines of each page, as `lines_of` gives them.
        is_content: For each page, (n_lines,) true for lines of its content.
        seed: For the folds of whole pages by which the second stage and the threshold are learnt.

    Raises:
        InvalidInput: the marks of a page are not one per line.
        NotEnoughData: fewer than 10 pages, or no line of one of the two kinds.
    """
    marks, groups = _checked(pages, is_content)
    features = np.vstack([line_features(lines) for lines in pages])
    sizes = [len(lines) for lines in pages]
    stacked = _stack(features, _out_of_fold(features, marks, groups, seed), sizes)
    scores = _out_of_fold(stacked, marks, groups, seed + 1)
    return LineClassifier(_fit(features, marks), _fit(stacked, marks), _best_threshold(scores, marks))


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


def _fit(features: Features, marks: Mask) -> _Stage:
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    quantiles = np.quantile(features, np.arange(1, _N_BINS) / _N_BINS, axis=0).T
    n, n_features = features.shape
    bins = np.column_stack(
        [np.searchsorted(quantiles[i], features[:, i], side="right") for i in range(n_features)]
    ) + _N_BINS * np.arange(n_features)
    rows = sparse.csr_matrix(
        (np.ones(bins.size), bins.ravel(), np.arange(0, bins.size + 1, n_features)), shape=(n, n_features * _N_BINS)
    )
    model = LogisticRegression(C=_INVERSE_REGULARISATION, max_iter=300, tol=1e-3).fit(rows, marks)
    return _Stage(quantiles, model.coef_[0].reshape(n_features, _N_BINS), float(model.intercept_[0]))


def _out_of_fold(features: Features, marks: Mask, groups: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """(n_lines,) log-odds, each by a stage that has not seen the page."""
    fold_of_page = np.random.default_rng(seed).permutation(groups.max() + 1) % _FOLDS
    folds = fold_of_page[groups]
    scores = np.empty(len(marks))
    for fold in range(_FOLDS):
        is_test = folds == fold
        scores[is_test] = _fit(features[~is_test], marks[~is_test]).score(features[is_test])
    return scores


def _stack(features: Features, scores: NDArray[np.float64], sizes: Sequence[int]) -> Features:
    ends = np.cumsum(sizes)[:-1]
    pages: Any = zip(np.split(features, ends), np.split(scores, ends), strict=True)
    return np.vstack([_with_scores(page, of_page) for page, of_page in pages])


def _with_scores(features: Features, scores: NDArray[np.float64]) -> Features:
    """The features, the scores, and the means of the scores' probabilities around each line."""
    probability = 1 / (1 + np.exp(-scores[:, None]))
    return np.hstack([features, scores[:, None], *means_around(probability, _REACHES)])


def _best_threshold(scores: NDArray[np.float64], marks: Mask) -> float:
    """The score above which F1 is highest, halfway to the next one."""
    order = np.argsort(-scores, kind="stable")
    n_right = np.cumsum(marks[order])
    f1 = 2 * n_right / (np.arange(1, len(marks) + 1) + marks.sum())
    last = int(np.argmax(f1))
    following = min(last + 1, len(order) - 1)
    return float((scores[order[last]] + scores[order[following]]) / 2)
