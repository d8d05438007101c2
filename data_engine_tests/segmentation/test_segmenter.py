import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.segmentation import load_segmenter
from data_engine.segmentation.crop import Crop
from data_engine.segmentation.segmenter import Segmenter

IMAGE = np.zeros((60, 100, 3), dtype=np.uint8)
POINTS = [[20, 30], [50, 10], [80, 30], [50, 50]]


def _gives(*values: float) -> Segmenter:
    def predict(crop: Crop) -> np.ndarray:  # type: ignore[type-arg]
        height, width = crop.pixels.shape[:2]
        return np.resize(np.array(values, dtype=np.float32), (height, width))

    return Segmenter("own", "own-1", predict)


def test_nothing_lies_outside_the_box_of_the_points() -> None:
    mask = _gives(1).predict(IMAGE, POINTS)
    rows, columns = np.nonzero(mask)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (19, 9, 80, 50)


def test_a_predictor_that_finds_nothing_says_so() -> None:
    with pytest.raises(InvalidInput, match="the segmenter 'own' finds nothing between the points"):
        _gives(0).predict(IMAGE, POINTS)


def test_a_broken_predictor_is_named() -> None:
    with pytest.raises(InvalidInput, match="the segmenter 'own' gave"):
        _gives(np.nan).predict(IMAGE, POINTS)
    wrong = Segmenter("own", "own-1", lambda crop: np.zeros((3, 3), dtype=np.float32))
    with pytest.raises(InvalidInput, match=r"the segmenter 'own' gave \(3, 3\) values for \(119, 160\) pixels"):
        wrong.predict(IMAGE, POINTS)


def test_a_previous_mask_belongs_to_the_image() -> None:
    with pytest.raises(InvalidInput, match=r"the previous mask has \(3, 3\) pixels and the image \(60, 100\)"):
        _gives(1).predict(IMAGE, POINTS, [], np.zeros((3, 3)))


def test_an_image_that_is_too_large_is_refused_before_any_work() -> None:
    huge = np.broadcast_to(np.zeros(3, dtype=np.uint8), (30_000, 30_000, 3))
    with pytest.raises(InvalidInput, match="the image has 30,000 x 30,000 pixels, and at most 400,000,000"):
        load_segmenter("box").predict(huge, POINTS)


def test_an_image_of_a_great_length_is_segmented() -> None:
    long = np.broadcast_to(np.zeros(3, dtype=np.uint8), (40, 30_000, 3))
    mask = load_segmenter("grabcut").predict(long, [[10, 20], [15_000, 2], [29_990, 20], [15_000, 38]])
    assert mask.shape == (40, 30_000) and mask.any()


@pytest.mark.parametrize("name", ["box", "ellipse", "quadrilateral", "octagon", "grabcut", "chooser-without-saliency"])
@pytest.mark.parametrize(
    "points",
    [
        [[5, 5], [5, 5], [6, 5], [5, 6]],
        [[10, 30], [10, 30], [90, 30], [90, 30]],
        [[50, 30], [50, 10], [50, 30], [50, 50]],
        [[0, 0], [0, 0], [100, 60], [100, 60]],
    ],
    ids=["a pixel", "a line across", "a line down", "the diagonal"],
)
def test_the_thinnest_objects_have_a_mask(name: str, points: list[list[float]]) -> None:
    assert load_segmenter(name).predict(IMAGE, points).any()
