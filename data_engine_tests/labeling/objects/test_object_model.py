from dataclasses import replace

import numpy as np
import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.objects.object_model import (
    ObjectModel,
    SeenMasks,
    chosen_masks,
    fit_object_model,
)

CLASSES = ("coin", "ring")


def image(rng: np.random.Generator, n_objects: int = 2, n_nothing: int = 4) -> SeenMasks:
    """Masks whose first feature says how good they are, and whose crops say what they are."""
    n = n_objects + n_nothing
    is_object = np.arange(n) < n_objects
    ious = np.where(is_object, rng.uniform(0.8, 0.95, n), rng.uniform(0, 0.2, n))
    classes = rng.integers(0, 2, n)
    features = np.stack([ious + rng.normal(0, 0.03, n), rng.normal(0, 1, n)], axis=1)
    vectors = rng.normal(0, 0.1, (n, 6))
    vectors[np.arange(n), np.where(is_object, classes, 2)] += 1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return SeenMasks(features.astype(np.float32), vectors.astype(np.float32), np.eye(n), ious, classes, n_objects)


@pytest.fixture(scope="module")
def model() -> ObjectModel:
    rng = np.random.default_rng(0)
    return fit_object_model([image(rng) for _ in range(12)], CLASSES, seed=1)


def test_objects_are_proposed_with_their_class_and_nothing_else_is(model: ObjectModel) -> None:
    rng = np.random.default_rng(9)
    for _ in range(5):
        seen = image(rng)
        chosen, classes, probability = model.proposed(seen)
        assert sorted(chosen) == [0, 1] and (classes[:2] == seen.classes[:2]).all()
        assert 0 < probability < 1


def test_expected_ious_follow_the_features(model: ObjectModel) -> None:
    good, bad = model.expected_ious(np.array([[0.9, 0], [0.1, 0]], dtype=np.float32))
    assert good > 0.8 and bad < 0.25


def test_an_image_without_masks_is_proposed_to_have_no_objects(model: ObjectModel) -> None:
    none = SeenMasks(
        np.zeros((0, 2), np.float32), np.zeros((0, 6), np.float32), np.zeros((0, 0)), np.zeros(0), np.zeros(0, int)
    )
    chosen, classes, probability = model.proposed(none)
    assert chosen == [] and len(classes) == 0 and probability > 0.9


def test_the_model_is_read_as_it_was_written(model: ObjectModel) -> None:
    again = ObjectModel.from_bytes(model.to_bytes())
    assert again.version == model.version
    seen = image(np.random.default_rng(2))
    assert model.proposed(seen)[2] == again.proposed(seen)[2]
    with pytest.raises(InvalidInput, match="is no model of masks"):
        ObjectModel.from_bytes(b"torn")


def test_too_few_objects_teach_nothing_and_the_message_says_how_many_there_are() -> None:
    with pytest.raises(NotEnoughData, match="2 objects were reviewed outside the hold-out, and 10 are needed"):
        fit_object_model([image(np.random.default_rng(0))], CLASSES, seed=1)


@pytest.mark.parametrize("n_nothing", [0, 4])
def test_a_grid_that_finds_none_of_the_objects_is_told_which_settings_to_change(n_nothing: int) -> None:
    rng = np.random.default_rng(0)
    images = [replace(image(rng, n_objects=0, n_nothing=n_nothing), n_objects=2) for _ in range(6)]
    with pytest.raises(
        NotEnoughData, match=r"of 12 reviewed objects the grid of points found none.*object_proposals\.sizes"
    ):
        fit_object_model(images, CLASSES, seed=1)


def test_a_probability_of_images_keeps_its_order_when_it_is_calibrated(model: ObjectModel) -> None:
    calibrated = model.calibrated([-2.0, -1.0, 0.0, 1.0, 2.0] * 4, [False, False, True, False, True] * 4)
    assert calibrated.slope > 0 and calibrated.version != model.version


def test_what_is_left_unproposed_and_might_be_an_object_makes_an_image_unsure() -> None:
    shares = np.eye(3)
    chosen, sure = chosen_masks(shares, np.array([0.95, 0.9, 0.05]), 0.5, 0.5)
    _, unsure = chosen_masks(shares, np.array([0.95, 0.9, 0.45]), 0.5, 0.5)
    assert chosen == [0, 1] and unsure < sure
    probability = 0.95 * 0.9 * 0.95
    assert sure == pytest.approx(np.log(probability / (1 - probability)))


def test_a_surer_mask_takes_out_one_of_the_same_object() -> None:
    shares = np.array([[1, 0.7], [0.7, 1]])
    assert chosen_masks(shares, np.array([0.8, 0.9]), 0.5, 0.5)[0] == [1]
