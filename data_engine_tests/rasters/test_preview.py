import numpy as np
import pytest

from data_engine.rasters.preview import Stretch, preview, shown_bands, stretch_of
from data_engine.rasters.settings import Raster
from data_engine.rasters.tile import GroundPlace, tile_of

HERE = GroundPlace("EPSG:32633", 0, 0, 1, -1)


@pytest.mark.parametrize(
    ("said", "names", "bands"),
    [
        ((), ("blue", "green", "red", "nir"), (2, 1, 0)),
        ((), ("B02", "B03", "B04", "B08"), (2, 1, 0)),
        ((), ("b1", "b2", "b3", "b4"), (0, 1, 2)),
        ((), ("vv", "vh"), (0,)),
        (("nir", "red", "green"), ("blue", "green", "red", "nir"), (3, 2, 1)),
        (("vh",), ("vv", "vh"), (1,)),
    ],
)
def test_the_bands_that_are_shown(said: tuple, names: tuple, bands: tuple) -> None:
    assert shown_bands(Raster(preview_bands=said or None), names) == bands


def test_a_band_that_a_scene_lacks_cannot_be_shown() -> None:
    with pytest.raises(
        ValueError, match=r"has no band called nir, which source\.raster\.preview_bands names; it has a, b"
    ):
        shown_bands(Raster(preview_bands=("nir",)), ("a", "b"))


def test_percentiles_become_black_and_white() -> None:
    values = np.stack([np.arange(101.0), np.arange(101.0) * 2])
    assert stretch_of((1, 0), (2, 98), values) == Stretch((1, 0), (4, 2), (196, 98))
    assert stretch_of((0,), (2, 98), np.empty((2, 0))) == Stretch((0,), (0,), (1,))


def test_values_beyond_the_stretch_are_black_or_white_and_what_is_missing_is_black() -> None:
    pixels = np.array([[[0, 10, 15, 20, 99]]], np.uint16)
    tile = tile_of(pixels, np.array([[True] * 4 + [False]]), HERE)
    shades = preview(tile, Stretch((0,), (10,), (20,)))
    assert shades.shape == (1, 5, 3)
    assert shades[0, :, 0].tolist() == [0, 0, 128, 255, 0]
    assert (shades == shades[..., :1]).all()


def test_one_value_everywhere_is_middle_grey() -> None:
    tile = tile_of(np.full((1, 2, 2), 7, np.uint8), np.ones((2, 2), bool), HERE)
    assert set(preview(tile, Stretch((0,), (7,), (7,))).ravel()) == {128}
