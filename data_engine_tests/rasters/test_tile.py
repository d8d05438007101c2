import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.rasters.tile import GroundPlace, Tile, read_tile, tile_of

HERE = GroundPlace("EPSG:32633", 390_000.0, 5_820_000.0, 10.0, -10.0)


def _tile(dtype: str = "uint16", place: GroundPlace = HERE) -> Tile:
    pixels = np.arange(2 * 3 * 5).reshape(2, 3, 5).astype(dtype)
    is_valid = np.ones((3, 5), bool)
    is_valid[1, 2] = False
    return tile_of(pixels, is_valid, place)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
def test_a_tile_is_the_same_again_by_its_bytes(dtype: str) -> None:
    tile = _tile(dtype)
    again = read_tile(tile.content())
    assert np.array_equal(again.pixels, tile.pixels)
    assert again.pixels.dtype == tile.pixels.dtype
    assert np.array_equal(again.is_valid, tile.is_valid)
    assert again.place == HERE


def test_what_a_file_fills_its_gaps_with_is_not_part_of_a_tile() -> None:
    tile = _tile()
    assert tile.pixels[:, 1, 2].tolist() == [0, 0]
    other = tile.pixels.copy()
    other[:, 1, 2] = 999
    assert tile_of(other, tile.is_valid, HERE).content() == tile.content()


def test_the_bytes_tell_places_apart_but_not_the_last_digits_of_sums() -> None:
    nearly = GroundPlace("EPSG:32633", 390_000.0 + 1e-9, 5_820_000.0, 10.0, -10.0)
    assert _tile(place=nearly).content() == _tile().content()
    for other in (
        GroundPlace("EPSG:32633", 390_010.0, 5_820_000.0, 10.0, -10.0),
        GroundPlace("EPSG:32634", *list(vars(HERE).values())[1:]),
    ):
        assert _tile(place=other).content() != _tile().content()


def test_a_big_endian_tile_has_the_bytes_of_a_little_endian_one() -> None:
    tile = _tile()
    swapped = Tile(tile.pixels.astype(">u2"), tile.is_valid, HERE)
    assert swapped.content() == tile.content()


def test_bounds_and_the_share_without_data() -> None:
    assert _tile().bounds == (390_000.0, 5_819_970.0, 390_050.0, 5_820_000.0)
    assert _tile().nodata_share == pytest.approx(1 / 15)


@pytest.mark.parametrize("content", [b"", b"P6\n", b"raster-tile-1\n{}\n", b"raster-tile-1\n[", _tile().content()[:-1]])
def test_bytes_that_are_no_tile_say_so(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="are no tile of a raster"):
        read_tile(content)
