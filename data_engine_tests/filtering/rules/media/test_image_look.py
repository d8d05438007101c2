import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from image_oracles import measures_of, sketch_of
from PIL import Image
from sklearn.datasets import load_digits

from data_engine.filtering import look_at
from data_engine.filtering.rules.media.image_look import ImageLook
from data_engine.images import DecodedImage, words_of
from data_engine.kernels import image_scan


def test_words_hold_red_green_and_blue_from_the_lowest_byte_on() -> None:
    words = words_of(Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8)))
    assert (words & 0xFFFFFF).tolist() == [[0x030201, 0x060504]]


@pytest.fixture
def look_both_ways(monkeypatch: pytest.MonkeyPatch) -> Callable[[Image.Image], list[ImageLook]]:
    """The look of an image by NumPy, and by compiled code."""

    def looks(image: Image.Image) -> list[ImageLook]:
        decoded = DecodedImage(image.convert("RGB"), "image/png", *image.size)
        compiled = look_at(decoded)
        with monkeypatch.context() as patch:
            patch.setattr(image_scan, "measures", measures_of)
            patch.setattr(image_scan, "sketch", lambda words, *_: sketch_of(words))
            patch.setattr(image_scan, "measures_and_sketch", lambda words, *_: (measures_of(words), sketch_of(words)))
            by_numpy = look_at(decoded)
        assert by_numpy is not None and compiled is not None
        return [by_numpy, compiled]

    return looks


def stored(look: ImageLook) -> tuple[bytes, bytes]:
    """The bits of the measures, which tell NaN from NaN, and the sketch."""
    return np.array(look.measures).tobytes(), look.sketch


def test_digits_are_looked_at_alike_by_numpy_and_by_the_kernel(look_both_ways) -> None:  # type: ignore[no-untyped-def]
    for digit in load_digits().images[:400]:
        small = Image.fromarray((digit * 15.9).astype(np.uint8))
        for image in (small, small.resize((28, 28), Image.Resampling.BICUBIC)):
            by_numpy, compiled = look_both_ways(image)
            assert stored(by_numpy) == stored(compiled)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (5000, 3), (40, 30), (255, 256), (511, 300), (1000, 500)])
def test_odd_images_are_looked_at_alike_by_numpy_and_by_the_kernel(size: tuple[int, int], look_both_ways) -> None:  # type: ignore[no-untyped-def]
    values = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    drawn = Image.fromarray(values)
    one_colour = [Image.new("RGB", size, colour) for colour in ("black", "white", "red", "blue", (201, 17, 90))]
    for image in (drawn, drawn.convert("P"), drawn.convert("L"), drawn.convert("1"), *one_colour):
        by_numpy, compiled = look_both_ways(image)
        assert stored(by_numpy) == stored(compiled)


@pytest.mark.parametrize("side", [1, 64, 299])
def test_an_image_of_one_colour_has_the_measures_of_that_colour_and_no_spread(side: int, look_both_ways) -> None:  # type: ignore[no-untyped-def]
    for look in look_both_ways(Image.new("RGB", (side, side), (255, 0, 0))):
        # Red less green is 255, half of red and green less blue 127.5.
        assert look.measures.colourfulness == pytest.approx(0.3 * 127.5 * np.sqrt(5), rel=1e-14)
        assert look.measures.brightness == 76.245
        assert look.measures.entropy_bits == 0
        assert look.measures.solid_share == 1


@pytest.mark.parametrize("size", [(300, 200), (1000, 500), (2000, 100), (100, 2000)])
def test_large_images_are_looked_at_alike_by_numpy_and_by_the_kernel(size: tuple[int, int], look_both_ways) -> None:  # type: ignore[no-untyped-def]
    values = np.random.default_rng(5).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    by_numpy, compiled = look_both_ways(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))
    assert stored(by_numpy) == stored(compiled)


def test_one_small_image_is_looked_at_by_compiled_code_which_is_loaded_for_it() -> None:
    lines = """
from PIL import Image
from data_engine.filtering import look_at
from data_engine.kernels import loading
from data_engine.images import DecodedImage
print(loading.is_loaded("image_scan"))
look_at(DecodedImage(Image.new("RGB", (8, 8)), "image/png", 8, 8))
print(loading.is_loaded("image_scan"), *loading.kernels_used())
"""
    found = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True", "image_scan._both"]
