"""Measures and sketches are those of NumPy to the last bit."""

import numpy as np
import pytest
from image_oracles import fields, measures_of, sketch_of
from PIL import Image

from data_engine.duplicates.images.sketch import CHROMA, COLOUR_SIDE, LUMA, cells_of
from data_engine.images import PackedPixels, words_of
from data_engine.kernels import image_scan, loading

SHAPES = [(1, 1), (1, 7), (2, 3), (3, 2), (4, 4), (5, 300), (33, 31), (64, 64), (240, 180), (511, 130)]


def noise(shape: tuple[int, int]) -> PackedPixels:
    values = np.random.default_rng(5).integers(0, 256, (*shape, 3), dtype=np.uint8)
    return words_of(Image.fromarray(values))


def scene(shape: tuple[int, int]) -> PackedPixels:
    """Soft blobs of colour between dark bars."""
    height, width = shape
    values = np.random.default_rng(5).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    sheet = Image.new("RGB", (width, height))
    sheet.paste(
        Image.fromarray(values).resize((width, max(1, height - height // 4)), Image.Resampling.BICUBIC),
        (0, height // 8),
    )
    return words_of(sheet)


def sketched(words: PackedPixels) -> bytes:
    return image_scan.sketch(words, *cells_of(words.shape), COLOUR_SIDE)


@pytest.mark.parametrize("drawn", [noise, scene])
@pytest.mark.parametrize("shape", SHAPES)
def test_measures_and_sketches_are_those_of_numpy_to_the_last_bit(shape: tuple[int, int], drawn) -> None:  # type: ignore[no-untyped-def]
    words = drawn(shape)
    measures, sketch = image_scan.measures_and_sketch(words, *cells_of(words.shape), COLOUR_SIDE)
    # Bits tell NaN from NaN.
    assert np.array(measures).tobytes() == np.array(measures_of(words)).tobytes()
    assert sketch == sketch_of(words)
    assert np.array(image_scan.measures(words)).tobytes() == np.array(measures).tobytes()
    assert sketched(words) == sketch
    assert {"image_scan._both", "image_scan._measures", "image_scan._sketch"} <= loading.kernels_used()


def test_rows_longer_than_what_is_added_up_at_once_are_measured_alike() -> None:
    # Red and blue: the squares of their colours are the largest there are.
    words = np.full((3, 30_000), 0xFF, np.uint32)
    words[:, ::2] = 0xFF0000
    assert image_scan.measures(words) == measures_of(words)
    assert sketched(words) == sketch_of(words)


def test_measures_of_a_small_image_are_those_computed_by_hand() -> None:
    # Red of 10, 20 and 30 on three columns, without green and blue: shades 3, 6 and 9 (2.99, 5.98, 8.97).
    words = np.tile(np.array([10, 20, 30], np.uint32), (4, 1))
    for measures in (measures_of(words), image_scan.measures(words)):
        brightness, entropy_bits, dark, bright, solid_share, sharpness, _, colourfulness, is_greyscale = measures
        assert brightness == pytest.approx(5.98, abs=1e-5)
        assert entropy_bits == pytest.approx(np.log2(3))
        assert (dark, bright) == (pytest.approx(1 / 3), 0)
        # The median colour is 20; no other red is within 4 of it.
        assert solid_share == pytest.approx(1 / 3)
        assert sharpness == pytest.approx(0, abs=1e-9)
        # Red less green is 10, 20, 30: standard deviation sqrt(200 / 3); the other difference is half of it.
        assert colourfulness == pytest.approx(np.sqrt(1.25) * (np.sqrt(200 / 3) + 0.3 * 20))
        assert is_greyscale == 0


def test_the_cells_of_a_sketch_are_luma_and_colour() -> None:
    left_red = Image.new("RGB", (64, 64), (0, 0, 255))
    left_red.paste((255, 0, 0), (0, 0, 32, 64))
    for sketch in (sketch_of(words_of(left_red)), sketched(words_of(left_red))):
        cells = np.frombuffer(sketch, np.uint8)
        luma, chroma = cells[LUMA].reshape(32, 32), cells[CHROMA].reshape(2, 4, 4)
        assert (luma[:, :15] == 76).all() and (luma[:, 17:] == 29).all()
        assert chroma[:, 0].tolist() == [[85, 85, 255, 255], [255, 255, 107, 107]]


def test_fields_are_whole_pixels_and_none_is_empty() -> None:
    assert fields(10) == [(0, 2), (2, 5), (5, 7), (7, 10)]
    assert fields(1) == [(0, 1)] * 4
