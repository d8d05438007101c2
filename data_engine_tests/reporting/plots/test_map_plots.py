import json

import numpy as np
import pyarrow as pa

from data_engine.reporting.plots.map_plots import ground_map, map_plot

BOXES = np.array([[x / 10, 50 + y / 10, (x + 1) / 10, 50 + (y + 1) / 10] for x in range(10) for y in range(4)])


def _raw(boxes: list) -> pa.Table:
    said = [json.dumps(dict(zip(("west", "south", "east", "north"), box, strict=True))) for box in boxes]
    return pa.table({"sample_id": [str(n) for n in range(len(boxes))], "metadata": said})


def test_a_map_says_where_all_tiles_lie_and_how_many_blocks_the_subset_is_in() -> None:
    plot = ground_map(_raw(BOXES.tolist()), pa.chunked_array([["0", "39", "unknown"]]))
    assert plot is not None
    assert plot.text == (
        "Where 40 tiles lie, from 0.00 to 1.00 degrees of longitude and from 50.00 to 50.40 degrees of latitude: the 2 "
        "of the balanced subset are in 2 of the 40 blocks of 3.2 km that have tiles."
    )
    drawn = [dots.get_offsets() for dots in plot.figure.axes[0].collections]
    assert [len(dots) for dots in drawn] == [38, 2]
    assert np.asarray(drawn[1]).round(3).tolist() == [[0.05, 50.05], [0.95, 50.35]]


def test_a_tile_that_lies_in_two_scenes_is_one_point() -> None:
    raw = pa.concat_tables([_raw(BOXES[:3].tolist()), _raw(BOXES[:2].tolist())])
    plot = ground_map(raw, pa.chunked_array([["1"]]))
    assert plot is not None
    assert [len(dots.get_offsets()) for dots in plot.figure.axes[0].collections] == [2, 1]


def test_a_million_tiles_are_some_thousand_points_and_a_single_one_is_a_map_too() -> None:
    many = np.repeat(BOXES, 100, axis=0)
    plot = map_plot(many, np.arange(len(many)) % 2 == 0)
    assert [len(dots.get_offsets()) for dots in plot.figure.axes[0].collections] == [1_500, 1_500]
    assert len(map_plot(BOXES[:1], np.array([True])).svg()) > 100


def test_samples_without_a_place_make_no_map() -> None:
    assert ground_map(_raw([[None] * 4]), pa.chunked_array([["0"]])) is None


def test_no_tiles_are_a_sentence() -> None:
    assert map_plot(np.empty((0, 4)), np.empty(0, bool)).text == "no tile has a place yet"
