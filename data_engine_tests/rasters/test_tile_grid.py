import pytest

from data_engine.errors import InvalidInput
from data_engine.rasters.tile_grid import Window, n_windows, window_of, windows


def test_the_last_tile_of_a_row_is_moved_back_to_the_edge_so_that_no_pixel_is_left_out() -> None:
    found = list(windows(100, 64, side_px=64, step_px=32))
    assert [(window.left_px, window.top_px) for window in found] == [(0, 0), (32, 0), (36, 0)]
    assert {window[2:] for window in found} == {(64, 64)}


def test_a_scene_that_tiles_fill_has_no_further_one() -> None:
    assert [window.top_px for window in windows(64, 192, side_px=64, step_px=64)] == [0, 64, 128]
    assert n_windows(128, 192, side_px=64, step_px=64) == 6
    assert n_windows(2_000_000_000, 2_000_000_000, side_px=256, step_px=256) == 7_812_500**2


def test_a_scene_smaller_than_a_tile_says_so() -> None:
    with pytest.raises(InvalidInput, match=r"has 63 x 90 px, less than a tile of 64 px; lower source\.tile_px"):
        list(windows(63, 90, side_px=64, step_px=64))
    assert n_windows(63, 90, side_px=64, step_px=64) == 0


def test_a_window_is_found_again_by_its_name_and_nothing_else_is_one() -> None:
    assert window_of(Window(1, 2, 3, 4).name) == Window(1, 2, 3, 4)
    for name in ("window=1,2,3", "window=-1,2,3,4", "1,2,3,4", "window=1,2,3,4,5"):
        with pytest.raises(InvalidInput, match="is no window"):
            window_of(name)
