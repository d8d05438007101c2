import numpy as np

from data_engine.labeling import fit_model
from data_engine.labeling.models import adapted
from data_engine.labeling.models.adapted import _gradients, _moved


def test_gradients_are_those_of_the_loss() -> None:
    generator = np.random.default_rng(0)
    shapes = [(6, 3), (3, 6), (6, 4), (4,)]
    arrays = [generator.normal(size=shape) for shape in shapes]
    x, y = generator.normal(size=(5, 6)), np.array([0, 1, 2, 3, 3])

    def loss() -> float:
        logits = _moved(x, arrays[0], arrays[1])[0] @ arrays[2] + arrays[3]
        return float((np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(5), y]).mean())

    for array, gradient in zip(arrays, _gradients(arrays, x, y), strict=True):
        place = tuple(0 for _ in array.shape)
        before, array[place] = array[place], array[place] + 1e-5
        slope = loss()
        array[place] = before - 1e-5
        slope, array[place] = (slope - loss()) / 2e-5, before
        np.testing.assert_allclose(gradient[place], slope, rtol=1e-3, atol=1e-6)


def test_what_divides_the_classes_comes_forward_and_without_training_nothing_moves(make_classes, monkeypatch) -> None:
    generator = np.random.default_rng(1)
    data = make_classes(200, 3, dim=8)
    # Half of what an embedding says has nothing to do with its class.
    x = np.concatenate([data.x, generator.normal(0, 0.3, (200, 8))], axis=1).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    model = fit_model("adapted", x, data.y, seed=0, n_classes=3)
    assert np.linalg.norm(model.memory - x, axis=1).mean() > 0.05
    share_of_noise = [(rows[:, 8:] ** 2).sum(axis=1).mean() for rows in (x, model.memory)]
    assert share_of_noise[1] < share_of_noise[0]
    monkeypatch.setattr(adapted, "_RATES", (0.0,) * 4)
    same = fit_model("adapted", x, data.y, seed=0, n_classes=3)
    np.testing.assert_allclose(same.memory, x, atol=1e-6)
