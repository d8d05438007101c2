"""Figures of a classifier on the hold-out: accuracy in all and per slice, precision and recall per class.

Whether another classifier is better is tested in `promotion.py`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data_engine.labeling.gate import binomial_interval
from data_engine.labeling.inputs import Integers

ACCURACY, PRECISION, RECALL = "accuracy", "precision", "recall"
OF_CLASS, OF_ALL, OF_LABELS = "class", "all", "labels"
"""Slices that are no column: a class, the whole hold-out, and of learning curves a number of labels."""
ALL, QUERY, CONTROL = "all", "query", "control"
"""What a classifier was trained on: all answers, those of query batches alone, those of control batches alone."""
N_SLICES = 20
_CONFIDENCE = 0.9


@dataclass(frozen=True)
class Figure:
    """A share of hold-out samples with its 90 % Clopper-Pearson interval.

    `trained_on` is all, query or control. `slice` is the column that samples are told apart by, `class` among them, and
    `value` what it holds; both are `all` for the whole hold-out. `n` samples are counted: of a recall those of the
    class, of a precision those that are predicted to be of it.
    """

    trained_on: str
    slice: str
    value: str
    metric: str
    share: float
    low: float
    high: float
    n: int


def figures(
    truth: Integers,
    predicted: Mapping[str, Integers],
    class_names: Sequence[str],
    slices: Mapping[str, Sequence[str | None]],
) -> tuple[Figure, ...]:
    """All figures of a round.

    Args:
        truth: (n,) class numbers of the hold-out, n >= 1.
        predicted: what it was trained on to the (n,) predicted class numbers.
        class_names: the classes.
        slices: column to the value of each of the n samples; None where a sample has none, which is then not counted.

    Returns: in a fixed order. A class that the hold-out lacks has no recall, one that is never predicted no precision.
        Of a column with many values the 20 commonest are told apart.
    """
    return tuple(
        figure
        for trained_on, found in predicted.items()
        for figure in (
            *_of_classes(trained_on, truth, found, class_names),
            *_of_slices(trained_on, truth, found, slices),
        )
    )


def _of_classes(trained_on: str, truth: Integers, predicted: Integers, class_names: Sequence[str]) -> Iterator[Figure]:
    for number, name in enumerate(class_names):
        n_right = int(((truth == number) & (predicted == number)).sum())
        for metric, among in ((PRECISION, predicted), (RECALL, truth)):
            n = int((among == number).sum())
            if n:
                yield _figure(trained_on, OF_CLASS, name, metric, n_right, n)


def _of_slices(
    trained_on: str, truth: Integers, predicted: Integers, slices: Mapping[str, Sequence[str | None]]
) -> Iterator[Figure]:
    is_right = truth == predicted
    yield _figure(trained_on, OF_ALL, OF_ALL, ACCURACY, int(is_right.sum()), len(truth))
    for column, values in slices.items():
        counts = Counter(value for value in values if value is not None)
        for value, n in sorted(counts.most_common(N_SLICES), key=lambda each: (-each[1], each[0])):
            is_here = np.array([each == value for each in values])
            yield _figure(trained_on, column, value, ACCURACY, int((is_right & is_here).sum()), n)


def _figure(trained_on: str, column: str, value: str, metric: str, n_right: int, n: int) -> Figure:
    low, high = binomial_interval(n_right, n, _CONFIDENCE)
    return Figure(trained_on, column, value, metric, n_right / n, low, high, n)
