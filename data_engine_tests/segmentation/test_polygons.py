from itertools import pairwise

import numpy as np
import pytest
from drawn_masks import Mask, any_masks, from_rows
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import Polygon as Shape

from data_engine.errors import InvalidInput
from data_engine.segmentation import to_mask, to_polygons
from data_engine.segmentation.masks import iou
from data_engine.segmentation.polygons import signed_area


@settings(max_examples=80, deadline=None)
@given(any_masks(), st.sampled_from([0.5, 0.9, 0.95, 0.97, 1.0]))
def test_polygons_agree_with_every_mask_as_far_as_asked(mask: Mask, min_iou: float) -> None:
    polygons = to_polygons(mask, min_iou=min_iou)
    assert iou(to_mask(polygons, mask.shape), mask) >= min_iou
    outlines = [number for number, ring in enumerate(polygons) if signed_area(ring) > 0]
    for first, after in pairwise([*outlines, len(polygons)]):
        assert Shape(polygons[first], polygons[first + 1 : after]).is_valid


def test_a_pixel_is_the_square_of_its_corners() -> None:
    (square,) = to_polygons(from_rows("...", ".#."))
    assert sorted(map(tuple, square.tolist())) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert signed_area(square) == 1


def test_a_thin_line_and_the_whole_image_are_rectangles() -> None:
    assert [ring.tolist() for ring in to_polygons(from_rows("#####"))] == [[[0, 0], [5, 0], [5, 1], [0, 1]]]
    assert [len(ring) for ring in to_polygons(np.ones((40, 30)))] == [4]


def test_holes_stand_behind_their_outline_and_run_the_other_way() -> None:
    mask = from_rows("#####....", "#...#.##.", "#.#.#.##.", "#...#....", "#####....")
    polygons = to_polygons(mask, min_iou=1)
    assert [signed_area(ring) for ring in polygons] == [25, -9, 4, 1]


def test_pixels_that_touch_at_a_corner_are_rings_of_their_own() -> None:
    assert [signed_area(ring) for ring in to_polygons(from_rows("#.", ".#"), min_iou=1)] == [1, 1]


def test_a_disc_needs_few_vertices() -> None:
    rows, columns = np.mgrid[:300, :300]
    disc = (rows - 150) ** 2 + (columns - 140) ** 2 < 120**2
    assert [len(to_polygons(disc, min_iou=share)[0]) for share in (0.9, 0.95)] == [8, 12]
    assert len(to_polygons(disc, min_iou=1)[0]) > 300


def test_nothing_has_no_polygon() -> None:
    assert to_polygons(np.zeros((4, 4))) == []
    assert not to_mask([], (4, 4)).any()


def test_a_pixel_is_inside_where_its_centre_is() -> None:
    triangle = np.array([[0, 0], [4, 0], [0, 4]])
    assert (to_mask([triangle], (4, 5)) == from_rows("###..", "##...", "#....", ".....")).all()


def test_what_lies_outside_the_image_is_cut_off() -> None:
    around = np.array([[-9, -9], [99, -9], [99, 99], [-9, 99]])
    assert to_mask([around], (3, 4)).all()
    assert not to_mask([around + 200], (3, 4)).any()


@pytest.mark.parametrize(
    ("polygon", "said"),
    [
        (np.zeros((2, 2)), r"polygon 0 has the shape \(2, 2\)"),
        (np.zeros((3, 3)), r"polygon 0 has the shape \(3, 3\)"),
        (np.array([[0, 0], [1, 0], [np.nan, 1]]), "polygon 0 has a vertex that is not finite"),
    ],
)
def test_what_is_no_polygon_is_refused(polygon: NDArray[np.float64], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        to_mask([polygon], (3, 3))


@pytest.mark.parametrize("min_iou", [0, 1.2, float("nan")])
def test_a_share_is_above_0_and_at_most_1(min_iou: float) -> None:
    with pytest.raises(InvalidInput, match="min_iou is"):
        to_polygons(np.ones((2, 2)), min_iou=min_iou)


def test_an_image_needs_a_pixel() -> None:
    with pytest.raises(InvalidInput, match="0 x 3 pixels"):
        to_mask([], (0, 3))
