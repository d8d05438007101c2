import json

import numpy as np

from data_engine.segmentation.predictors.dense_layers import DenseLayers, fit_layers, layers_from_json


def test_two_layers_by_hand() -> None:
    one = np.array([1, 1], np.float32)
    layers = DenseLayers(
        one, 2 * one, np.array([[1, -1], [0, 0]], np.float32), 0 * one, np.array([3, 5], np.float32), 7
    )
    # (5 - 1) / 2 = 2 passes the first unit, -2 is stopped at the second; below the mean it is the other way round.
    assert layers(np.array([[5, 9], [-3, 9]], np.float32)).tolist() == [13, 17]


def test_layers_fit_classes_and_numbers_and_survive_json() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 3, (1000, 2)).astype(np.float32)
    is_far = x[:, 0] > x[:, 1]
    classes = fit_layers(x, is_far, n_hidden=12, n_rounds=30, seed=0)
    assert ((classes(x) > 0) == is_far).mean() > 0.85
    numbers = fit_layers(x, x[:, 0] / 4, n_hidden=12, n_rounds=30, seed=0)
    assert np.abs(numbers(x) - x[:, 0] / 4).mean() < 0.2
    again = layers_from_json(json.loads(json.dumps(numbers.to_json())))
    assert np.allclose(again(x), numbers(x), atol=1e-3)
