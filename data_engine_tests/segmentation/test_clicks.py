import numpy as np
import pytest
from drawn_objects import drawn_objects

from data_engine.segmentation import load_segmenter
from data_engine.segmentation.crop import Crop
from data_engine.segmentation.masks import iou
from data_engine.segmentation.segmenter import Segmenter
from data_engine.segmentation.simulated_clicks import corrective_click, simulated_points


@pytest.mark.parametrize("name", ["grabcut", "octagon", "chooser-without-saliency"])
def test_correct_clicks_never_lower_the_mean_agreement(name: str) -> None:
    segmenter = load_segmenter(name)
    reached = []
    for one in drawn_objects(6, noise=90):
        points = simulated_points(one.mask, tremor_px=2, seed=1)
        mask, clicks = segmenter.predict(one.image, points), []
        row = [iou(mask, one.mask)]
        for _ in range(3):
            click = corrective_click(mask, one.mask)
            if click is not None:
                clicks.append(click)
                mask = segmenter.predict(one.image, points, clicks, mask)
            row.append(iou(mask, one.mask))
        reached.append(row)
    means = np.mean(reached, axis=0)
    assert (np.diff(means) >= 0).all(), means
    assert means[-1] > means[0]


def test_a_click_changes_only_the_region_that_it_lies_in() -> None:
    image = np.full((90, 90, 3), 30, dtype=np.uint8)
    image[20:70, 20:70] = (220, 80, 60)
    image[35:55, 35:55] = 30
    points = [[20, 45], [45, 20], [70, 45], [45, 70]]
    segmenter = load_segmenter("box")
    before = segmenter.predict(image, points)
    after = segmenter.predict(image, points, [(45.5, 45.5, False)], before)
    changed = before != after
    rows, columns = np.nonzero(changed)
    assert min(rows.min(), columns.min()) >= 34 and max(rows.max(), columns.max()) <= 55
    assert changed.sum() > 200


def test_a_click_that_says_what_the_mask_says_changes_nothing() -> None:
    one = drawn_objects(1)[0]
    points = simulated_points(one.mask)
    before = one.mask.copy()
    assert (load_segmenter("grabcut").predict(one.image, points, [(60, 60, True)], before) == before).all()


def test_all_clicks_at_once_give_what_they_give_in_turn() -> None:
    one = drawn_objects(1)[0]
    segmenter, points = load_segmenter("grabcut"), simulated_points(one.mask)
    clicks = [(61.0, 61.0, False), (20.0, 60.0, True)]
    mask = segmenter.predict(one.image, points, clicks[:1])
    assert (segmenter.predict(one.image, points, clicks) == segmenter.predict(one.image, points, clicks, mask)).all()
    assert not mask[61, 61]


def test_a_predictor_that_takes_clicks_is_asked_within_the_region_only() -> None:
    def everything_once_clicked(crop: Crop) -> np.ndarray:  # type: ignore[type-arg]
        return np.full(crop.pixels.shape[:2], 1.0 if crop.clicks else 0.0, dtype=np.float32)

    segmenter = Segmenter("own", "own-1", everything_once_clicked, takes_clicks=True)
    previous = np.zeros((50, 50), dtype=np.bool_)
    previous[10:20, 10:40] = True
    image = np.zeros((50, 50, 3), dtype=np.uint8)
    after = segmenter.predict(image, [[10, 15], [20, 10], [40, 15], [20, 40]], [(25, 30, True)], previous)
    assert after[30, 25] and after[10:20, 10:40].all()
    assert after.sum() > 300 + 100
