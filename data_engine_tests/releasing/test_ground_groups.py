import json

import numpy as np
import pyarrow as pa

from data_engine.releasing.ground_groups import ground_boxes, ground_groups, ground_leaks, ground_said

#: A row of three tiles that overlap, a fourth with a corner in common, one far away, and one without a place.
BOXES = np.array(
    [
        [0, 0, 0.02, 0.02],
        [0.01, 0, 0.03, 0.02],
        [0.02, 0, 0.04, 0.02],
        [0.04, 0.02, 0.06, 0.04],
        [5, 5, 5.02, 5.02],
        [np.nan] * 4,
    ]
)


def test_tiles_that_overlap_or_touch_are_one_group_through_all_that_hang_together() -> None:
    groups = ground_groups(BOXES, block_km=None)
    assert len(set(groups[:4].tolist())) == 1
    assert len(set(groups.tolist())) == 3


def test_a_group_keeps_its_number_when_other_tiles_come() -> None:
    few, many = ground_groups(BOXES[4:5], block_km=None), ground_groups(BOXES, block_km=None)
    assert few[0] == many[4]


def test_blocks_of_ground_cut_what_hangs_together() -> None:
    groups = ground_groups(BOXES, block_km=3.0)
    assert len(set(groups[:4].tolist())) > 1
    assert len(set(ground_groups(BOXES, block_km=2000.0)[:5].tolist())) == 1


def test_tiles_that_touch_one_of_another_split_are_leaks_outside_of_training() -> None:
    assert ground_leaks(BOXES, ["train"] * 6) == 0
    assert ground_leaks(BOXES, ["train", "train", "train", "test", "test", "test"]) == 1
    assert ground_leaks(BOXES, ["validation", "test", "train", "train", "test", "test"]) == 2
    said = ground_said(BOXES, np.arange(6), ["train"] * 6, block_km=2.5)
    assert said == {"block_km": 2.5, "n_groups": 6, "n_without_place": 1, "n_touching_another_split": 0}


def test_rows_say_where_they_lie_or_nothing_is_known() -> None:
    rows = pa.table({"metadata": [json.dumps({"west": 1, "south": 2, "east": 3, "north": 4}), None]})
    boxes = ground_boxes(rows)
    assert boxes is not None
    assert boxes[0].tolist() == [1, 2, 3, 4]
    assert ground_boxes(rows.slice(1)) is None
