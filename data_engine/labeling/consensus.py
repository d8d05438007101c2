"""One label per sample from several annotators who err: Dawid-Skene, or the one-coin model where classes are many."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.inputs import Floats, Integers, class_indices, class_probabilities

_MAX_CLASSES_FOR_CONFUSION = 10
_MAX_ITERATIONS = 100
_TOLERANCE = 1e-6
_PRIOR_RIGHT, _PRIOR_WRONG = 4.0, 1.0
_EXPECTED_ANSWERS = 60.0
_LEAST_CHANCE = 1e-9
_CLASSIFIER_FLOOR = 1e-3


@dataclass(frozen=True, eq=False)
class Consensus:
    """The agreed labels.

    `samples` (m,) are the samples with answers, ascending; `labels` (m,) their most probable classes; `posterior`
    (m, n_classes) float64; `annotator_quality` the estimated probability that an answer of the annotator is right.
    """

    samples: Integers
    labels: Integers
    posterior: NDArray[np.float64]
    annotator_quality: dict[int, float]


@dataclass(frozen=True)
class _Answers:
    samples: Integers
    sample: Integers
    annotators: Integers
    annotator: Integers
    label: Integers
    n_caught: NDArray[np.float64]
    n_missed: NDArray[np.float64]


def consensus(
    annotations: Any,
    *,
    n_classes: int,
    probabilities: Floats | None = None,
    known: Mapping[int, int] | None = None,
    traps: Mapping[int, tuple[int, int]] | None = None,
) -> Consensus:
    """Pool the answers of several annotators, and the classifier's opinion when it is given.

    Up to 10 classes every annotator has a confusion matrix (Dawid-Skene), drawn to that of all together as far as their
    answers are few; above that one probability of being right (one coin), since nobody fills a larger matrix. Answers
    and classifier are multiplied (their logarithms added); the classifier's probabilities take the place of the class
    frequencies.

    Args:
        annotations: integer columns `sample`, `annotator` and `label` (Arrow table, data frame or dict of arrays), one
            row per answer. Samples and annotators may have any non-negative numbers.
        n_classes: labels are 0 .. n_classes - 1.
        probabilities: (n, n_classes); row i is the classifier's opinion on sample i.
        known: class by sample number, where somebody has decided: it is the label, whatever the answers say, and
            annotators are judged by it.
        traps: by annotator number, known-wrong proposals caught and missed. Each counts as an answer that was right
            or wrong, so that the votes of somebody who accepts what is proposed weigh little.

    Returns: the consensus of every sample that has an answer.
    Raises: InvalidInput for missing columns, labels out of range, or a sample without its row of probabilities.
    Sources: Dawid and Skene 1979; Zhang et al. 2016 (one coin); Goh et al. 2022 (combining with a classifier).
    """
    answers = _read(annotations, n_classes, traps or {})
    decided = _decided(answers.samples, known or {}, n_classes)
    prior = None if probabilities is None else _classifier_prior(probabilities, answers.samples, n_classes)
    posterior = decided(_start(answers, n_classes, prior))
    for _ in range(_MAX_ITERATIONS):
        likelihood = _log_likelihood(answers, posterior, n_classes)
        before, posterior = posterior, decided(_pool(answers, likelihood, posterior, prior))
        if np.abs(posterior - before).max(initial=0) < _TOLERANCE:
            break
    quality = _share_right(answers, posterior)
    named = {int(number): float(value) for number, value in zip(answers.annotators, quality, strict=True)}
    return Consensus(answers.samples, posterior.argmax(axis=1), posterior, named)


def _read(annotations: Any, n_classes: int, traps: Mapping[int, tuple[int, int]]) -> _Answers:
    columns = []
    for name in ("sample", "annotator", "label"):
        try:
            column = annotations[name]
        except KeyError as error:
            raise InvalidInput(f"annotations has no column {name!r}; give sample, annotator and label") from error
        columns.append(np.asarray(column))
    n = len(columns[0])
    sample = class_indices(columns[0], "sample")
    annotator = class_indices(columns[1], "annotator", n_rows=n)
    label = class_indices(columns[2], "label", n_rows=n, n_classes=n_classes)
    samples, sample = np.unique(sample, return_inverse=True)
    annotators, annotator = np.unique(annotator, return_inverse=True)
    record = np.array([traps.get(int(number), (0, 0)) for number in annotators], dtype=np.float64).reshape(-1, 2)
    return _Answers(samples, sample, annotators, annotator, label, record[:, 0], record[:, 1])


def _decided(
    samples: Integers, known: Mapping[int, int], n_classes: int
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """A function that puts certainty into the rows of a posterior whose class is known."""
    rows = np.flatnonzero(np.isin(samples, np.array(list(known), dtype=np.int64)))
    certain = np.eye(n_classes)[[known[int(number)] for number in samples[rows]]] if len(rows) else None

    def put(posterior: NDArray[np.float64]) -> NDArray[np.float64]:
        if certain is not None:
            posterior[rows] = certain
        return posterior

    return put


def _classifier_prior(probabilities: Floats, samples: Integers, n_classes: int) -> NDArray[np.float64]:
    """Log probabilities of the answered samples, floored: no classifier is sure enough to overrule everyone."""
    opinions = class_probabilities(probabilities, n_classes=n_classes)
    if len(samples) and samples[-1] >= len(opinions):
        raise InvalidInput(
            f"sample {samples[-1]} has answers but probabilities has {len(opinions)} rows; "
            "give one row per sample number"
        )
    return np.asarray(np.log(np.maximum(opinions[samples].astype(np.float64), _CLASSIFIER_FLOOR / n_classes)))


def _start(answers: _Answers, n_classes: int, prior: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """The share of the answers that each class got, times the classifier's opinion."""
    votes = np.full((len(answers.samples), n_classes), 1e-2 / n_classes)
    np.add.at(votes, (answers.sample, answers.label), 1.0)
    return _normalise(np.log(votes) + (0 if prior is None else prior))


def _log_likelihood(answers: _Answers, posterior: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Log probability of each answer under each true class: (n_answers, n_classes)."""
    if n_classes <= _MAX_CLASSES_FOR_CONFUSION:
        return _confusion_likelihood(answers, posterior, n_classes)
    right = _share_right(answers, posterior)[answers.annotator]
    wrong = (1 - right) / (n_classes - 1)
    logs = np.repeat(np.log(wrong)[:, None], n_classes, axis=1)
    logs[np.arange(len(logs)), answers.label] = np.log(right)
    return logs


def _confusion_likelihood(answers: _Answers, posterior: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """By a confusion matrix per annotator, whose rows are drawn to what is expected of them as by 60 answers."""
    counts = np.zeros((len(answers.annotators), n_classes, n_classes))
    np.add.at(counts.transpose(0, 2, 1), (answers.annotator, answers.label), posterior[answers.sample])
    counts += _EXPECTED_ANSWERS * _expected_confusion(answers, posterior, counts)
    confusion = counts / counts.sum(axis=2, keepdims=True)
    return np.asarray(np.log(confusion[answers.annotator, :, answers.label]))


def _expected_confusion(
    answers: _Answers, posterior: NDArray[np.float64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n_annotators, n_classes, n_classes) what is expected of annotators before their own confusions are counted.

    An annotator is right in each class as often as all are together there, moved in log odds by how much more often
    than all they are right on the whole, and takes classes for each other as all do.
    """
    n_classes = counts.shape[1]
    own = np.eye(n_classes, dtype=bool)
    everybody = counts.sum(axis=0) + _PRIOR_WRONG / n_classes + own * (_PRIOR_RIGHT / n_classes)
    of_class = everybody[own] / everybody.sum(axis=1)
    right = _share_right(answers, posterior)
    on_the_whole = right[answers.annotator].mean() if len(answers.annotator) else 0.5
    moved = _log_odds(right) - _log_odds(on_the_whole)
    is_right = 1 / (1 + np.exp(-(_log_odds(of_class)[None] + moved[:, None])))
    wrong = np.where(own, 0, everybody)
    expected = (1 - is_right)[:, :, None] * (wrong / np.maximum(wrong.sum(axis=1, keepdims=True), _LEAST_CHANCE))[None]
    expected[:, own] = is_right
    return np.asarray(np.maximum(expected, _LEAST_CHANCE))


def _log_odds(shares: Any) -> NDArray[np.float64]:
    return np.asarray(np.log(shares / (1 - shares)))


def _share_right(answers: _Answers, posterior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per annotator the probability of being right: traps count, and four right answers and a wrong one besides."""
    n_annotators = len(answers.annotators)
    agreeing = posterior[answers.sample, answers.label]
    n_agreeing = np.bincount(answers.annotator, weights=agreeing, minlength=n_annotators)
    right = n_agreeing + answers.n_caught + _PRIOR_RIGHT
    n_given = np.bincount(answers.annotator, minlength=n_annotators)
    n = n_given + answers.n_caught + answers.n_missed + _PRIOR_RIGHT + _PRIOR_WRONG
    return np.asarray(right / n)


def _pool(
    answers: _Answers,
    likelihood: NDArray[np.float64],
    posterior: NDArray[np.float64],
    prior: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    logs = np.zeros_like(posterior)
    np.add.at(logs, answers.sample, likelihood)
    if prior is None:
        prior = np.log((posterior.sum(axis=0) + 1) / (len(posterior) + posterior.shape[1]))
    return _normalise(logs + prior)


def _normalise(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
