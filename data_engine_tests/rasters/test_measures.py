import numpy as np
import pytest

from data_engine.rasters.description import DescribedTile
from data_engine.rasters.measures import RasterMeasures, local_deviation, measures_of
from data_engine.rasters.preview import Stretch
from data_engine.rasters.scaling import Origin, Scaling
from data_engine.rasters.tile import GroundPlace, tile_of


def _measured(
    shares: object, *, is_valid: object = None, by: Origin = "settings", bands: tuple = (0,)
) -> RasterMeasures:
    """The measures of shares of a value range of 0 to 10,000."""
    pixels = np.rint(np.asarray(shares, np.float64) * 10_000).astype(np.uint16)
    valid = np.ones(pixels.shape[1:], bool) if is_valid is None else np.asarray(is_valid)
    n = len(pixels)
    return measures_of(
        DescribedTile(
            tile_of(pixels, valid, GroundPlace("EPSG:32633", 0, 0, 10, -10)),
            tuple(f"b{i}" for i in range(n)),
            Scaling((0.0,) * n, (10_000.0,) * n, by),
            Stretch(bands, (0.0,) * len(bands), (1.0,) * len(bands)),
            0.6,
        )
    )


def test_one_shade_has_no_entropy_and_is_flat_everywhere() -> None:
    found = _measured(np.full((1, 8, 8), 0.25))
    assert found == RasterMeasures(0.0, pytest.approx(0.25), 0.0, 0.0, 1.0)


def test_two_shades_in_equal_shares_have_one_bit() -> None:
    board = np.indices((8, 8)).sum(axis=0) % 2
    found = _measured(board[None] * 0.5)
    assert found.entropy_bits == pytest.approx(1.0)
    assert found.flat_share == 0.0


def test_a_pixel_is_like_a_cloud_where_all_bands_that_are_shown_are_bright() -> None:
    bands = np.zeros((4, 2, 4))
    bands[:3, 0, :2] = 0.7
    bands[0, 1] = 0.9
    assert _measured(bands, bands=(0, 1, 2)).cloud_like_share == 0.25
    assert _measured(bands, bands=(0,)).cloud_like_share == 0.75


def test_a_range_of_the_scene_itself_tells_nothing_of_brightness() -> None:
    found = _measured(np.full((1, 8, 8), 0.9), by="scene")
    assert (found.brightness, found.cloud_like_share) == (None, None)
    assert found.flat_share == 1.0


def test_what_is_missing_counts_for_nothing_but_the_share_without_data() -> None:
    is_valid = np.ones((6, 6), bool)
    is_valid[:, 4:] = False
    shares = np.where(is_valid, 0.25, 0.99)[None]
    found = _measured(shares, is_valid=is_valid)
    assert found == RasterMeasures(pytest.approx(1 / 3), pytest.approx(0.25), 0.0, 0.0, 1.0)
    assert _measured(shares, is_valid=np.zeros((6, 6), bool)) == RasterMeasures(1.0, None, None, None, None)
    assert _measured(np.full((1, 2, 2), 0.1)).flat_share is None


def test_local_deviations_are_those_of_nine_pixels() -> None:
    values = np.random.default_rng(0).uniform(0, 1, (2, 5, 6)).astype(np.float32)
    expected = [[[v[r : r + 3, c : c + 3].std() for c in range(4)] for r in range(3)] for v in values]
    assert local_deviation(values) == pytest.approx(np.array(expected), abs=1e-5)
