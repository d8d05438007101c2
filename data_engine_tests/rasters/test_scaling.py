import numpy as np
import pytest

from data_engine.rasters.scaling import Scaling, scaling_of
from data_engine.rasters.settings import Raster
from data_engine.rasters.tile import GroundPlace, tile_of

NONE = ((1.0, 0.0),) * 2
VALUES = np.arange(202.0).reshape(2, 101)


@pytest.mark.parametrize(
    ("said", "dtype", "scales", "expected"),
    [
        ({"value_range": (0, 10_000)}, "uint16", NONE, Scaling((0, 0), (10_000, 10_000), "settings")),
        ({}, "uint8", NONE, Scaling((0, 0), (255, 255), "type")),
        ({}, "int8", NONE, Scaling((-128, -128), (127, 127), "type")),
        ({}, "uint16", ((0.5, 0.0), (0.25, -0.5)), Scaling((0, 2), (2, 6), "file")),
        ({}, "float32", NONE, Scaling((2.01, 2.01), (198.99, 198.99), "scene")),
    ],
)
def test_the_range_of_values_and_who_says_so(said: dict, dtype: str, scales: tuple, expected: Scaling) -> None:
    found = scaling_of(Raster(**said), dtype, scales, VALUES)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert found.origin == expected.origin
    assert found.is_absolute == (expected.origin != "scene")


def test_a_scene_without_values_and_one_of_a_single_value_can_be_scaled() -> None:
    assert scaling_of(Raster(), "float32", NONE, np.empty((2, 0))) == Scaling((0, 0), (1, 1), "scene")
    assert scaling_of(Raster(), "float32", NONE, np.full((2, 9), 7.0)) == Scaling((7, 7), (8, 8), "scene")


def test_values_become_shares_of_their_range_and_what_is_missing_stays_so() -> None:
    pixels = np.array([[[0, 5, 20]], [[10, 10, 10]]], np.int16)
    tile = tile_of(pixels, np.array([[True, True, False]]), GroundPlace("EPSG:32633", 0, 0, 1, -1))
    found = Scaling((0, 0), (10, 5), "settings").scaled(tile)
    assert found[:, 0, :2].tolist() == [[0, 0.5], [1, 1]]
    assert np.isnan(found[:, 0, 2]).all()
    assert found.dtype == np.float32
