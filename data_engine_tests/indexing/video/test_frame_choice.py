import numpy as np
import pytest

from data_engine.indexing.video.frame_choice import FrameChoice, FrameChooser, difference


def _taken(choice: FrameChoice, times: list[float]) -> list[float]:
    chooser = FrameChooser(choice)
    return [time for time in times if chooser.takes(time)]


def test_the_first_frame_of_each_step_is_taken_and_a_gap_costs_no_other() -> None:
    assert _taken(FrameChoice(step_s=1.0), [0, 0.4, 0.8, 1.2, 1.6, 2.0, 5.5, 5.9, 6.1]) == [0, 1.2, 2.0, 5.5, 6.1]


def test_time_stamps_that_are_rounded_to_milliseconds_are_met() -> None:
    thirds = [0, 0.033, 0.067, 0.1, 0.133, 0.167, 0.2]
    assert _taken(FrameChoice(step_s=1 / 15), thirds) == [0, 0.067, 0.133, 0.2]


def test_a_scene_begins_where_the_difference_reaches_the_limit() -> None:
    chooser = FrameChooser(FrameChoice(step_s=None, scene_change=0.5, scene_gap_s=0))
    greys = [np.full((2, 2, 3), grey, np.uint8) for grey in (0, 100, 255, 0)]
    assert [chooser.takes(float(at), grey) for at, grey in enumerate(greys)] == [True, False, True, True]
    assert difference(greys[0].astype(np.int16), greys[2].astype(np.int16)) == 1.0


def test_changes_of_scene_need_the_small_frame() -> None:
    with pytest.raises(TypeError, match="changes of scene are found by comparing small frames"):
        FrameChooser(FrameChoice(step_s=None, scene_change=0.5)).takes(0.0)
