import pytest
from PIL import Image

from data_engine.images.packed_pixels import words_of


def test_a_word_holds_red_then_green_then_blue_from_its_lowest_byte_on() -> None:
    image = Image.new("RGB", (3, 2), (1, 2, 3))
    image.putpixel((2, 1), (255, 0, 16))
    words = words_of(image)
    assert words.shape == (2, 3)
    assert words[0, 0] & 0xFFFFFF == 1 | 2 << 8 | 3 << 16
    assert words[1, 2] & 0xFFFFFF == 255 | 16 << 16


def test_the_pixels_are_those_of_the_image_and_cannot_be_written() -> None:
    words = words_of(Image.new("RGB", (3, 2)))
    with pytest.raises(ValueError, match="read-only"):
        words[0, 0] = 1
