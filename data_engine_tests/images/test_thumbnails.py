from io import BytesIO

import pytest
from PIL import Image

from data_engine.images.thumbnails import montage, pixels_of, reduced, shown_large, shrunk, thumbnail

RED = (255, 0, 0)


@pytest.mark.parametrize(
    ("size", "side_px", "wanted"),
    [
        ((400, 200), 100, (200, 100)),
        ((200, 400), 100, (100, 200)),
        ((80, 90), 100, (80, 90)),
        # A strip: its shorter side would shrink to 10 of 100 pixels only, since the longer one keeps at most 8 x 100.
        ((8000, 100), 100, (800, 10)),
        # ... but nothing is made smaller than the side wanted in its longer side.
        ((90, 1), 100, (90, 1)),
    ],
)
def test_the_shorter_side_is_reduced_and_the_longer_one_is_at_most_eight_times_as_long(
    size: tuple[int, int], side_px: int, wanted: tuple[int, int]
) -> None:
    assert shrunk(Image.new("RGB", size), side_px).size == wanted


def test_the_pixels_of_a_thumbnail_are_rows_of_colours() -> None:
    pixels = pixels_of(thumbnail(Image.new("RGB", (100, 50), RED)), 20)
    assert pixels.shape == (10, 20, 3)
    assert abs(pixels.astype(int) - RED).max() <= 2
    assert pixels_of(thumbnail(Image.new("RGB", (10, 5), RED)), 20).shape == (5, 10, 3)


def test_a_thumbnail_keeps_the_shape_and_never_enlarges() -> None:
    small = Image.open(BytesIO(thumbnail(Image.new("RGB", (400, 200), RED))))
    assert (small.size, small.format) == ((128, 64), "JPEG")
    assert Image.open(BytesIO(thumbnail(Image.new("RGB", (28, 28))))).size == (28, 28)
    assert Image.open(BytesIO(thumbnail(Image.new("RGB", (1000, 1))))).size == (128, 1)


def test_a_thumbnail_is_reduced_once_more_unless_it_is_small_enough() -> None:
    content = thumbnail(Image.new("RGB", (100, 50), RED))
    assert reduced(content, 100) is content
    assert Image.open(BytesIO(reduced(content, 20))).size == (20, 10)


def test_a_montage_fills_its_rows_on_white() -> None:
    sheet = Image.open(BytesIO(montage([thumbnail(Image.new("RGB", (8, 8)))] * 3, n_columns=2, cell_px=20)))
    assert sheet.size == (44, 44)
    grey = sheet.convert("L")
    assert (grey.getpixel((10, 10)), grey.getpixel((34, 10)), grey.getpixel((10, 34))) == (0, 0, 0)
    assert grey.getpixel((38, 38)) == 255


@pytest.mark.parametrize("comment", ["é" * 40_000, "x" * 70_000, b"x" * 70_000, 7])
def test_a_long_comment_in_the_file_keeps_no_thumbnail_from_being_made(comment: object) -> None:
    image = Image.new("RGB", (9, 9), RED)
    image.info["comment"] = comment
    assert thumbnail(image) == thumbnail(Image.new("RGB", (9, 9), RED))


@pytest.mark.parametrize(
    ("size", "media_type", "shown"),
    [((30, 20), "image/png", (30, 20)), ((500, 400), "image/jpeg", (500, 400)), ((400, 100), "image/png", (200, 50))],
)
def test_a_small_image_is_shown_as_it_is_and_a_large_one_compressed(
    size: tuple[int, int], media_type: str, shown: tuple[int, int]
) -> None:
    found, content = shown_large(Image.new("RGB", size, RED), 500 if max(size) != 400 else 200)
    assert (found, Image.open(BytesIO(content)).size) == (media_type, shown)
