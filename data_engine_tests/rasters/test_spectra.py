import numpy as np
import pytest

from data_engine.rasters.description import DescribedTile
from data_engine.rasters.preview import Stretch
from data_engine.rasters.scaling import Scaling
from data_engine.rasters.spectra import N_OF_A_BAND, n_statistics, statistics_of
from data_engine.rasters.tile import GroundPlace, tile_of


def _tile(shares: object, is_valid: object = None) -> DescribedTile:
    values = np.asarray(shares, np.float32)
    valid = np.ones(values.shape[1:], bool) if is_valid is None else np.asarray(is_valid)
    tile = tile_of(values, valid, GroundPlace("EPSG:32633", 0, 0, 10, -10))
    n = len(values)
    return DescribedTile(
        tile, tuple(map(str, range(n))), Scaling((0,) * n, (1,) * n, "settings"), Stretch((0,), (0,), (1,)), 0.6
    )


def _flat(*levels: float) -> np.ndarray:
    return np.stack([np.full((16, 16), level) for level in levels])


def test_a_flat_tile_has_its_levels_least_spreads_and_the_normalised_difference_of_its_bands() -> None:
    row = statistics_of(_tile(_flat(0.25, 0.75)), 2)
    assert len(row) == n_statistics(2) == 2 * N_OF_A_BAND + 2
    assert row[:4] == pytest.approx([0.0] * 4, abs=1e-6)
    assert row[4:7] == pytest.approx([-1.0] * 3, abs=1e-5)
    assert row[-2:] == pytest.approx([2 * (0.25 - 0.75), 0.0], abs=1e-6)


def test_texture_tells_two_tiles_of_one_mean_apart() -> None:
    board = np.where(np.indices((16, 16)).sum(axis=0) % 2, 0.3, 0.2)[None]
    fine, coarse = statistics_of(_tile(board), 1), statistics_of(_tile(np.kron(board[:, :4, :4], np.ones((4, 4)))), 1)
    assert fine[0] == pytest.approx(coarse[0], abs=1e-5)
    assert fine[5] > coarse[5]
    assert fine[6] < coarse[6]


def test_more_bands_than_slots_are_averaged_and_fewer_leave_slots_empty() -> None:
    assert statistics_of(_tile(_flat(0.2, 0.4, 0.6, 0.8)), 2) == pytest.approx(
        statistics_of(_tile(_flat(0.3, 0.7)), 2), abs=1e-5
    )
    row = statistics_of(_tile(_flat(0.3)), 2)
    assert not row[N_OF_A_BAND:].any()


def test_what_is_missing_changes_nothing_and_a_tile_without_data_is_no_zero_vector() -> None:
    noise = np.random.default_rng(0).uniform(0, 1, (2, 16, 16))
    is_valid = np.ones((16, 16), bool)
    is_valid[:, 12:] = False
    changed = np.where(is_valid, noise, 0.9)
    assert statistics_of(_tile(noise, is_valid), 2) == pytest.approx(statistics_of(_tile(changed, is_valid), 2))
    assert np.isfinite(statistics_of(_tile(noise, is_valid), 2)).all()
    assert np.linalg.norm(statistics_of(_tile(noise, np.zeros((16, 16), bool)), 2)) == 1.0


def test_a_tile_of_a_few_pixels_is_described_too() -> None:
    assert np.isfinite(statistics_of(_tile(np.full((1, 2, 2), 0.5)), 1)).all()
