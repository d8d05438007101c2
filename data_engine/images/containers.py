"""The file around the pixels: the same file without what tells nothing of its pixels.

Profiles, camera data, texts and unknown chunks are read by nobody here, so damage in them must not cost an image.
Pixels are decoded in `decoding.py`.
"""

import struct
import zlib
from collections.abc import Iterator

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
#: Chunks of PNG that pixels, transparency, frames and orientation stand in; of the last ones only sound ones are kept.
_PNG_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
#: The least number of bytes that they hold.
_PNG_WANTED = {b"tRNS": 1, b"acTL": 8, b"fcTL": 26, b"fdAT": 4, b"eXIf": 1}
_WEBP_PIXELS = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")
#: Flags of the header of WebP: a profile, camera data, a description.
_WEBP_EXTRAS = 0x20 | 0x08 | 0x04
#: Tags of TIFF that say how pixels lie in the file, what they mean and how the page was turned.
_TIFF_PIXELS = frozenset(
    {
        *(254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325),
        *(332, 333, 338, 339, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532),
    }
)
#: Of TIFF and BigTIFF: how the place of the directory, the number of its entries and an entry are written.
_TIFF_KINDS = {42: (4, "I", "H", 12), 43: (8, "Q", "Q", 20)}


def pixels_only(content: bytes) -> bytes | None:
    """The same image without what tells nothing of its pixels (the orientation stays where it is sound).

    Returns: the bytes of a PNG, JPEG, WebP or TIFF; None for other formats, and where nothing can be left out.
    """
    try:
        shorter = _shorter(content)
    except (struct.error, IndexError):
        return None
    return None if shorter == content else shorter


def _shorter(content: bytes) -> bytes:
    if content.startswith(_PNG):
        return _PNG + b"".join(_png_chunks(content))
    if content.startswith(_JPEG):
        return _JPEG + b"".join(_jpeg_segments(content))
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    if content[:2] in (b"II", b"MM"):
        return _tiff(content)
    return content


def _png_chunks(content: bytes) -> Iterator[bytes]:
    place = len(_PNG)
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        kind, end = content[place + 4 : place + 8], place + 12 + length
        is_wanted = length >= _PNG_WANTED.get(kind, length + 1)
        if kind in _PNG_CRITICAL or (is_wanted and _is_sound(content, place, end)):
            yield content[place:end]
        place = end


def _is_sound(content: bytes, place: int, end: int) -> bool:
    return end <= len(content) and zlib.crc32(content[place + 4 : end - 4]) == int.from_bytes(content[end - 4 : end])


def _jpeg_segments(content: bytes) -> Iterator[bytes]:
    """Every segment but comments and the data of applications; of those what colours and orientation need."""
    place = len(_JPEG)
    while content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker == 0xDA:
            break
        (length,) = struct.unpack_from(">H", content, place + 2)
        data = content[place + 4 : place + 2 + length]
        is_application = 0xE0 <= marker <= 0xEF or marker == 0xFE
        is_camera = marker == 0xE1 and data.startswith(b"Exif\0\0")
        is_of_colours = (marker == 0xE0 and data[:5] == b"JFIF\0" and len(data) >= 14) or (
            marker == 0xEE and data[:5] == b"Adobe" and len(data) >= 12
        )
        if not is_application or is_camera or is_of_colours:
            yield content[place : place + 2 + length]
        place += 2 + length
    yield content[place:]


def _webp(content: bytes) -> bytes:
    kept, place = [], 12
    while place + 8 <= len(content):
        kind = content[place : place + 4]
        (length,) = struct.unpack_from("<I", content, place + 4)
        end = place + 8 + length + length % 2
        if kind == b"VP8X":
            kept.append(content[place : place + 8] + bytes([content[place + 8] & ~_WEBP_EXTRAS]))
            kept.append(content[place + 9 : end])
        elif kind in _WEBP_PIXELS:
            kept.append(content[place:end])
        place = end
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _tiff(content: bytes) -> bytes:
    """A directory with the tags of pixels only, written behind the file; later pages are left out."""
    order = "<" if content[:2] == b"II" else ">"
    (magic,) = struct.unpack_from(order + "H", content, 2)
    if magic not in _TIFF_KINDS:
        return content
    header_end, place_format, count_format, size = _TIFF_KINDS[magic]
    (directory,) = struct.unpack_from(order + place_format, content, header_end)
    (n_entries,) = struct.unpack_from(order + count_format, content, directory)
    start = directory + struct.calcsize(count_format)
    entries = [
        content[place : place + size] for place in range(start, min(start + n_entries * size, len(content)), size)
    ]
    kept = [entry for entry in entries if struct.unpack_from(order + "H", entry)[0] in _TIFF_PIXELS]
    body = content + bytes(len(content) % 2)
    place = struct.pack(order + place_format, len(body))
    count, after = struct.pack(order + count_format, len(kept)), struct.pack(order + place_format, 0)
    return b"".join((body[:header_end], place, body[header_end + len(place) :], count, *kept, after))
