import numpy as np
import pytest

from data_engine.segmentation.crop import Crop, checked_prompt, crop_of
from data_engine.segmentation.predictors.shapes import (
    box,
    ellipse,
    octagon,
    octagon_of,
    quadrilateral,
    within_box,
)


@pytest.fixture
def crop() -> Crop:
    """A crop of 160 x 160 px whose points span the box from 20 to 140."""
    image = np.zeros((400, 400, 3), dtype=np.uint8)
    points, _ = checked_prompt(image, [[100, 200], [200, 100], [300, 200], [200, 300]], ())
    found = crop_of(image, points, ())
    assert found.pixels.shape == (160, 160, 3)
    return found


def test_areas_of_the_shapes(crop: Crop) -> None:
    side = float(crop.points[2, 0] - crop.points[0, 0])
    shares = [float(shape(crop).sum()) / side**2 for shape in (box, ellipse, quadrilateral, octagon)]
    # Of the octagon each corner lacks a triangle of three eighths times three eighths of the side, halved.
    assert shares == pytest.approx([1, np.pi / 4, 0.5, 1 - 4 * (3 / 8) ** 2 / 2], abs=0.02)


def test_the_octagon_stays_in_the_box() -> None:
    points = np.array([[0, 2], [4, 0], [80, 30], [79, 40]], dtype=np.float64)
    found = octagon_of(points)
    assert found[0].tolist() == [0, 7] and found[1].tolist() == [0, 0]
    assert (found.min(axis=0) == (0, 0)).all() and (found.max(axis=0) == (80, 40)).all()


def test_slack_widens_the_box(crop: Crop) -> None:
    assert within_box(crop, 0).sum() < within_box(crop, 2).sum() < 160 * 160
