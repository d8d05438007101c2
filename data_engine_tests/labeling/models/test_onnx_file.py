import json
import sys

import onnx
import pytest

from data_engine.errors import SourceMissing
from data_engine.labeling import fit_model
from data_engine.labeling.models.onnx_file import onnx_bytes


def test_the_file_says_classes_version_and_what_it_is_told(make_classes) -> None:
    data = make_classes(20, 2)
    model = fit_model("mlp", data.x, data.y, seed=0, n_classes=2, class_names=("größer", "b"))
    read = onnx.load_from_string(onnx_bytes(model, told={"encoder_version": "e-1"}))
    told = {each.key: each.value for each in read.metadata_props}
    assert json.loads(told.pop("class_names")) == ["größer", "b"]
    assert told == {"version": model.version, "encoder_version": "e-1"}


def test_without_the_package_the_remedy_is_named(make_classes, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_classes(20, 2)
    model = fit_model("softmax", data.x, data.y, seed=0, n_classes=2)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SourceMissing, match=r"pip install 'data-engine\[onnx\]'"):
        onnx_bytes(model)
