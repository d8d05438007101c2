"""Two dense layers whose few weights stand in a JSON file: enough to weigh opinions, and readable.

What is weighed is in `fusion.py` and `chooser.py`.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class DenseLayers:
    """`mean`, `deviation` (n,) of the inputs; `first` (n, m), `first_bias` (m,), `second` (m,), `second_bias`."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    first: NDArray[np.float32]
    first_bias: NDArray[np.float32]
    second: NDArray[np.float32]
    second_bias: float

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(..., n) inputs to (...,) outputs, which are logits where that is what they were trained for."""
        hidden = np.maximum((values - self.mean) / self.deviation @ self.first + self.first_bias, 0)
        return np.asarray(hidden @ self.second + self.second_bias, dtype=np.float32)

    def to_json(self) -> dict[str, Any]:
        """Numbers of six digits, by name."""
        arrays = {name: getattr(self, name) for name in ("mean", "deviation", "first", "first_bias", "second")}
        rounded: dict[str, Any] = {name: np.round(array.astype(float), 6).tolist() for name, array in arrays.items()}
        return {**rounded, "second_bias": round(self.second_bias, 6)}


def layers_from_json(found: Mapping[str, Any]) -> DenseLayers:
    """The layers whose `to_json` gave this."""
    arrays = {name: np.array(value, dtype=np.float32) for name, value in found.items() if name != "second_bias"}
    return DenseLayers(**arrays, second_bias=float(found["second_bias"]))


def fit_layers(
    values: NDArray[np.float32], targets: NDArray[Any], *, n_hidden: int, n_rounds: int, seed: int
) -> DenseLayers:
    """Fit the layers: to logits of True and False, or to numbers.

    Args:
        values: (k, n) inputs.
        targets: (k,) bool or float.
        n_hidden: Units of the first layer.
        n_rounds: How often each row is seen.
        seed: Of the first weights and of the order.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    mean, deviation = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-4)
    kind = MLPClassifier if targets.dtype == np.bool_ else MLPRegressor
    settings = {"alpha": 1e-3, "learning_rate_init": 3e-3, "batch_size": min(256, len(values)), "tol": 0}
    net = kind(hidden_layer_sizes=(n_hidden,), max_iter=n_rounds, random_state=seed, **settings)
    with warnings.catch_warnings():
        # The number of rounds is what was asked for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit((values - mean) / deviation, targets)
    (first, second), (first_bias, second_bias) = net.coefs_, net.intercepts_
    arrays = {"mean": mean, "deviation": deviation, "first": first, "first_bias": first_bias, "second": second[:, 0]}
    return layers_from_json({**arrays, "second_bias": second_bias[0]})
