"""Every micro-model keeps the same promises."""

from types import SimpleNamespace

import numpy as np
import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.classifier import Classifier
from data_engine.labeling.models.onnx_file import onnx_bytes
from data_engine.labeling.models.registry import MODELS, fit_model, load_model

every_kind = pytest.mark.parametrize("kind", MODELS)


def _fitted(kind: str, data: SimpleNamespace, n_classes: int, rows: slice = slice(None), seed: int = 0):
    names = [f"class {number}" for number in range(n_classes)]
    return fit_model(kind, data.x[rows], data.y[rows], seed=seed, n_classes=n_classes, class_names=names)


@every_kind
@pytest.mark.parametrize("n_classes", [2, 200])
def test_probabilities_are_calibrated_sum_to_one_and_mostly_name_the_class(kind: str, n_classes, make_classes) -> None:
    data = make_classes(5 * n_classes + 100, n_classes, dim=n_classes + 6)
    rows = slice(0, 4 * n_classes)
    plain = _fitted(kind, data, n_classes, rows)
    x, y = data.x[4 * n_classes :], data.y[4 * n_classes :]
    model = plain.calibrate(x, y)
    probabilities = model.predict_proba(x)
    assert probabilities.shape == (len(x), n_classes)
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities.argmax(axis=1) == y).mean() > 0.9
    of_truth, of_plain = (each.predict_proba(x)[np.arange(len(x)), y] for each in (model, plain))
    assert np.log(np.maximum(of_truth, 1e-12)).mean() >= np.log(np.maximum(of_plain, 1e-12)).mean() - 1e-6


@every_kind
def test_the_same_seed_gives_the_same_model_and_other_labels_another(kind: str, make_classes) -> None:
    data = make_classes(60, 3)
    model = _fitted(kind, data, 3)
    assert model.version == _fitted(kind, data, 3).version
    others = SimpleNamespace(x=data.x, y=data.y[::-1].copy())
    assert model.version != _fitted(kind, others, 3).version


@every_kind
@pytest.mark.parametrize("n_classes", [2, 200])
def test_one_example_per_class_is_enough(kind: str, n_classes: int, make_classes) -> None:
    data = make_classes(n_classes, n_classes, dim=n_classes + 6)
    probabilities = _fitted(kind, data, n_classes).predict_proba(data.x)
    assert (probabilities.argmax(axis=1) == data.y).all()


@every_kind
def test_a_class_without_examples_has_probability_0_and_a_single_one_is_certain(kind: str, make_classes) -> None:
    data = make_classes(40, 2)
    some = fit_model(kind, data.x, data.y * 3, seed=0, n_classes=5).predict_proba(data.x)
    assert some[:, [1, 2, 4]].max() == 0
    one = make_classes(10, 1)
    alone = fit_model(kind, one.x, one.y + 1, seed=0, n_classes=3).calibrate(one.x, one.y + 1)
    np.testing.assert_allclose(alone.predict_proba(one.x), [[0, 1, 0]] * 10, atol=1e-6)


@every_kind
def test_bytes_bring_back_the_same_model(kind: str, make_classes) -> None:
    data = make_classes(60, 3)
    model = _fitted(kind, data, 3).calibrate(data.x, data.y)
    again = load_model(model.to_bytes())
    assert (type(again), again.version, again.class_names) == (type(model), model.version, model.class_names)
    assert (again.predict_proba(data.x) == model.predict_proba(data.x)).all()
    assert again.to_bytes() == model.to_bytes()
    with pytest.raises(InvalidInput, match="is no classifier"):
        type(model).from_bytes(model.to_bytes()[:-40])


@every_kind
@pytest.mark.parametrize("n_classes", [2, 200])
def test_the_file_in_the_onnx_format_predicts_the_same(kind: str, n_classes: int, make_classes) -> None:
    import openvino

    data = make_classes(3 * n_classes, n_classes, dim=n_classes + 6)
    # The last class has no example.
    known = data.y < n_classes - (n_classes > 2)
    few = SimpleNamespace(x=data.x[known], y=data.y[known])
    model = _fitted(kind, few, n_classes).calibrate(few.x, few.y)
    content = onnx_bytes(model, told={"encoder_version": "e-1"})
    assert content == onnx_bytes(model, told={"encoder_version": "e-1"})
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    fresh = make_classes(50, n_classes, dim=n_classes + 6, seed=1, noise=1.0).x
    predicted = compiled(fresh)["probabilities"]
    np.testing.assert_allclose(predicted, model.predict_proba(fresh), atol=1e-4)


@every_kind
def test_wrong_input_is_refused_with_rows_and_numbers(kind: str, make_classes) -> None:
    data = make_classes(10, 2)
    with pytest.raises(NotEnoughData, match="0 labelled samples"):
        fit_model(kind, data.x[:0], data.y[:0], seed=0, n_classes=2)
    with pytest.raises(InvalidInput, match="1 names but n_classes is 2"):
        fit_model(kind, data.x, data.y, seed=0, n_classes=2, class_names=("a",))
    with pytest.raises(InvalidInput, match="16 are needed"):
        _fitted(kind, data, 2).predict_proba(data.x[:, :3])


def test_an_unknown_kind_is_named_and_one_that_an_artefact_does_not_name_is_the_softmax_layer(make_classes) -> None:
    data = make_classes(10, 2)
    with pytest.raises(InvalidInput, match="model is 'forest', which does not exist; use one of softmax, mlp, nei"):
        fit_model("forest", data.x, data.y, seed=0, n_classes=2)
    model = _fitted("softmax", data, 2)
    assert isinstance(model, Classifier)
    assert model.n_neighbours == 5
