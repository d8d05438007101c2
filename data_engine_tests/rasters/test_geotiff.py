import json

import numpy as np
import rasterio
from rasterio.io import MemoryFile

from data_engine.indexing.samples import sample_id_of_bytes
from data_engine.rasters.description import DescribedTile, described
from data_engine.rasters.geotiff import geotiff_of, id_of_released, released_tile
from data_engine.rasters.preview import Stretch
from data_engine.rasters.scaling import Scaling
from data_engine.rasters.tile import GroundPlace, tile_of
from data_engine.rasters.tile_grid import Window

TIME = "2024-06-01T10:15:30+00:00"


def test_a_tile_is_a_geotiff_with_its_place_its_bands_and_its_mask() -> None:
    pixels = np.random.default_rng(0).integers(1, 9999, (4, 32, 32)).astype(np.uint16)
    is_valid = np.ones((32, 32), bool)
    is_valid[:5] = False
    tile = tile_of(pixels, is_valid, GroundPlace("EPSG:32633", 390_000, 5_820_000, 10, -10))
    found = DescribedTile(
        tile, ("blue", "green", "red", "nir"), Scaling((0,) * 4, (1,) * 4, "type"), Stretch((2,), (0,), (1,)), 0.6
    )
    content = geotiff_of(found, acquired_at=TIME)
    with MemoryFile(content) as memory, memory.open() as file:
        assert np.array_equal(file.read(), tile.pixels)
        assert np.array_equal(file.dataset_mask() > 0, is_valid)
        assert file.descriptions == found.bands
        assert (file.crs, tuple(file.bounds)) == (rasterio.crs.CRS.from_epsg(32633), tile.bounds)
        assert file.tags()["TIFFTAG_DATETIME"] == "2024:06:01 10:15:30"
    row = {
        "metadata": json.dumps(described(found, Window(0, 0, 32, 32), np.zeros((4, 2)), scene="a", acquired_at=TIME))
    }
    assert released_tile(tile.content(), row) == content
    assert id_of_released(content) == sample_id_of_bytes(tile.content())
    assert id_of_released(content[:-200]) == id_of_released(b"no tile") == ""
    assert geotiff_of(found, acquired_at="2024-06-01T10:15:30+00:00") == content
