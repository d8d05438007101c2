"""Whether a classifier means what its probabilities say: calibration error and reliability table.

The temperature that makes it so is fitted in `models/temperature.py`.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.gate import binomial_interval
from data_engine.labeling.inputs import Floats, Integers, class_indices, class_probabilities


def calibration_error(probabilities: Floats, labels: Integers, n_bins: int = 10) -> float:
    """Expected calibration error of the most probable class; 0 is perfect, lower is better.

    Args:
        probabilities: (n, n_classes).
        labels: (n,) true class numbers.
        n_bins: bins of equal width over [0, 1].

    Returns: the mean over samples of |accuracy - mean confidence| of their bin, in [0, 1].
    Raises: NotEnoughData without samples.
    Source: Naeini et al. 2015.
    """
    bins, confidences, is_right = _binned(probabilities, labels, n_bins)
    gaps = np.bincount(bins, weights=is_right - confidences, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(bins))


def reliability(probabilities: Floats, labels: Integers, n_bins: int = 10) -> pa.Table:
    """The rows of a reliability diagram, empty bins left out.

    Args: as for `calibration_error`.

    Returns: columns bin_low, bin_high, n, confidence (mean), accuracy, accuracy_low and accuracy_high (90 % interval).
    Raises: NotEnoughData without samples.
    """
    bins, confidences, is_right = _binned(probabilities, labels, n_bins)
    columns: dict[str, list[float]] = {name: [] for name in _RELIABILITY.names}
    for number in np.unique(bins):
        inside = bins == number
        n, n_right = int(inside.sum()), int(is_right[inside].sum())
        low, high = binomial_interval(n_right, n)
        values = (number / n_bins, (number + 1) / n_bins, n, confidences[inside].mean(), n_right / n, low, high)
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return pa.table(columns, schema=_RELIABILITY)


_RELIABILITY = pa.schema(
    [
        ("bin_low", pa.float64()),
        ("bin_high", pa.float64()),
        ("n", pa.int64()),
        ("confidence", pa.float64()),
        ("accuracy", pa.float64()),
        ("accuracy_low", pa.float64()),
        ("accuracy_high", pa.float64()),
    ]
)


def _binned(
    probabilities: Floats, labels: Integers, n_bins: int
) -> tuple[Integers, NDArray[np.float64], NDArray[np.float64]]:
    probabilities = class_probabilities(probabilities)
    labels = class_indices(labels, "labels", n_rows=len(probabilities), n_classes=probabilities.shape[1])
    if n_bins < 1:
        raise InvalidInput(f"n_bins is {n_bins}; it must be at least 1, usually 10")
    if len(labels) == 0:
        raise NotEnoughData("there are 0 labelled samples; a calibration error needs some")
    confidences = probabilities.max(axis=1).astype(np.float64)
    bins = np.minimum((confidences * n_bins).astype(np.int64), n_bins - 1)
    return bins, confidences, (probabilities.argmax(axis=1) == labels).astype(np.float64)
