from pathlib import Path

import numpy as np
import pytest
from drawn_scenes import noise, write_scene

from data_engine.rasters.cutting import CutTile, cut_scene
from data_engine.rasters.description import described_tile
from data_engine.rasters.settings import Raster


def _cut(path: Path, *, side_px: int = 32, step_px: int = 32, **said: object) -> list[CutTile]:
    return list(cut_scene(path, path.name, path.stat().st_size, Raster(**said), side_px=side_px, step_px=step_px))


def test_the_tiles_of_a_scene_have_its_pixels_place_and_time(tmp_path: Path) -> None:
    pixels = noise(4, 64, 96)
    path = write_scene(
        tmp_path / "a.tif",
        pixels,
        names=("blue", "green", "red", "nir"),
        tags={"TIFFTAG_DATETIME": "2024:06:01 10:15:30"},
    )
    found = _cut(path, value_range=(0, 10_000))
    assert [tile.window.name for tile in found] == [f"window={x},{y},32,32" for y in (0, 32) for x in (0, 32, 64)]
    last = described_tile(found[-1].content, found[-1].metadata)
    assert np.array_equal(last.tile.pixels, pixels[:, 32:, 64:])
    assert last.tile.bounds == (390_640.0, 5_819_360.0, 390_960.0, 5_819_680.0)
    assert (last.bands, last.stretch.bands) == (("blue", "green", "red", "nir"), (2, 1, 0))
    said = found[-1].metadata
    assert (said["scene"], said["acquired_at"]) == ("a.tif", "2024-06-01T10:15:30+00:00")
    assert 13.37 < said["west"] < said["east"] < 13.41
    assert 52.51 < said["south"] < said["north"] < 52.53
    assert np.array_equal(found[-1].preview, last.preview())


def test_overlapping_windows_share_pixels_but_are_other_tiles(tmp_path: Path) -> None:
    found = _cut(write_scene(tmp_path / "a.tif", noise(1, 32, 64)), step_px=16)
    assert [tile.window.left_px for tile in found] == [0, 16, 32]
    assert len({tile.content for tile in found}) == 3


def test_the_same_pixels_at_the_same_place_are_the_same_tile_in_another_scene(tmp_path: Path) -> None:
    pixels = noise(2, 64, 64)
    whole = _cut(write_scene(tmp_path / "a.tif", pixels))
    part = _cut(write_scene(tmp_path / "b.tif", pixels[:, 32:, :], corner=(390_000.0, 5_820_000.0 - 320)))
    assert [tile.content for tile in part] == [tile.content for tile in whole[2:]]


def test_a_stretch_over_the_scene_compares_tiles_and_one_over_each_tile_does_not(tmp_path: Path) -> None:
    pixels = np.concatenate([noise(1, 32, 32, top=100), noise(1, 32, 32, top=100) + 5000], axis=2)
    path = write_scene(tmp_path / "a.tif", pixels.astype("uint16"))
    dark, bright = _cut(path)
    assert dark.preview.mean() < 10 < 240 < bright.preview.mean()
    dark, bright = _cut(path, stretch_over="tile")
    assert dark.preview.mean() == pytest.approx(bright.preview.mean(), abs=15)


@pytest.mark.parametrize(
    ("side_px", "step_px", "said", "why"),
    [
        (128, 128, {}, r"has 96 x 64 px, less than a tile of 128 px; lower source\.tile_px"),
        (32, 32, {"preview_bands": ("nir",)}, "has no band called nir"),
        (60_000, 60_000, {}, "makes tiles of 14,400,000,000 bytes, more than 268,435,456; lower source"),
    ],
)
def test_a_scene_that_cannot_be_cut_so_says_why(
    tmp_path: Path, side_px: int, step_px: int, said: dict, why: str
) -> None:
    (only,) = _cut(write_scene(tmp_path / "a.tif", noise(2, 64, 96)), side_px=side_px, step_px=step_px, **said)
    assert only.window is None
    import re

    assert re.search(why, only.error or "")


def test_a_scene_of_too_many_tiles_says_so_before_it_is_read(tmp_path: Path) -> None:
    path = write_scene(
        tmp_path / "a.tif", np.ones((1, 2000, 2000), "uint8"), blockxsize=2000, blockysize=2000, tiled=False
    )
    (only,) = _cut(path, side_px=16, step_px=1)
    assert "makes 3,940,225 tiles, more than 1,000,000; raise source.tile_px" in (only.error or "")


def test_the_windows_of_a_truncated_scene_that_are_there_are_tiles(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", noise(1, 128, 128), compress=None)
    path.write_bytes(path.read_bytes()[: 64 * 64 * 2 * 3])
    found = _cut(path, side_px=64, step_px=64)
    assert [tile.error is None for tile in found] == [True, True, False, False]
    assert "the pixels of window=0,64,64,64 cannot be read" in (found[2].error or "")


def test_tiles_of_a_scene_without_any_data_are_tiles_too(tmp_path: Path) -> None:
    (only,) = _cut(write_scene(tmp_path / "a.tif", np.zeros((1, 32, 32), "uint16"), nodata=0))
    assert only.metadata["nodata_share"] == 1.0
    assert not only.preview.any()
