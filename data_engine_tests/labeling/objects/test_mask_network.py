import pytest
from drawn_objects import drawn_objects

from data_engine.errors import NotEnoughData
from data_engine.labeling.objects.mask_network import train_masks
from data_engine.segmentation import load_segmenter
from data_engine.segmentation.predictors.network import Reviewed

#: In so much noise colours say little of an object; its usual form says much.
NOISY = [Reviewed(one.image, one.mask) for one in drawn_objects(60, noise=200)]
CLEAR = [Reviewed(one.image, one.mask) for one in drawn_objects(60)]


def test_a_network_takes_over_where_it_is_better_on_masks_that_it_has_not_seen() -> None:
    found = train_masks(NOISY[:40], NOISY[40:], in_service=load_segmenter("grabcut"), seed=0, n_rounds=3)
    assert found.comparison and found.low > 0 and found.ious.mean() > found.ious_in_service.mean()
    assert found.comparison.reason.endswith(": better")


def test_where_it_is_not_better_what_was_in_service_stays() -> None:
    found = train_masks(CLEAR[:40], CLEAR[40:], in_service=load_segmenter("grabcut"), seed=0, n_rounds=1)
    assert not found.comparison and found.low <= 0
    assert "not better beyond the interval, so grabcut-2 stays in service" in found.comparison.reason
    assert len(found.ious) == len(found.ious_in_service) == 20


def test_few_objects_are_not_compared() -> None:
    segmenter = load_segmenter("box")
    with pytest.raises(NotEnoughData, match="39 reviewed objects are too few to train on; have at least 40 answered"):
        train_masks(CLEAR[:39], CLEAR[40:], in_service=segmenter, seed=0)
    with pytest.raises(NotEnoughData, match="19 reviewed objects are too few to compare by"):
        train_masks(CLEAR[:40], CLEAR[41:], in_service=segmenter, seed=0)
