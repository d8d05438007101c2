import numpy as np
import pytest
from drawn_scenes import noise

from data_engine.duplicates.rasters.pixel_sketch import SKETCH_BYTES, keys_of, similarity_of, sketch_of
from data_engine.rasters.tile import GroundPlace, tile_of

HERE = GroundPlace("EPSG:32633", 390_000, 5_820_000, 10, -10)
THERE = GroundPlace("EPSG:32633", 490_000, 5_820_000, 10, -10)


def _sketch(pixels: np.ndarray, is_valid: np.ndarray | None = None, place: GroundPlace = HERE) -> np.ndarray:
    valid = np.ones(pixels.shape[1:], bool) if is_valid is None else is_valid
    return np.frombuffer(sketch_of(tile_of(pixels, valid, place)), np.uint8)


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    return float(similarity_of(one, other[None])[0])


def _shared_keys(one: np.ndarray, other: np.ndarray) -> int:
    return int((keys_of(one[None]) == keys_of(other[None])).sum())


def _ground(seed: int, n_bands: int = 4) -> np.ndarray:
    """Patches with noise, as fields have them."""
    patches = np.random.default_rng(seed).uniform(200, 4000, (n_bands, 16, 16))
    return (np.kron(patches, np.ones((8, 8))) + noise(n_bands, 128, 128, top=60, seed=seed)).astype(np.uint16)


def test_the_same_pixels_agree_wherever_they_lie() -> None:
    one, other = _sketch(_ground(0)), _sketch(_ground(0), place=THERE)
    assert len(one) == SKETCH_BYTES
    assert (_alike(one, other), _shared_keys(one, other)) == (1.0, 4)


def test_the_same_place_at_another_time_agrees_only_where_its_pixels_do() -> None:
    then = _ground(0)
    darker = (then * 0.9).astype(np.uint16)
    assert _alike(_sketch(then), _sketch(darker)) < 0.05
    mown = then.copy()
    mown[:, :32] = 3000
    assert _alike(_sketch(then), _sketch(mown)) == pytest.approx(0.75, abs=0.01)
    assert _shared_keys(_sketch(then), _sketch(mown)) == 2


def test_a_change_in_one_band_of_many_is_a_change() -> None:
    then = _ground(0, n_bands=13)
    burnt = then.copy()
    burnt[11] = 100
    assert _alike(_sketch(then), _sketch(burnt)) < 0.05


def test_tiles_that_overlap_by_half_do_not_agree() -> None:
    scene = np.concatenate([_ground(0), _ground(1)], axis=2)
    assert _alike(_sketch(scene[:, :, :128]), _sketch(scene[:, :, 64:192])) < 0.2


def test_rounding_of_one_in_two_hundred_still_agrees_and_of_one_in_twenty_does_not() -> None:
    then = _ground(0).astype(np.float32)
    assert _alike(_sketch(then), _sketch(then * np.float32(1.004))) == 1.0
    assert _alike(_sketch(then), _sketch(then * np.float32(1.05))) == 0.0


def test_negative_values_are_compared_like_others_and_a_zero_is_a_zero() -> None:
    decibels = -np.random.default_rng(0).uniform(5, 25, (1, 64, 64)).astype(np.float32)
    assert _alike(_sketch(decibels), _sketch(decibels)) == 1.0
    assert _alike(_sketch(decibels), _sketch(-decibels)) == 0.0
    assert _alike(_sketch(np.zeros((1, 64, 64), np.float32)), _sketch(-np.zeros((1, 64, 64), np.float32))) == 1.0


def test_what_is_missing_agrees_with_what_is_missing_alone() -> None:
    pixels, is_valid = _ground(0), np.ones((128, 128), bool)
    is_valid[:, 96:] = False
    assert _alike(_sketch(pixels, is_valid), _sketch(pixels, is_valid)) == 1.0
    assert _alike(_sketch(pixels, is_valid), _sketch(pixels)) == pytest.approx(0.75, abs=0.01)
    nothing = np.zeros((128, 128), bool)
    assert _alike(_sketch(pixels, nothing), _sketch(pixels, nothing)) == 1.0


def test_another_number_of_bands_is_another_tile() -> None:
    assert _alike(_sketch(_ground(0)), _sketch(_ground(0)[:3])) == 0.0


@pytest.mark.parametrize(("n_bands", "side"), [(1, 3), (3000, 8), (64, 16)])
def test_tiles_of_few_pixels_and_of_many_bands_have_sketches_too(n_bands: int, side: int) -> None:
    pixels = noise(n_bands, side, side)
    assert (len(_sketch(pixels)), _alike(_sketch(pixels), _sketch(pixels))) == (SKETCH_BYTES, 1.0)
