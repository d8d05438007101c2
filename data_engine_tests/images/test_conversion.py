"""An image that our own conversion would make black or white is shown by the range and on the ground that show it."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import deep_png, deep_tiff
from PIL import Image, ImageDraw

from data_engine.filtering.rules.media.image_look import look_at
from data_engine.images import decode_image
from data_engine.images.conversion import as_rgb, solid_share

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def drawing(background: float, shape: float, kind: Any = np.float64) -> Any:
    """(40, 60) values with a square of another value in the middle."""
    values = np.full((40, 60), background, dtype=kind)
    values[10:30, 20:40] = shape
    return values


def file_of(values: Any, image_format: str = "TIFF") -> bytes:
    stream = BytesIO()
    Image.fromarray(values).save(stream, image_format)
    return stream.getvalue()


def shades(content: bytes) -> tuple[int, int]:
    """The shades of background and shape."""
    decoded = decode_image(content)
    assert decoded.error is None and decoded.image is not None
    look = look_at(decoded)
    assert look is not None and look.measures.solid_share < 0.99
    pixels = np.asarray(decoded.image)
    return int(pixels[0, 0, 0]), int(pixels[20, 30, 0])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (drawing(1023, 100, np.uint16), (255, 25)),
        (drawing(0, 4095, np.uint16), (0, 255)),
        (drawing(16383, 0, np.uint16), (255, 0)),
        (drawing(65535, 32768, np.uint16), (255, 128)),
        (drawing(30000, 30200, np.uint16), (0, 255)),
        (drawing(0, 3, np.uint16), (0, 255)),
        (drawing(-1000, 1000, np.int32), (0, 255)),
        (drawing(-5, -3, np.int32), (0, 255)),
        (drawing(0, 1_000_000, np.int32), (0, 255)),
        (drawing(1_000_000, 1_001_000, np.int32), (0, 255)),
        (drawing(0, 200, np.int32), (0, 200)),
        (drawing(-0.5, 0.5, np.float32), (0, 255)),
        (drawing(0, 0.01, np.float32), (0, 255)),
        (drawing(0, 3.5, np.float32), (0, 255)),
        (drawing(0.5, 1, np.float32), (128, 255)),
        (drawing(250, 255, np.float32), (250, 255)),
        (drawing(280, 300, np.float32), (238, 255)),
    ],
)
def test_values_are_shown_by_the_range_that_shows_them(values: Any, expected: tuple[int, int]) -> None:
    assert shades(file_of(values)) == expected


@pytest.mark.parametrize("marks", [(65535,), (0, 65535)])
def test_hot_pixels_and_marks_of_no_value_do_not_hide_the_rest(marks: tuple[int, ...]) -> None:
    values = drawing(1000, 1100, np.uint16)
    values[0, -len(marks) :] = marks
    assert shades(file_of(values, "PNG")) == (0, 255)


def test_what_is_no_number_is_black_and_does_not_count() -> None:
    values = drawing(300, 301, np.float32)
    values[0, 1:3] = np.nan, -np.inf
    values[0, 3] = np.inf
    pixels = np.asarray(decode_image(file_of(values)).image)[:, :, 0]
    assert (pixels[0, 0], pixels[20, 30], pixels[0, 1:4].tolist()) == (0, 255, [0, 0, 255])


def test_one_shade_stays_one_shade() -> None:
    for values in (np.zeros((9, 9), np.uint16), np.full((9, 9), 700, np.uint16), np.full((9, 9), -7, np.int32)):
        assert solid_share(decode_image(file_of(values)).image or Image.new("L", (0, 0))) == 1.0
    assert decode_image(file_of(np.full((9, 9), np.nan, np.float32))).error is None


@pytest.mark.parametrize("top", [3, 1023, 4095, 65535])
def test_colours_of_16_bits_keep_what_stands_in_their_low_bytes(top: int) -> None:
    values = np.zeros((40, 60, 3), np.uint16)
    values[10:30, 20:40] = (top, 0, top // 3)
    files = [deep_png(values), deep_tiff(values, "<"), deep_tiff(values, ">")]
    files.append(deep_png(np.dstack([values, np.full((40, 60), 65535, np.uint16)])))
    for content in files:
        decoded = decode_image(content)
        assert decoded.image is not None
        assert np.abs(np.array(decoded.image.getpixel((30, 20))) - (255, 0, 85)).max() <= 1
        assert decoded.image.getpixel((0, 0)) == BLACK


def icon(mode: str, colour: Any, ground: Any) -> Image.Image:
    image = Image.new(mode, (48, 48), ground)
    ImageDraw.Draw(image).ellipse((12, 12, 36, 36), fill=colour)
    return image


def palette_icon(colour: tuple[int, int, int], image_format: str) -> bytes:
    image = Image.new("P", (48, 48), 0)
    image.putpalette([*colour, *colour])
    ImageDraw.Draw(image).ellipse((12, 12, 36, 36), fill=1)
    stream = BytesIO()
    image.save(stream, image_format, transparency=0, optimize=False)
    return stream.getvalue()


def saved(image: Image.Image, image_format: str = "PNG", **settings: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, image_format, **settings)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "shown", "ground"),
    [
        (saved(icon("RGBA", (255, 255, 255, 255), (255, 255, 255, 0))), WHITE, "black"),
        (saved(icon("RGBA", (255, 255, 255, 255), (0, 0, 0, 0))), WHITE, "black"),
        (saved(icon("RGBA", (0, 0, 0, 255), (0, 0, 0, 0))), BLACK, "white"),
        (saved(icon("RGBA", (252, 253, 254, 255), (0, 0, 0, 0)), "WEBP", lossless=True), (252, 253, 254), "black"),
        (saved(icon("RGBA", (255, 255, 255, 255), (9, 9, 9, 0)), "TIFF"), WHITE, "black"),
        (saved(icon("LA", (255, 255), (255, 0))), WHITE, "black"),
        (saved(icon("LA", (0, 255), (0, 0))), BLACK, "white"),
        (palette_icon(WHITE, "PNG"), WHITE, "black"),
        (palette_icon(WHITE, "GIF"), WHITE, "black"),
        (palette_icon(BLACK, "PNG"), BLACK, "white"),
        (saved(icon("L", 255, 0), transparency=0), WHITE, "black"),
        (saved(icon("RGB", WHITE, BLACK), transparency=BLACK), WHITE, "black"),
        (saved(icon("1", 1, 0), transparency=0), WHITE, "black"),
    ],
)
def test_a_transparent_image_is_laid_on_a_ground_that_shows_it(
    content: bytes, shown: tuple[int, ...], ground: str
) -> None:
    decoded = decode_image(content)
    assert decoded.image is not None
    assert (decoded.image.getpixel((24, 24)), decoded.notes["background"]) == (shown, ground)
    assert decoded.image.getpixel((0, 0)) == {"black": BLACK, "white": WHITE}[ground]
    look = look_at(decoded)
    assert look is not None and look.measures.solid_share < 0.99


def test_what_hides_everything_stays_white_and_a_channel_that_nothing_fills_in_is_not_asked() -> None:
    hidden = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert decode_image(saved(hidden)).notes["background"] == "white"
    decoded = decode_image(saved(hidden, "TGA"))
    assert decoded.image is not None and decoded.image.getpixel((0, 0)) == (255, 0, 0)


def test_images_of_one_bit_cmyk_and_lab_keep_what_they_show() -> None:
    for content, ground, shape in (
        (saved(icon("1", 1, 0), "TIFF"), 0, 255),
        (saved(icon("1", 0, 1), "PNG"), 255, 0),
        (saved(icon("CMYK", (0, 0, 0, 255), (0, 0, 0, 0)), "TIFF"), 255, 0),
        (saved(icon("LAB", (255, 128, 128), (0, 128, 128)), "TIFF"), 0, 255),
    ):
        decoded = decode_image(content)
        assert decoded.error is None
        pixels = np.asarray(decoded.image).astype(int)
        assert abs(pixels[0, 0] - ground).max() <= 2 and abs(pixels[24, 24] - shape).max() <= 2


@settings(deadline=None)
@given(st.binary(min_size=48, max_size=48))
def test_ordinary_images_of_8_bits_keep_every_pixel(data: bytes) -> None:
    for mode, n_channels in (("L", 1), ("RGB", 3)):
        image = Image.frombytes(mode, (4, 4 * 3 // n_channels), data)
        shown, notes = as_rgb(image)
        assert (notes, shown.tobytes()) == ({}, image.convert("RGB").tobytes())


@settings(deadline=None)
@given(
    st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1)).filter(
        lambda pair: pair[0] != pair[1]
    )
)
def test_two_whole_numbers_that_differ_are_seen_as_two_shades(pair: tuple[int, int]) -> None:
    ground, shape = shades(file_of(drawing(*pair, np.int32)))
    assert (ground < shape) == (pair[0] < pair[1])


@settings(deadline=None)
@given(
    st.tuples(*[st.floats(-(2.0**90), 2.0**90, width=32, allow_subnormal=False)] * 2).filter(
        lambda pair: np.float32(pair[0]) != np.float32(pair[1])
    )
)
def test_two_fractions_that_differ_are_seen_as_two_shades(pair: tuple[float, float]) -> None:
    ground, shape = shades(file_of(drawing(*pair, np.float32)))
    assert (ground < shape) == (pair[0] < pair[1])
