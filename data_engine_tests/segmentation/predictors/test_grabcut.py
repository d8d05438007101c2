import cv2
import numpy as np
from drawn_objects import drawn_objects

from data_engine.segmentation.crop import Crop, checked_prompt, crop_of
from data_engine.segmentation.masks import iou
from data_engine.segmentation.predictors.grabcut import cut, grabcut, grabcut_from_box
from data_engine.segmentation.predictors.shapes import octagon
from data_engine.segmentation.simulated_clicks import simulated_points


def _crop(number: int) -> tuple[Crop, np.ndarray]:  # type: ignore[type-arg]
    one = drawn_objects(number + 1)[number]
    crop = crop_of(one.image, checked_prompt(one.image, simulated_points(one.mask), ())[0], ())
    return crop, crop.inward(one.mask) > 0.5


def test_the_octagon_and_seeds_find_the_object_again_and_again() -> None:
    crop, truth = _crop(1)
    found = grabcut(crop) > 0.5
    cv2.setRNGSeed(99)
    assert (found == (grabcut(crop) > 0.5)).all()
    assert iou(found, truth) > iou(octagon(crop) > 0.5, truth)
    assert grabcut_from_box(crop).shape == truth.shape


def test_where_nothing_credible_is_found_the_octagon_stays() -> None:
    image = np.full((100, 100, 3), 90, dtype=np.uint8)
    crop = crop_of(image, np.array([[20, 50], [50, 20], [80, 50], [50, 80]], dtype=np.float64), ())
    assert iou(grabcut(crop) > 0.5, octagon(crop) > 0.5) > 0.4


def test_what_is_sure_stays_as_it_is() -> None:
    crop, truth = _crop(0)
    labels = np.full(truth.shape, cv2.GC_PR_BGD, dtype=np.uint8)
    labels[:, :40], labels[60:70, 60:70] = cv2.GC_BGD, cv2.GC_FGD
    found = cut(crop, labels)
    assert not found[:, :40].any() and found[60:70, 60:70].all()
    assert (labels[:, :40] == cv2.GC_BGD).all()


def test_labels_of_one_side_only_are_the_answer() -> None:
    crop, truth = _crop(0)
    assert cut(crop, np.full(truth.shape, cv2.GC_PR_FGD, dtype=np.uint8)).all()
    assert not cut(crop, np.full(truth.shape, cv2.GC_BGD, dtype=np.uint8)).any()
