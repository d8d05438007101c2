import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from data_engine.duplicates.images import sketch
from data_engine.duplicates.images.sketch import CHROMA, LUMA, fields, triangles
from data_engine.filtering import look_at
from data_engine.filtering.rules import image_measures
from data_engine.filtering.rules.image_look import ImageLook
from data_engine.images import DecodedImage, Words, words_of
from data_engine.kernels import compiling, image_scan

SHAPES = [(1, 1), (1, 7), (2, 3), (3, 2), (4, 4), (5, 300), (33, 31), (64, 64), (240, 180), (511, 130)]


def noise(shape: tuple[int, int]) -> Words:
    values = np.random.default_rng(5).integers(0, 256, (*shape, 3), dtype=np.uint8)
    return words_of(Image.fromarray(values))


def scene(shape: tuple[int, int]) -> Words:
    """Soft blobs of colour between dark bars."""
    height, width = shape
    values = np.random.default_rng(5).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    sheet = Image.new("RGB", (width, height))
    sheet.paste(
        Image.fromarray(values).resize((width, max(1, height - height // 4)), Image.Resampling.BICUBIC),
        (0, height // 8),
    )
    return words_of(sheet)


def test_words_hold_red_green_and_blue_from_the_lowest_byte_on() -> None:
    words = words_of(Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8)))
    assert (words & 0xFFFFFF).tolist() == [[0x030201, 0x060504]]


@pytest.fixture
def look_both_ways(monkeypatch: pytest.MonkeyPatch) -> Callable[[Image.Image], list[ImageLook]]:
    """The look of an image by NumPy, and by compiled code."""

    def looks(image: Image.Image) -> list[ImageLook]:
        found = []
        for is_compiled in (False, True):
            monkeypatch.setattr(compiling, "loads", lambda _, answer=is_compiled: answer)
            found.append(look_at(DecodedImage(image.convert("RGB"), "image/png", *image.size)))
        assert found[0] is not None and found[1] is not None
        return [look for look in found if look is not None]

    return looks


def stored(look: ImageLook) -> tuple[bytes, bytes]:
    """The bits of the measures, which tell NaN from NaN, and the sketch."""
    return np.array(look.measures).tobytes(), look.sketch


@pytest.mark.parametrize("drawn", [noise, scene])
@pytest.mark.parametrize("shape", SHAPES)
def test_compiled_looks_are_those_of_numpy_to_the_last_bit(shape: tuple[int, int], drawn) -> None:  # type: ignore[no-untyped-def]
    words = drawn(shape)
    measures, sketched = image_scan.both_of(words)
    assert np.array(measures).tobytes() == np.array(image_measures.measures_of(words)).tobytes()
    assert sketched == sketch.sketch_of(words)
    assert np.array(image_scan.measures_of(words)).tobytes() == np.array(measures).tobytes()
    assert image_scan.sketch_of(words) == sketched


def test_digits_are_looked_at_alike_whether_compiled_or_not(look_both_ways) -> None:  # type: ignore[no-untyped-def]
    for digit in load_digits().images[:400]:
        small = Image.fromarray((digit * 15.9).astype(np.uint8))
        for image in (small, small.resize((28, 28), Image.Resampling.BICUBIC)):
            by_numpy, compiled = look_both_ways(image)
            assert stored(by_numpy) == stored(compiled)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (5000, 3), (40, 30), (255, 256), (511, 300), (1000, 500)])
def test_odd_images_are_looked_at_alike_whether_compiled_or_not(size: tuple[int, int], look_both_ways) -> None:  # type: ignore[no-untyped-def]
    values = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    drawn = Image.fromarray(values)
    one_colour = [Image.new("RGB", size, colour) for colour in ("black", "white", "red", "blue", (201, 17, 90))]
    for image in (drawn, drawn.convert("P"), drawn.convert("L"), drawn.convert("1"), *one_colour):
        by_numpy, compiled = look_both_ways(image)
        assert stored(by_numpy) == stored(compiled)


@pytest.mark.parametrize("side", [1, 64, 299])
def test_a_image_of_one_colour_has_the_measures_of_that_colour_and_no_spread(side: int, look_both_ways) -> None:  # type: ignore[no-untyped-def]
    for look in look_both_ways(Image.new("RGB", (side, side), (255, 0, 0))):
        # Red less green is 255, half of red and green less blue 127.5.
        assert look.measures.colourfulness == pytest.approx(0.3 * 127.5 * np.sqrt(5), rel=1e-14)
        assert look.measures.brightness == 76.245
        assert look.measures.entropy_bits == 0
        assert look.measures.solid_share == 1


def test_rows_longer_than_what_is_added_up_at_once_are_measured_alike() -> None:
    # Red and blue: the squares of their colours are the largest there are.
    words = np.full((3, 30_000), 0xFF, np.uint32)
    words[:, ::2] = 0xFF0000
    assert image_scan.measures_of(words) == image_measures.measures_of(words)
    assert image_scan.sketch_of(words) == sketch.sketch_of(words)


def test_measures_of_a_small_image_are_those_computed_by_hand() -> None:
    # Red of 10, 20 and 30 on three columns, without green and blue: shades 3, 6 and 9 (2.99, 5.98, 8.97).
    words = np.tile(np.array([10, 20, 30], np.uint32), (4, 1))
    for measured in (image_measures.measures_of(words), image_scan.measures_of(words)):
        assert measured.brightness == pytest.approx(5.98, abs=1e-5)
        assert measured.entropy_bits == pytest.approx(np.log2(3))
        assert (measured.clipped_dark_share, measured.clipped_bright_share) == (pytest.approx(1 / 3), 0)
        # The median colour is 20; no other red is within 4 of it.
        assert measured.solid_share == pytest.approx(1 / 3)
        assert measured.sharpness == pytest.approx(0, abs=1e-9)
        # Red less green is 10, 20, 30: standard deviation sqrt(200 / 3); the other difference is half of it.
        assert measured.colourfulness == pytest.approx(np.sqrt(1.25) * (np.sqrt(200 / 3) + 0.3 * 20))
        assert measured.is_greyscale == 0


def test_triangles_are_two_cells_wide_and_add_up_to_a_whole_cell() -> None:
    first, weights = triangles(8, 4)
    # Cells of two pixels with centres at 1, 3, 5 and 7; the first and the last triangle are cut off.
    assert first.tolist() == [0, 1, 2, 2]
    assert weights.tolist()[1] == [1024, 3072, 3072, 1024, 0, 0]
    # 8,192 times 3/7, 3/7 and 1/7 are 3510.9, 3510.9 and 1170.3.
    assert weights.tolist()[0] == [3511, 3511, 1170, 0, 0, 0]
    assert weights.sum(axis=1).tolist() == [8192] * 4
    # Pixels that are larger than cells are blended with the next.
    assert triangles(2, 4).weights.tolist()[1] == [6144, 2048]


def test_fields_are_whole_pixels_and_none_is_empty() -> None:
    assert fields(10) == [(0, 2), (2, 5), (5, 7), (7, 10)]
    assert fields(1) == [(0, 1)] * 4


def test_the_cells_of_a_sketch_are_luma_and_colour() -> None:
    left_red = Image.new("RGB", (64, 64), (0, 0, 255))
    left_red.paste((255, 0, 0), (0, 0, 32, 64))
    cells = np.frombuffer(sketch.sketch_of(words_of(left_red)), np.uint8)
    luma, chroma = cells[LUMA].reshape(32, 32), cells[CHROMA].reshape(2, 4, 4)
    assert (luma[:, :15] == 76).all() and (luma[:, 17:] == 29).all()
    assert chroma[:, 0].tolist() == [[85, 85, 255, 255], [255, 255, 107, 107]]


@pytest.mark.parametrize("size", [(300, 200), (1000, 500), (2000, 100), (100, 2000)])
def test_large_images_are_looked_at_alike_whether_compiled_or_not(size: tuple[int, int], look_both_ways) -> None:  # type: ignore[no-untyped-def]
    values = np.random.default_rng(5).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    by_numpy, compiled = look_both_ways(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))
    assert stored(by_numpy) == stored(compiled)


def test_one_small_image_is_looked_at_by_compiled_code_which_is_loaded_for_it() -> None:
    lines = """
from PIL import Image
from data_engine.filtering import look_at
from data_engine.kernels import compiling
from data_engine.images import DecodedImage
print(compiling.is_loaded(compiling.IMAGES))
look_at(DecodedImage(Image.new("RGB", (8, 8)), "image/png", 8, 8))
print(compiling.is_loaded(compiling.IMAGES))
"""
    found = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]
