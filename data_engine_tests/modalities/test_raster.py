"""Ten tiles of two scenes for the contract of all modalities, and files that no tiles can be cut from."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from drawn_land import land
from drawn_scenes import write_scene

_SIDE_PX = 32


def write_samples(folder: Path) -> dict[str, Any]:
    """Ten samples, of which the last has the pixels of the first at another place; gives what describes them."""
    ground = land(np.arange(9).reshape(3, 3), _SIDE_PX, seed=0)
    write_scene(folder / "a.tif", ground, names=("blue", "green", "red", "nir"))
    write_scene(folder / "b.tif", ground[:, :_SIDE_PX, :_SIDE_PX], corner=(450_000.0, 5_700_000.0))
    raster = {"bands": ["blue", "green", "red", "nir"], "value_range": [0, 10_000]}
    splits = {"train": 0.5, "validation": 0, "test": 0.5, "ground_block_km": 0.3}
    source = {"kind": "raster_tiles", "path": str(folder), "tile_px": _SIDE_PX, "raster": raster}
    return {"source": source, "release": {"splits": splits}}


def write_bad(folder: Path) -> None:
    """Files that cannot be read: cut off, a text under a wrong ending, one without a place, and one of two bands."""
    (folder / "bad_cut.tif").write_bytes((folder / "a.tif").read_bytes()[:500])
    (folder / "bad_ending.tif").write_text("no scene", "utf-8")
    pixels = np.ones((4, _SIDE_PX, _SIDE_PX), np.uint16)
    write_scene(folder / "bad_place.tif", pixels, crs=None)
    write_scene(folder / "bad_bands.tif", pixels[:2])


def test_the_second_scene_has_the_pixels_of_the_first_tile_elsewhere(tmp_path: Path) -> None:
    write_samples(tmp_path)
    with rasterio.open(tmp_path / "a.tif") as first, rasterio.open(tmp_path / "b.tif") as last:
        assert np.array_equal(first.read(window=((0, _SIDE_PX), (0, _SIDE_PX))), last.read())
        assert first.transform != last.transform
