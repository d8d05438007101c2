import numpy as np
import pytest
from drawn_tiles import drawn_tile

from data_engine.embedding.spectral import load_spectral
from data_engine.errors import InvalidInput


def test_tiles_of_one_land_cover_are_nearer_than_those_of_two() -> None:
    forest = [drawn_tile(seed, level=0.05, nir=0.35) for seed in range(2)]
    water = drawn_tile(2, level=0.05, nir=0.01)
    sand = drawn_tile(3, level=0.4, nir=0.45)
    told = list[int]()
    encoder = load_spectral("spectral-statistics")
    rows = encoder.encode([*forest, water, sand], progress=told.append)
    assert (rows.shape, rows.dtype, sum(told)) == ((4, encoder.dim), np.float32, 4)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    assert rows[0] @ rows[1] > 0.999 > 0.9 > max(rows[0] @ rows[2], rows[0] @ rows[3], rows[2] @ rows[3])


def test_fewer_slots_make_shorter_rows_of_the_same_likeness() -> None:
    tiles = [drawn_tile(0), drawn_tile(1, nir=0.5)]
    long, short = (
        load_spectral("spectral-statistics").encode(tiles),
        load_spectral("spectral-statistics/4").encode(tiles),
    )
    assert (long.shape[1], short.shape[1]) == (16 * 7 + 120 * 2, 4 * 7 + 6 * 2)
    assert long[0] @ long[1] == pytest.approx(float(short[0] @ short[1]), abs=1e-5)


@pytest.mark.parametrize("said", ["0", "65", "four", "-1"])
def test_a_number_of_bands_that_is_none_is_refused_with_the_bounds(said: str) -> None:
    with pytest.raises(InvalidInput, match=f"asks for '{said}' bands; give a whole number of 1 to 64"):
        load_spectral(f"spectral-statistics/{said}")
