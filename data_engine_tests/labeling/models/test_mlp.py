import numpy as np

from data_engine.labeling import fit_classifier, fit_model
from data_engine.labeling.models.micro_model import examples_of
from data_engine.labeling.models.mlp import fit_mlp


def test_a_hidden_layer_learns_what_no_straight_line_divides() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(600, 2)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = ((x[:, 0] > 0) == (x[:, 1] > 0)).astype(np.int64)
    network = fit_mlp(examples_of(x[:400], y[:400], n_classes=2), 0)
    layer = fit_classifier(x[:400], y[:400], seed=0, n_classes=2)
    accuracies = [(each.predict_proba(x[400:]).argmax(axis=1) == y[400:]).mean() for each in (network, layer)]
    assert accuracies[0] > 0.95
    assert accuracies[1] < 0.8


def test_another_seed_gives_another_network(make_classes) -> None:
    data = make_classes(30, 3)
    examples = examples_of(data.x, data.y, n_classes=3)
    assert fit_mlp(examples, 1).version != fit_mlp(examples, 2).version


def test_drawn_networks_are_the_same_for_any_rows_and_agree_about_what_is_far_from_a_border(make_classes) -> None:
    data = make_classes(200, 3)
    model = fit_model("mlp", data.x, data.y, seed=0, n_classes=3)
    drawn = model.draws(data.x, 20, 5)
    assert drawn.shape == (20, 200, 3)
    np.testing.assert_allclose(drawn.sum(axis=2), 1, atol=1e-5)
    np.testing.assert_allclose(model.draws(data.x[7:9], 20, 5), drawn[:, 7:9], atol=1e-6)
    assert not np.allclose(drawn[0], drawn[1])
    middle = data.x[data.y == 0].mean(axis=0) + data.x[data.y == 1].mean(axis=0)
    border = model.draws((middle / np.linalg.norm(middle))[None], 20, 5)
    assert border.std(axis=0).max() > drawn.std(axis=0).max(axis=1).mean()
    assert fit_model("softmax", data.x, data.y, seed=0, n_classes=3).draws is None
