"""A small classifier of junk: hashed character, word and shape n-grams under a logistic regression.

Reading the examples is in `runtime/examples/junk_examples.py`; a model of good text is in `character_model.py`.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData

_N_FEATURES = 1 << 18
_FORMAT = 1
_MIN_PER_CLASS = 10
#: More examples of a kind than these teach little and take long.
_MOST_PER_CLASS = 10_000
_FOLDS = 5
_INVERSE_REGULARISATION = 100.0
_MAX_CHARS = 5000
_SHAPE_CHARS = 300
_TEXTS_PER_PIECE = 2000
_SHAPES = tuple(
    (re.compile(pattern), sign) for pattern, sign in (("[A-Z]+", "A"), ("[a-z]+", "a"), (r"\d+", "0"), (r"\s+", " "))
)


@dataclass(frozen=True)
class JunkClassifier:
    """Scores texts by how much they look like junk; a score *above* `threshold` is junk.

    Only the first 5,000 characters of a text are looked at.
    """

    columns: NDArray[np.int32]
    """(n_weights,) hashed features that have a weight, ascending."""
    weights: NDArray[np.float32]
    """(n_weights,) their weights."""
    bias: float
    threshold: float
    """Set by cross-validation so that at least `keep_clean_share` of the clean examples score at or below it."""
    keep_clean_share: float
    n_clean: int
    n_junk: int

    @cached_property
    def version(self) -> str:
        """`junk-` and 16 hex digits that change with any parameter."""
        digest = xxhash.xxh3_64(self.columns.tobytes() + self.weights.tobytes())
        digest.update(f"{_FORMAT}:{self.bias!r}:{self.threshold!r}:{self.keep_clean_share!r}".encode())
        return f"junk-{digest.hexdigest()}"

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probability of being junk, (n_texts,) in [0, 1]; higher is junk."""
        weights = np.zeros(3 * _N_FEATURES)
        weights[self.columns] = self.weights
        scores = np.empty(len(texts))
        for start in range(0, len(texts), _TEXTS_PER_PIECE):
            piece = slice(start, start + _TEXTS_PER_PIECE)
            scores[piece] = _sigmoid(_features(texts[piece]) @ weights + self.bias)
        return scores

    def to_bytes(self) -> bytes:
        """The classifier as a NumPy archive; read it back with `from_bytes`."""
        stream = BytesIO()
        numbers = [_FORMAT, self.bias, self.threshold, self.keep_clean_share, self.n_clean, self.n_junk]
        np.savez_compressed(stream, columns=self.columns, weights=self.weights, numbers=np.array(numbers, np.float64))
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "JunkClassifier":
        """Read what `to_bytes` wrote, without pickle.

        Raises: InvalidInput when the bytes are something else or from a version with other features.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as archive:
                columns, weights, numbers = archive["columns"], archive["weights"], archive["numbers"].tolist()
        except Exception as error:
            raise InvalidInput(f"the {len(content)} bytes are no junk classifier ({error}); fit it again") from error
        if numbers[0] != _FORMAT:
            raise InvalidInput(
                f"the junk classifier has format {numbers[0]:.0f}, this code reads {_FORMAT}; fit it again"
            )
        _, bias, threshold, keep_clean_share, n_clean, n_junk = numbers
        return cls(columns, weights, bias, threshold, keep_clean_share, int(n_clean), int(n_junk))


def fit_junk_classifier(
    texts: Sequence[str], is_junk: Sequence[bool] | NDArray[np.bool_], *, seed: int, keep_clean_share: float
) -> JunkClassifier:
    """Learn from examples and set the threshold; of more than 10,000 of a kind, from so many drawn at random.

    Args:
        texts: examples, junk and clean.
        is_junk: (n_texts,) true for junk.
        seed: for the draw and for the folds of the cross-validation.
        keep_clean_share: share in (0, 1) of the clean examples that must not be called junk, out of fold.

    Raises:
        InvalidInput: as many marks as texts are needed.
        NotEnoughData: fewer than 10 examples of junk or of clean text.
    """
    marks = np.asarray(is_junk, dtype=bool)
    if marks.shape != (len(texts),):
        raise InvalidInput(f"is_junk has shape {marks.shape} but there are {len(texts)} texts; give one mark for each")
    n_junk = int(marks.sum())
    n_clean = len(texts) - n_junk
    if min(n_junk, n_clean) < _MIN_PER_CLASS:
        raise NotEnoughData(
            f"there are {n_junk} examples of junk and {n_clean} clean ones; the junk classifier needs at least "
            f"{_MIN_PER_CLASS} of each: name more batches in first_pass.junk.batches, or remove first_pass.junk"
        )
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    rows = _drawn(marks, seed)
    marks = marks[rows]
    features = _features([texts[row] for row in rows.tolist()])
    columns = np.unique(features.indices).astype(np.int32)
    features = features[:, columns]
    # Its vectors are short: threads wait longer for each other than they compute, above all on a busy machine.
    with threadpool_limits(1):
        scores = _out_of_fold(features, marks, seed)
        threshold = _threshold(scores[~marks], scores[marks], keep_clean_share)
        model = _fit(features, marks, seed)
    return JunkClassifier(
        columns=columns,
        weights=model.coef_[0].astype(np.float32),
        bias=float(model.intercept_[0]),
        threshold=threshold,
        keep_clean_share=keep_clean_share,
        n_clean=int((~marks).sum()),
        n_junk=int(marks.sum()),
    )


def _drawn(marks: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    """Rows of the examples to learn from, ascending: all of a kind, or so many drawn at random."""
    draw = np.random.default_rng(seed)
    kinds = (np.flatnonzero(marks), np.flatnonzero(~marks))
    kept = [
        draw.choice(rows, _MOST_PER_CLASS, replace=False) if len(rows) > _MOST_PER_CLASS else rows for rows in kinds
    ]
    return np.sort(np.concatenate(kept))


def _fit(features: Any, marks: NDArray[np.bool_], seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=_INVERSE_REGULARISATION, solver="liblinear", max_iter=1000, random_state=seed)
    return model.fit(features, marks)


def _out_of_fold(features: Any, marks: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    """(n_texts,) scores, each by a classifier that has not seen the text."""
    from joblib import cpu_count
    from sklearn.model_selection import StratifiedKFold

    scores = np.empty(len(marks))
    splits = list(StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(marks, marks))
    with ThreadPoolExecutor(cpu_count()) as threads:
        models = threads.map(lambda split: _fit(features[split[0]], marks[split[0]], seed), splits)
        for (_, test), model in zip(splits, models, strict=True):
            scores[test] = _sigmoid(features[test] @ model.coef_[0] + model.intercept_[0])
    return scores


def _threshold(clean_scores: NDArray[np.float64], junk_scores: NDArray[np.float64], keep_clean_share: float) -> float:
    """Half way, in log odds, from the lowest score that keeps the share of the clean to the next score of junk.

    Where the examples lie far apart, a text that is a little unlike the clean ones is therefore not yet junk.
    """
    # The slack keeps 0.995 x 200 at 199 despite rounding.
    n_kept = int(np.ceil(keep_clean_share * len(clean_scores) - 1e-9))
    lowest = float(np.sort(clean_scores)[n_kept - 1])
    above = junk_scores[junk_scores > lowest]
    if not len(above):
        return lowest
    from scipy.special import logit

    # Clipped, so that the odds of 0 and 1 are finite.
    half_way = logit(np.clip([lowest, above.min()], 1e-12, 1 - 1e-12)).mean(keepdims=True)
    return max(float(_sigmoid(half_way)[0]), lowest)


def _features(texts: Sequence[str]) -> Any:
    """Sparse (n_texts, 3 x 2**18) float64: per kind of n-gram one block of unit rows."""
    from scipy import sparse
    from sklearn.feature_extraction.text import HashingVectorizer

    cut = [text[:_MAX_CHARS] for text in texts]
    shapes = [_shape(text) for text in cut]
    kinds: tuple[tuple[list[str], dict[str, Any]], ...] = (
        (cut, {"analyzer": "char_wb", "ngram_range": (2, 5)}),
        (cut, {"analyzer": "word", "ngram_range": (1, 3), "token_pattern": r"\w+|[^\w\s]"}),
        (shapes, {"analyzer": "char", "ngram_range": (1, 5)}),
    )
    blocks = [
        HashingVectorizer(
            lowercase=False, n_features=_N_FEATURES, alternate_sign=False, binary=True, norm="l2", **kind
        ).transform(documents)
        for documents, kind in kinds
    ]
    return sparse.hstack(blocks, format="csr")


def _shape(text: str) -> str:
    """The text's outline: runs of capitals, small letters, digits and white space shrink to one sign each."""
    shape = text[:_SHAPE_CHARS]
    for pattern, sign in _SHAPES:
        shape = pattern.sub(sign, shape)
    return f"^{shape}$"


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import expit

    scores: NDArray[np.float64] = expit(values)
    return scores
