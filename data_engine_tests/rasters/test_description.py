import json

import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.rasters.description import DescribedTile, band_places, described, described_tile
from data_engine.rasters.preview import Stretch
from data_engine.rasters.scaling import Scaling
from data_engine.rasters.tile import GroundPlace, tile_of
from data_engine.rasters.tile_grid import Window

TILE = tile_of(
    np.arange(18, dtype=np.uint16).reshape(2, 3, 3), np.eye(3) < 1, GroundPlace("EPSG:4326", 13.0, 52.0, 0.5, -0.25)
)
FOUND = DescribedTile(TILE, ("red", "nir"), Scaling((0, 0), (20, 20), "settings"), Stretch((1,), (1,), (9,)), 0.6)
CORNERS = np.array([[13.0, 51.25], [14.5, 51.25], [14.5, 52.0], [13.0, 52.0]])


def test_the_metadata_say_where_when_and_what_and_the_tile_is_found_again_by_them() -> None:
    said = described(FOUND, Window(6, 9, 3, 3), CORNERS, scene="a.tif", acquired_at="2024-06-01T00:00:00+00:00")
    expected = {
        "scene": "a.tif", "left_px": 6, "top_px": 9, "crs": "EPSG:4326", "bounds": [13.0, 51.25, 14.5, 52.0],
        "west": 13.0, "south": 51.25, "east": 14.5, "north": 52.0, "bands": ["red", "nir"], "dtype": "uint16",
    }  # fmt: skip
    assert {name: said[name] for name in expected} == expected
    assert said["nodata_share"] == pytest.approx(1 / 3, abs=1e-6)
    again = described_tile(TILE.content(), json.dumps(said))
    assert (again.bands, again.scaling, again.stretch, again.cloud_brightness) == (
        FOUND.bands, FOUND.scaling, FOUND.stretch, 0.6,
    )  # fmt: skip
    assert np.array_equal(again.preview(), FOUND.preview())


def test_a_tile_that_is_nowhere_on_the_earth_has_no_longitude() -> None:
    said = described(FOUND, Window(0, 0, 3, 3), np.full((4, 2), np.nan), scene="a.tif", acquired_at=None)
    assert (said["west"], said["footprint"], said["acquired_at"]) == (None, None, None)


@pytest.mark.parametrize("metadata", ["{}", '{"bands": ["red"], "scaling": {}}'])
def test_metadata_of_another_kind_say_so(metadata: str) -> None:
    with pytest.raises(InvalidInput, match="is of no tile of a raster"):
        described_tile(TILE.content(), metadata)


def test_bands_are_found_by_name() -> None:
    assert band_places(("red", "nir"), ("nir", "red")) == [1, 0]
    with pytest.raises(InvalidInput, match="there is no band swir; the bands are red, nir"):
        band_places(("red", "nir"), ("swir",))
