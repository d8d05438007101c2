"""The temperature of a classifier: its logits are divided by it, so that its probabilities mean what they say.

Whether they do is measured in `labeling/calibration.py`.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import NotEnoughData
from data_engine.labeling.inputs import Floats, Integers

_LOG_RANGE = (np.log(0.02), np.log(20.0))


def softmax(logits: Floats) -> NDArray[np.float64]:
    """Row-wise softmax in float64."""
    shifted = np.asarray(logits, dtype=np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def fit_temperature(logits: Floats, labels: Integers, has_examples: NDArray[np.bool_]) -> float:
    """The temperature that minimises the negative log-likelihood of a hold-out.

    A sample of a class that the classifier never saw cannot be predicted; its likelihood is the probability that
    the prediction is wrong, so that unseen classes make the classifier less sure instead of infinitely surprised.

    Args:
        logits: (n, n_classes) before division by the temperature.
        labels: (n,) true class numbers.
        has_examples: (n_classes,) whether the classifier was trained on the class.

    Returns: a temperature in [0.02, 20].
    Raises: NotEnoughData for an empty hold-out.
    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    from scipy.optimize import minimize_scalar

    if len(labels) == 0:
        raise NotEnoughData("the hold-out has 0 samples; label some random samples to calibrate on")
    rows = np.arange(len(labels))
    seen = has_examples[labels]

    def loss(log_temperature: float) -> float:
        probabilities = softmax(logits / np.exp(log_temperature))
        likelihood = np.where(seen, probabilities[rows, labels], 1 - probabilities.max(axis=1))
        return float(-np.log(np.maximum(likelihood, 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=_LOG_RANGE, method="bounded", options={"xatol": 1e-4}).x))
