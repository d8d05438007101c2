import numpy as np
import pyarrow as pa
import pytest

from data_engine.errors import InvalidInput
from data_engine.rasters.footprint import box_of, boxes_in, footprints, ground_blocks, touching


def test_boxes_are_found_in_metadata_and_samples_without_a_place_have_none() -> None:
    said = ['{"a": 1, "west": -13.5, "south": 2, "east": 1e-05, "north": 3.25}', '{"west": null}', None, "{}"]
    found = boxes_in(pa.chunked_array([said[:1], said[1:]], pa.string()))
    assert found[0].tolist() == [-13.5, 2, 1e-5, 3.25]
    assert np.isnan(found[1:]).all()
    assert boxes_in(pa.chunked_array([], pa.string())).shape == (0, 4)


def test_the_corners_of_a_tile_run_against_the_clock_from_the_lower_left_one() -> None:
    (corners,) = footprints("EPSG:4326", np.array([[13.0, 52.0, 13.5, 52.25]]))
    assert corners.tolist() == [[13.0, 52.0], [13.5, 52.0], [13.5, 52.25], [13.0, 52.25]]
    assert box_of(corners.tolist()) == (13.0, 52.0, 13.5, 52.25)


def test_metres_become_degrees() -> None:
    # The middle of zone 33 at the equator is 15 degrees east; a false easting of 500 km stands for it.
    (corners,) = footprints("EPSG:32633", np.array([[500_000.0, 0.0, 501_000.0, 1_000.0]]))
    assert corners[0].tolist() == pytest.approx([15.0, 0.0], abs=1e-6)
    assert corners[2].tolist() == pytest.approx([15.00899, 0.00905], abs=1e-5)


def test_a_tile_across_the_180th_meridian_stays_in_one_piece_and_one_off_the_earth_has_no_place() -> None:
    found = footprints("EPSG:32601", np.array([[156_000.0, 0.0, 176_000.0, 9_000.0], [1e30, 1e30, 2e30, 2e30]]))
    west, _, east, _ = box_of(found[0].tolist())
    assert 179.8 < west < 180.0 < east < 180.2
    assert np.isnan(found[1]).all()


def test_an_unknown_reference_system_says_so() -> None:
    with pytest.raises(InvalidInput, match="the coordinate reference system EPSG:1 is unknown"):
        footprints("EPSG:1", np.zeros((1, 4)))


def test_tiles_side_by_side_share_a_block_and_those_far_apart_do_not() -> None:
    boxes = np.array(
        [[13.0, 52.0, 13.02, 52.02], [13.02, 52.0, 13.04, 52.02], [14.0, 52.0, 14.02, 52.02], [np.nan] * 4]
    )
    one, next_to_it, far, nowhere = ground_blocks(boxes, side_km=20)
    assert one == next_to_it != far
    assert nowhere == ""
    assert len(set(ground_blocks(boxes[:2], side_km=1))) == 2


def test_blocks_go_on_across_the_180th_meridian() -> None:
    boxes = np.array([[179.99, 0.0, 180.01, 0.02], [-179.999, 0.0, -179.99, 0.02]])
    assert len(set(ground_blocks(boxes, side_km=50))) == 1


def test_tiles_that_overlap_or_have_a_side_in_common_touch() -> None:
    boxes = np.array([[0, 0, 1, 1], [1, 0, 2, 1], [0.5, 0.5, 1.5, 1.5], [5, 5, 6, 6], [np.nan] * 4], float)
    assert touching(boxes) == [(0, 1), (0, 2), (1, 2)]
    assert touching(boxes, margin=4.0) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert touching(boxes[4:]) == []
