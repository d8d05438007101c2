"""Only pixels decide whether an image is read: damage in everything else costs nothing but that."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import chunk, with_chunks, with_webp_chunk
from PIL import Image

from data_engine.images import decode_image
from data_engine.images.containers import pixels_only

NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (12, 20, 3), dtype=np.uint8), "RGB")
DAMAGED = b"Exif\0\0no such thing"


def written(image_format: str, **settings: Any) -> bytes:
    stream = BytesIO()
    NOISE.save(stream, image_format, **settings)
    return stream.getvalue()


PNG, TIFF = written("PNG"), written("TIFF")
WEBP, JPEG = written("WEBP", lossless=True), written("JPEG", quality=95)


def pixels(content: bytes) -> Any:
    decoded = decode_image(content)
    assert decoded.error is None
    return np.asarray(decoded.image).tolist()


@pytest.mark.parametrize(
    "content",
    [
        with_chunks(PNG, chunk(b"eXIf", DAMAGED)),
        with_chunks(PNG, chunk(b"eXIf", b"")),
        with_chunks(PNG, chunk(b"iCCP", b"large\0\0" + zlib.compress(bytes(3_000_000)))),
        with_chunks(PNG, chunk(b"iCCP", b"odd\0\7")),
        with_chunks(PNG, chunk(b"iCCP", b"")),
        with_chunks(PNG, chunk(b"gAMA", b"1"), chunk(b"cHRM", b"2"), chunk(b"sRGB", b""), chunk(b"pHYs", b"3")),
        with_chunks(PNG, chunk(b"acTL", b"1")),
        with_chunks(PNG, chunk(b"tEXt", b"wrong sum")[:-4] + b"0000"),
        with_chunks(PNG, chunk(b"zTXt", b"note\0\1")),
        with_chunks(PNG, chunk(b"quEr", bytes(40))),
        PNG[:-12] + chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(3_000_000))) + PNG[-12:],
        with_webp_chunk(WEBP, b"EXIF", DAMAGED, 0x08),
        with_webp_chunk(WEBP, b"ICCP", bytes(3_000_000), 0x20),
        with_webp_chunk(WEBP, b"XMP ", b"\xff" * 9, 0x04),
        with_webp_chunk(WEBP, b"EXIF", bytes(90), 0x08)[:-50],
        written("WEBP", lossless=True, exif=DAMAGED),
        written("PNG", icc_profile=bytes(3_000_000)),
        written("TIFF", icc_profile=bytes(3_000_000)),
    ],
)
def test_damage_that_is_not_in_the_pixels_costs_no_pixel(content: bytes) -> None:
    assert pixels(content) == np.asarray(NOISE).tolist()


@pytest.mark.parametrize(
    "segment",
    [b"\xff\xe1" + struct.pack(">H", 2 + len(DAMAGED)) + DAMAGED, b"\xff\xe0\0\x07JFIF\0", b"\xff\xee\0\x07Adobe"],
    ids=["damaged camera data", "short JFIF", "short Adobe"],
)
def test_a_jpeg_with_odd_segments_is_read(segment: bytes) -> None:
    assert np.asarray(decode_image(JPEG[:2] + segment + JPEG[2:]).image).shape == (12, 20, 3)


def test_a_further_page_that_is_damaged_costs_a_tiff_nothing() -> None:
    (directory,) = struct.unpack_from("<I", TIFF, 4)
    (n_entries,) = struct.unpack_from("<H", TIFF, directory)
    after = directory + 2 + 12 * n_entries
    for place in (5, len(TIFF) - 1, 2**31):
        assert pixels(TIFF[:after] + struct.pack("<I", place) + TIFF[after + 4 :]) == np.asarray(NOISE).tolist()


def test_nothing_is_left_out_of_a_plain_file_and_of_other_formats() -> None:
    assert [pixels_only(content) for content in (PNG, written("BMP"), b"no image", b"", b"II*\0", JPEG[:1])] == [
        None
    ] * 6


def test_a_sound_orientation_counts_beside_damage_elsewhere() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = with_chunks(written("PNG", exif=exif), chunk(b"iCCP", b"large\0\0" + zlib.compress(bytes(3_000_000))))
    decoded = decode_image(content)
    assert (decoded.width_px, decoded.height_px, decoded.notes["orientation"]) == (12, 20, "turned by 90 degrees")


@settings(deadline=None)
@given(
    kind=st.sampled_from([b"eXIf", b"iCCP", b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"pHYs", b"sPLT", b"tIME", b"abCd"]),
    data=st.binary(max_size=200),
    is_sound=st.booleans(),
    is_behind=st.booleans(),
)
def test_whatever_a_chunk_of_a_png_holds_its_pixels_are_read(
    kind: bytes, data: bytes, is_sound: bool, is_behind: bool
) -> None:
    piece = chunk(kind, data) if is_sound else chunk(kind, data)[:-4] + b"\0\1\2\3"
    content = PNG[:-12] + piece + PNG[-12:] if is_behind else with_chunks(PNG, piece)
    found = decode_image(content)
    assert found.error is None
    # Random camera data may name an orientation; nothing else is there to change a pixel.
    assert sorted(np.asarray(found.image).ravel().tolist()) == sorted(np.asarray(NOISE).ravel().tolist())


@settings(deadline=None)
@given(st.sampled_from([(b"EXIF", 0x08), (b"ICCP", 0x20), (b"XMP ", 0x04), (b"ABCD", 0)]), st.binary(max_size=200))
def test_whatever_a_chunk_of_a_webp_holds_its_pixels_are_read(kind: tuple[bytes, int], data: bytes) -> None:
    found = decode_image(with_webp_chunk(WEBP, kind[0], data, kind[1]))
    assert found.error is None
    assert sorted(np.asarray(found.image).ravel().tolist()) == sorted(np.asarray(NOISE).ravel().tolist())


@settings(deadline=None)
@given(
    st.sampled_from([*range(0xE0, 0xF0), 0xFE]), st.binary(max_size=200), st.sampled_from([b"", b"Exif\0\0", b"ICC_"])
)
def test_whatever_a_segment_of_a_jpeg_holds_it_is_read(marker: int, data: bytes, start: bytes) -> None:
    segment = bytes([0xFF, marker]) + struct.pack(">H", 2 + len(start + data)) + start + data
    assert decode_image(JPEG[:2] + segment + JPEG[2:]).error is None


@settings(deadline=None)
@given(st.integers(0, 11), st.binary(min_size=12, max_size=12))
def test_whatever_an_entry_beside_those_of_pixels_holds_a_tiff_is_read(place: int, entry: bytes) -> None:
    (directory,) = struct.unpack_from("<I", TIFF, 4)
    (n_entries,) = struct.unpack_from("<H", TIFF, directory)
    start, end = directory + 2, directory + 2 + 12 * n_entries
    entries = [TIFF[at : at + 12] for at in range(start, end, 12)]
    odd = struct.pack("<H", 33000 + entry[0]) + entry[2:]
    entries.insert(min(place, len(entries)), odd)
    body = TIFF + bytes(len(TIFF) % 2)
    content = body[:4] + struct.pack("<I", len(body)) + body[8:] + struct.pack("<H", len(entries))
    assert pixels(content + b"".join(entries) + bytes(4)) == np.asarray(NOISE).tolist()
