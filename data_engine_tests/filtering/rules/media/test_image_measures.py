import numpy as np
import pytest
from PIL import Image

from data_engine.filtering.rules.media.image_measures import ImageMeasures, measures_of
from data_engine.images import words_of


def test_measures_have_the_names_of_what_the_kernel_gives() -> None:
    # Left half black, right half white.
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, 4:] = 255
    found = measures_of(words_of(Image.fromarray(pixels)))
    assert isinstance(found, ImageMeasures)
    assert found.brightness == pytest.approx(127.5)
    assert found.entropy_bits == pytest.approx(1)
    assert (found.clipped_dark_share, found.clipped_bright_share) == (0.5, 0.5)
    assert (found.colourfulness, found.is_greyscale) == (0, 1)


def test_an_image_that_is_too_small_has_no_sharpness() -> None:
    assert np.isnan(measures_of(words_of(Image.new("RGB", (2, 2), "red"))).sharpness)
    assert measures_of(words_of(Image.new("RGB", (3, 3), "red"))).sharpness == 0
