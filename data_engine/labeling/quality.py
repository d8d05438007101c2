"""Label quality: how far a label fits its neighbourhood and a classifier that was trained without it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from data_engine.labeling.classifier import Classifier, fit_classifier
from data_engine.labeling.inputs import Floats, Integers, class_indices, matrix, nearest

_N_NEIGHBOURS = 20
_N_FOLDS = 5
_UNKNOWN = 0.5
_LEAST_AGREEMENT = 0.01
"""Of a label that no neighbour has: a fifth of one neighbour of twenty, so that the classifier still ranks these."""


def label_quality(embeddings: Floats, labels: Integers, *, seed: int) -> NDArray[np.float64]:
    """How credible each label is: sqrt(agreement of the 20 nearest neighbours x out-of-fold self-confidence).

    A class of m samples can have at most m - 1 agreeing neighbours, so agreement is counted against min(20, m - 1).
    Where none agrees it counts as 0.01, so that such labels are still in the order of their confidence.
    Nothing can be said about the only sample of a class, nor where all samples share one class; such labels get 0.5,
    in the middle of the queue.

    Args:
        embeddings: (n, dim) unit rows.
        labels: (n,) class numbers, non-negative.
        seed: of the folds.

    Returns: (n,) float64 in [0, 1]; lower is worse.
    Raises: InvalidInput for wrong shapes or negative class numbers.
    Source: Kuan and Mueller 2022, "Model-agnostic label quality scoring"; the product with the neighbours' agreement
        was the best ranking measured on confusable label noise.
    """
    x = matrix(embeddings, "embeddings")
    y = class_indices(labels, "labels", n_rows=len(x))
    quality = np.full(len(y), _UNKNOWN)
    _, y, sizes = np.unique(y, return_inverse=True, return_counts=True)
    judged = np.flatnonzero(sizes[y] > 1)
    if len(sizes) > 1 and len(judged):
        agreement = _neighbour_agreement(x, y, sizes)[judged]
        probabilities = out_of_fold_probabilities(x, y, seed=seed, n_classes=len(sizes))
        confidence = probabilities[judged, y[judged]].astype(np.float64)
        quality[judged] = np.sqrt(np.maximum(agreement, _LEAST_AGREEMENT) * confidence)
    return quality


def _neighbour_agreement(x: Floats, y: Integers, sizes: Integers) -> NDArray[np.float64]:
    """Agreeing neighbours as a share of those that could agree; (n,) in [0, 1]."""
    n_neighbours = min(_N_NEIGHBOURS, len(y) - 1)
    rows, _ = nearest(x, x, n_neighbours, is_same=True)
    n_agreeing = (y[rows] == y[:, None]).sum(axis=1)
    return np.asarray(n_agreeing / np.clip(sizes[y] - 1, 1, n_neighbours))


def out_of_fold_probabilities(x: Floats, y: Integers, *, seed: int, n_classes: int) -> NDArray[np.float32]:
    """Class probabilities of every sample by a classifier that never saw its label (five folds).

    Args:
        x: (n, dim) unit rows.
        y: (n,) class numbers in 0 .. n_classes - 1.
        seed: of the folds.
        n_classes: columns of the result.

    Returns: (n, n_classes) float32, not calibrated; uniform for the only sample there is.
    """
    probabilities = np.full((len(y), n_classes), 1 / n_classes, dtype=np.float32)
    folds = _folds(y, seed)
    insides = [folds == fold for fold in np.unique(folds)] if len(y) > 1 else []

    def fit(inside: NDArray[np.bool_]) -> Classifier:
        return fit_classifier(x[~inside], y[~inside], seed=seed, n_classes=n_classes)

    for inside, classifier in zip(insides, _side_by_side(fit, insides), strict=True):
        probabilities[inside] = classifier.predict_proba(x[inside])
    return probabilities


def _side_by_side(fit: Callable[[NDArray[np.bool_]], Classifier], insides: list[NDArray[np.bool_]]) -> list[Classifier]:
    """The classifiers of all folds, fitted in threads.

    The BLAS has one thread from before the first fit to after the last, since each fit restores what it found.
    """
    from joblib import cpu_count

    with threadpool_limits(1), ThreadPoolExecutor(min(_N_FOLDS, cpu_count())) as pool:
        return list(pool.map(fit, insides))


def _folds(y: Integers, seed: int) -> Integers:
    """Five folds that share every class evenly, so that a class of two or more is never missing from its training."""
    order = np.random.default_rng(seed).permutation(len(y))
    by_class = order[np.argsort(y[order], kind="stable")]
    folds = np.empty(len(y), dtype=np.int64)
    folds[by_class] = np.arange(len(y)) % _N_FOLDS
    return folds
