import numpy as np
from drawn_objects import drawn_objects

from data_engine.segmentation.crop import checked_prompt, crop_of
from data_engine.segmentation.masks import iou
from data_engine.segmentation.predictors.chooser import shipped_weights
from data_engine.segmentation.predictors.fusion import N_PIXEL_FEATURES, fused, pixel_features
from data_engine.segmentation.predictors.grabcut import grabcut
from data_engine.segmentation.simulated_clicks import simulated_points


def test_pixels_are_weighed_by_what_is_known_of_them() -> None:
    one = drawn_objects(1)[0]
    crop = crop_of(one.image, checked_prompt(one.image, simulated_points(one.mask), ())[0], ())
    cut, truth = grabcut(crop), crop.inward(one.mask)
    features = pixel_features(crop, cut, None)
    assert features.shape == (*truth.shape, N_PIXEL_FEATURES)
    assert np.isfinite(features).all() and (features[:, :, 2] == 0).all()
    for salient in (None, truth):
        weights, _ = shipped_weights(has_saliency=salient is not None)
        assert iou(fused(crop, cut, salient, weights.pixels) > 0.5, truth > 0.5) > 0.85
