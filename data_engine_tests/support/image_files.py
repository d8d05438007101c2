"""Image files written byte by byte, for what no library writes: odd chunks, 16 bits per colour."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = len(_SIGNATURE) + 12 + 13


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG with its checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """A PNG with further chunks behind its header."""
    return png[:_HEADER_END] + b"".join(chunks) + png[_HEADER_END:]


def deep_png(values: NDArray[np.uint16]) -> bytes:
    """(h, w, 3) or (h, w, 4) values as a PNG of 16 bits per colour."""
    height, width, n_channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values.reshape(height, -1))
    header = struct.pack(">IIBBBBB", width, height, 16, 2 if n_channels == 3 else 6, 0, 0, 0)
    return _SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def deep_tiff(values: NDArray[np.uint16], order: str) -> bytes:
    """(h, w, 3) values as a TIFF of 16 bits per colour; `order` is < or >."""
    height, width, _ = values.shape
    data = values.astype(f"{order}u2").tobytes()
    bits_at = 8 + 2 + 12 * 9 + 4
    short, long = "HHIHH", "HHII"
    entries = [
        (short, 256, 3, 1, width, 0),
        (short, 257, 3, 1, height, 0),
        (long, 258, 3, 3, bits_at),
        (short, 259, 3, 1, 1, 0),
        (short, 262, 3, 1, 2, 0),
        (long, 273, 4, 1, bits_at + 6),
        (short, 277, 3, 1, 3, 0),
        (short, 278, 3, 1, height, 0),
        (long, 279, 4, 1, len(data)),
    ]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(entries))
    body = b"".join(struct.pack(order + form, *entry) for form, *entry in entries)
    return head + body + struct.pack(f"{order}IHHH", 0, 16, 16, 16) + data


def with_webp_chunk(webp: bytes, kind: bytes, data: bytes, flag: int) -> bytes:
    """A WebP without further chunks (VP8L), with one behind its pixels."""
    (bits,) = struct.unpack_from("<I", webp, 21)
    width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF
    extended = bytes([flag, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    more = kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    body = b"WEBPVP8X" + struct.pack("<I", 10) + extended + webp[12:] + more
    return b"RIFF" + struct.pack("<I", len(body)) + body
