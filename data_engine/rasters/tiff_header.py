"""The header of a TIFF file, read without any library: its size, and whether it says where it lies on the ground.

So that data can be looked at where the extra is not installed. Scenes themselves are opened in `scene.py`.
Sources: Adobe 1992 (TIFF 6.0), BigTIFF, OGC 19-008r4 (GeoTIFF 1.1).
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

_WIDTH, _HEIGHT = 256, 257
#: ModelPixelScale, ModelTiepoint, ModelTransformation, GeoKeyDirectory.
_OF_PLACES = frozenset({33550, 33922, 34264, 34735})
_MOST_ENTRIES = 4096
_SIZES = {3: "H", 4: "I", 16: "Q"}


@dataclass(frozen=True)
class TiffHeader:
    """What the first directory of a TIFF file says."""

    width_px: int
    height_px: int
    is_placed: bool
    """Whether it has any tag of GeoTIFF."""


def read_tiff_header(stream: BinaryIO) -> TiffHeader | None:
    """The header of a TIFF file; None for a file of another kind, or one whose first directory cannot be read."""
    start = stream.read(16)
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None or len(start) < 8:
        return None
    version = struct.unpack(f"{order}H", start[2:4])[0]
    if version not in (42, 43):
        return None
    is_big = version == 43
    try:
        return _directory(stream, start, order, is_big=is_big)
    except (struct.error, OSError, OverflowError, ValueError):
        return None


def _directory(stream: BinaryIO, start: bytes, order: str, *, is_big: bool) -> TiffHeader | None:
    (place,) = struct.unpack(f"{order}Q", start[8:16]) if is_big else struct.unpack(f"{order}I", start[4:8])
    stream.seek(place)
    (n,) = struct.unpack(f"{order}Q", stream.read(8)) if is_big else struct.unpack(f"{order}H", stream.read(2))
    if n > _MOST_ENTRIES:
        return None
    found: dict[int, int] = {}
    tags = set()
    for _ in range(n):
        entry = stream.read(20 if is_big else 12)
        tag, kind = struct.unpack(f"{order}HH", entry[:4])
        tags.add(tag)
        if tag in (_WIDTH, _HEIGHT) and kind in _SIZES:
            value = entry[12:] if is_big else entry[8:]
            form = f"{order}{_SIZES[kind]}"
            found[tag] = struct.unpack(form, value[: struct.calcsize(form)])[0]
    if set(found) != {_WIDTH, _HEIGHT}:
        return None
    return TiffHeader(found[_WIDTH], found[_HEIGHT], bool(tags & _OF_PLACES))
