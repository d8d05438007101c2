import warnings
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_files import chunk, with_chunks
from PIL import Image

from data_engine.images import DecodedImage, decode_each, decode_image, stored_size

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def written(image: Image.Image, image_format: str = "PNG", **settings: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, image_format, **settings)
    return stream.getvalue()


def noise(width: int, height: int) -> Image.Image:
    values = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values, "RGB")


def red_then_blue(width: int = 2, height: int = 1) -> Image.Image:
    """Left half red, right half blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def shown(content: bytes, **settings: Any) -> DecodedImage:
    decoded = decode_image(content, **settings)
    assert decoded.error is None and decoded.image is not None and decoded.image.mode == "RGB"
    return decoded


def pixels(decoded: DecodedImage) -> list[tuple[int, ...]]:
    assert decoded.image is not None
    return [tuple(pixel) for pixel in np.asarray(decoded.image).reshape(-1, 3).tolist()]


@pytest.mark.parametrize("image_format", ["PNG", "BMP", "TIFF", "GIF", "PPM"])
def test_plain_images_keep_their_pixels(image_format: str) -> None:
    decoded = shown(written(red_then_blue(), image_format))
    assert pixels(decoded) == [RED, BLUE]
    assert (decoded.width_px, decoded.height_px) == (2, 1)


def test_a_plain_image_needs_no_notes() -> None:
    assert shown(written(red_then_blue(), "JPEG")).notes == {}


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [[RED, BLUE]]),
        (2, [[BLUE, RED]]),
        (3, [[BLUE, RED]]),
        (4, [[RED, BLUE]]),
        (5, [[RED], [BLUE]]),
        (6, [[RED], [BLUE]]),
        (7, [[BLUE], [RED]]),
        (8, [[BLUE], [RED]]),
    ],
)
def test_the_orientation_that_the_camera_noted_is_applied(
    orientation: int, expected: list[list[tuple[int, int, int]]]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = shown(written(red_then_blue(), exif=exif))
    assert np.asarray(decoded.image).tolist() == [[list(pixel) for pixel in row] for row in expected]
    assert (decoded.width_px, decoded.height_px) == (len(expected[0]), len(expected))
    assert ("orientation" in decoded.notes) == (orientation != 1)


def test_of_an_animation_the_first_frame_is_shown() -> None:
    frames = [Image.new("RGB", (3, 3), colour) for colour in (RED, BLUE, WHITE)]
    for image_format in ("GIF", "WEBP", "PNG"):
        settings: dict[str, Any] = {"lossless": True} if image_format == "WEBP" else {}
        content = written(frames[0], image_format, save_all=True, append_images=frames[1:], duration=50, **settings)
        decoded = shown(content)
        assert set(pixels(decoded)) == {RED}, image_format
        assert (decoded.notes["n_frames"], decoded.notes["shown"]) == (3, "first frame")


def test_sixteen_bits_are_scaled_to_eight_over_their_whole_range() -> None:
    values = np.array([[0, 32768, 65535]], dtype=np.uint16)
    for image_format in ("PNG", "TIFF"):
        decoded = shown(written(Image.fromarray(values), image_format))
        assert pixels(decoded) == [(0, 0, 0), (128, 128, 128), (255, 255, 255)]
        assert decoded.notes["depth"] == "scaled to 8 bits"


def test_fractions_and_whole_numbers_are_scaled_by_the_range_that_they_fit_in() -> None:
    fractions = np.array([[0.0, 0.5, 1.0, np.nan]], dtype=np.float32)
    assert [pixel[0] for pixel in pixels(shown(written(Image.fromarray(fractions), "TIFF")))] == [0, 128, 255, 0]
    small = np.array([[0, 200, 255]], dtype=np.int32)
    assert [pixel[0] for pixel in pixels(shown(written(Image.fromarray(small), "TIFF")))] == [0, 200, 255]
    large = np.array([[0, 500_000, 1_000_000]], dtype=np.int32)
    assert [pixel[0] for pixel in pixels(shown(written(Image.fromarray(large), "TIFF")))] == [0, 128, 255]


def test_cmyk_and_palettes_become_rgb() -> None:
    cmyk = Image.new("CMYK", (2, 2), (0, 255, 255, 0))
    decoded = shown(written(cmyk, "TIFF"))
    assert (set(pixels(decoded)), decoded.notes) == ({RED}, {"mode": "CMYK"})
    palette = red_then_blue().convert("P", palette=Image.Palette.ADAPTIVE)
    decoded = shown(written(palette))
    assert (pixels(decoded), decoded.notes) == ([RED, BLUE], {"mode": "P"})
    assert shown(written(cmyk, "JPEG")).notes == {"mode": "CMYK"}


def test_transparency_is_laid_on_white_and_said() -> None:
    half = Image.new("RGBA", (1, 1), (255, 0, 0, 0))
    assert (pixels(shown(written(half))), shown(written(half)).notes["background"]) == ([WHITE], "white")
    grey = Image.new("LA", (1, 1), (0, 127))
    assert pixels(shown(written(grey))) == [(128, 128, 128)]
    palette = Image.new("P", (1, 1), 0)
    palette.putpalette([0, 0, 255])
    assert pixels(shown(written(palette, transparency=0))) == [WHITE]
    assert pixels(shown(written(Image.new("RGB", (1, 1), RED), transparency=RED))) == [WHITE]


def test_an_alpha_channel_that_hides_nothing_is_no_background() -> None:
    decoded = shown(written(Image.new("RGBA", (1, 1), (255, 0, 0, 255))))
    assert (pixels(decoded), decoded.notes) == ([RED], {"mode": "RGBA"})


def test_one_bit_images_are_black_and_white() -> None:
    image = Image.new("1", (2, 1), 0)
    image.putpixel((1, 0), 1)
    assert pixels(shown(written(image))) == [(0, 0, 0), WHITE]


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM"])
def test_a_file_cut_in_half_is_refused_with_a_reason(image_format: str) -> None:
    content = written(noise(64, 64), image_format)
    for at_least_px in (None, 8):
        decoded = decode_image(content[: len(content) // 2], at_least_px=at_least_px)
        assert decoded.image is None
        assert str(decoded.error).startswith(("truncated image: the file ends before", "broken image: "))


def test_too_many_pixels_are_refused_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = written(Image.new("1", (3000, 2000)))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("a pixel was decoded"))
    decoded = decode_image(content, max_pixels=1_000_000)
    assert decoded.error == ("has 3000 x 2000 pixels, max_pixels is 1000000; scale it down or raise max_pixels")


def test_a_bomb_beyond_pillow_s_own_limit_is_refused_without_a_warning() -> None:
    header = b"P5\n200000 200000\n255\n"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert "max_pixels is 50000000" in str(decode_image(header).error)
    assert caught == []


def test_what_is_no_image_says_so() -> None:
    assert decode_image(b"").error == "empty file, not an image"
    assert str(decode_image(b"no image").error).startswith("not an image in a format that is read (JPEG, PNG")
    # Encapsulated PostScript is a program; it is never handed to an interpreter.
    assert str(decode_image(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n").error).startswith("not an image")


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect/></svg>',
        b"<!doctype html><html><img src=x onerror=alert(1)></html>",
        b"%PDF-1.7\n1 0 obj<<>>endobj",
        b"PK\x03\x04" + bytes(60),
        bytes(512),
    ],
    ids=["SVG", "HTML", "PDF", "ZIP", "zeros"],
)
def test_what_only_calls_itself_a_image_is_refused(content: bytes) -> None:
    decoded = decode_image(content)
    assert (decoded.image, decoded.media_type) == (None, "application/octet-stream")
    assert str(decoded.error).startswith("not an image in a format that is read (JPEG, PNG")


def test_of_a_small_png_that_unpacks_to_megabytes_of_text_the_pixels_are_read_and_the_text_is_not() -> None:
    bomb = chunk(b"zTXt", b"note\x00\x00" + zlib.compress(bytes(80_000_000), 9))
    content = with_chunks(written(red_then_blue()), bomb)
    assert len(content) < 100_000
    decoded = shown(content)
    assert (pixels(decoded), decoded.image and decoded.image.info) == ([RED, BLUE], {})


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied_exactly_once_in_every_format(image_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    values = np.zeros((8, 16, 3), np.uint8)
    values[:, 8:], values[:4, :8] = BLUE, RED
    image = Image.fromarray(values, "RGB")
    settings: dict[str, Any] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
    decoded = shown(written(image, image_format, exif=exif, **settings.get(image_format, {})))
    wanted = np.asarray(image if orientation == 1 else image.transpose(_WAYS[orientation]))
    assert decoded.image is not None
    assert np.abs(np.asarray(decoded.image).astype(int) - wanted).mean() < 8
    assert (decoded.width_px, decoded.height_px) == decoded.image.size == wanted.shape[1::-1]
    assert ("orientation" in decoded.notes) == (orientation != 1)


_WAYS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def test_a_jpeg_that_was_stored_lying_is_turned_upright_also_when_it_is_decoded_smaller() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = written(red_then_blue(640, 320), "JPEG", exif=exif)
    decoded = shown(content, at_least_px=100)
    assert decoded.image is not None
    assert (decoded.image.size, decoded.width_px, decoded.height_px) == ((160, 320), 320, 640)
    top, bottom = (decoded.image.getpixel((80, y)) for y in (40, 280))
    assert (max(zip(top, "rgb", strict=True))[1], max(zip(bottom, "rgb", strict=True))[1]) == ("r", "b")


def test_a_cmyk_jpeg_has_its_colours() -> None:
    red_ink = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    decoded = shown(written(red_ink, "JPEG", quality=100))
    assert all(abs(value - wanted) <= 3 for pixel in pixels(decoded) for value, wanted in zip(pixel, RED, strict=True))
    assert decoded.notes == {"mode": "CMYK"}


def test_an_animated_gif_of_palettes_names_its_frames_and_its_mode() -> None:
    frames = [red_then_blue(4, 4).convert("P", palette=Image.Palette.ADAPTIVE), Image.new("P", (4, 4), 0)]
    decoded = shown(written(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert set(pixels(decoded)) == {RED, BLUE}
    assert decoded.notes == {"mode": "P", "n_frames": 2, "shown": "first frame"}


def test_a_large_jpeg_is_decoded_only_as_large_as_needed() -> None:
    content = written(Image.new("RGB", (800, 400), RED), "JPEG")
    decoded = shown(content, at_least_px=100)
    assert decoded.image is not None
    assert decoded.image.size == (200, 100)
    assert (decoded.width_px, decoded.height_px) == (800, 400)


def test_images_decoded_side_by_side_come_in_order_with_bad_ones_among_them() -> None:
    contents = [written(Image.new("RGB", (n, 1))) for n in range(1, 40)]
    contents[7] = b"broken"
    found = list(decode_each(enumerate(contents), lambda n, decoded: (n, decoded.width_px), n_threads=3))
    assert found == [(n, None if n == 7 else n + 1) for n in range(39)]


@pytest.mark.parametrize(("n_bytes", "most"), [(0, 40), (1 << 18, 5)])
def test_only_a_few_files_are_in_memory_at_once_and_fewer_of_large_ones(n_bytes: int, most: int) -> None:
    drawn: list[int] = []

    def contents() -> Any:
        for n in range(100):
            drawn.append(n)
            yield n, written(Image.new("RGB", (1, 1))) + bytes(n_bytes)

    next(decode_each(contents(), lambda n, decoded: n, n_threads=2))
    assert len(drawn) <= most


def test_a_long_image_is_decoded_smaller_as_long_as_its_longer_side_is_long_enough() -> None:
    sizes = {(640, 480): (320, 240), (1920, 1080): (480, 270), (2560, 160): (1280, 80), (240, 180): (240, 180)}
    for stored, wanted in sizes.items():
        image = shown(written(Image.new("RGB", stored), "JPEG"), longer_at_least_px=256).image
        assert image is not None and image.size == wanted


def test_the_stored_size_is_that_of_the_file_before_it_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 3)).save(tmp_path / "a.jpg", exif=exif)
    assert stored_size(tmp_path / "a.jpg") == (8, 3)
    (tmp_path / "b.jpg").write_bytes(b"none")
    with pytest.raises(OSError, match="cannot identify image file"):
        stored_size(tmp_path / "b.jpg")
