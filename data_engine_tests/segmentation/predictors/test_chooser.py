from pathlib import Path

import numpy as np
import pytest
from drawn_objects import drawn_objects

from data_engine.errors import InvalidInput
from data_engine.segmentation.crop import Crop, checked_prompt, crop_of
from data_engine.segmentation.masks import iou
from data_engine.segmentation.predictors import chooser
from data_engine.segmentation.predictors.chooser import (
    CANDIDATES,
    N_MASK_FEATURES,
    candidates,
    choose,
    mask_features,
    shipped_weights,
)
from data_engine.segmentation.predictors.grabcut import grabcut
from data_engine.segmentation.simulated_clicks import simulated_points


@pytest.fixture(scope="module")
def seen() -> tuple[Crop, np.ndarray]:  # type: ignore[type-arg]
    one = drawn_objects(3)[2]
    crop = crop_of(one.image, checked_prompt(one.image, simulated_points(one.mask), ())[0], ())
    return crop, crop.inward(one.mask)


def test_of_every_candidate_the_same_things_are_known(seen: tuple[Crop, np.ndarray]) -> None:  # type: ignore[type-arg]
    crop, truth = seen
    found = candidates(crop, grabcut(crop), truth, shipped_weights(has_saliency=True)[0].pixels)
    assert tuple(found) == CANDIDATES
    features = mask_features(crop, {**found, "salient": 0 * truth})
    assert features.shape == (len(CANDIDATES), N_MASK_FEATURES) and np.isfinite(features).all()
    assert (features[4, 3:14] == 0).all()


def test_a_saliency_that_fits_is_trusted_and_one_that_does_not_is_not(seen: tuple[Crop, np.ndarray]) -> None:  # type: ignore[type-arg]
    crop, truth = seen
    weights, _ = shipped_weights(has_saliency=True)
    for salient in (truth, np.zeros_like(truth), np.roll(truth, 60, axis=1)):
        _, soft, expected = choose(crop, lambda _, given=salient: given, weights)  # type: ignore[misc]
        assert iou(soft > 0.5, truth > 0.5) > 0.8
        assert 0 <= expected <= 1


def test_weights_of_another_form_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "chooser_weights.json"
    broken.write_text('{"with_saliency": {}}', "utf-8")
    monkeypatch.setattr(chooser, "WEIGHTS_FILE", broken)
    with pytest.raises(InvalidInput, match=r"chooser_weights.json holds no weights for with_saliency"):
        shipped_weights.__wrapped__(has_saliency=True)


def test_the_shipped_weights_say_where_they_come_from() -> None:
    assert '"provenance": {"written_by": "benchmarks/mask_chooser.py"' in chooser.WEIGHTS_FILE.read_text("utf-8")
    assert chooser.WEIGHTS_FILE.stat().st_size < 60_000
