"""Tile: the pixels of a window and their place on the ground, as bytes and back.

A tile's bytes are what its id is the hash of: the same pixels at the same place have the same id, whatever scene they
were cut from and whatever the file fills its gaps with.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

_MAGIC = b"raster-tile-1\n"
#: Places are told apart by a thousandth of a pixel: sums of pixel sizes differ in their last digits.
_DIGITS_BELOW_A_PIXEL = 3


@dataclass(frozen=True)
class GroundPlace:
    """Where a tile lies: the corner that its first pixel has, in units of its coordinate reference system."""

    crs: str
    """An authority's code (`EPSG:32633`), or WKT."""
    left: float
    top: float
    pixel_width: float
    """Above 0."""
    pixel_height: float
    """Below 0 where rows run from north to south, as they nearly always do."""

    def rounded(self) -> "GroundPlace":
        """To a thousandth of a pixel."""
        pixel = min(abs(self.pixel_width), abs(self.pixel_height))
        digits = _DIGITS_BELOW_A_PIXEL - math.floor(math.log10(pixel))
        return GroundPlace(
            self.crs,
            round(self.left, digits),
            round(self.top, digits),
            round(self.pixel_width, digits + _DIGITS_BELOW_A_PIXEL),
            round(self.pixel_height, digits + _DIGITS_BELOW_A_PIXEL),
        )


@dataclass(frozen=True, eq=False)
class Tile:
    """Pixels of a scene.

    Attributes:
        pixels: (n_bands, height, width) as the file has them; 0 where they are not valid.
        is_valid: (height, width) whether every band has data there.
        place: Where it lies.
    """

    pixels: NDArray[Any]
    is_valid: NDArray[np.bool_]
    place: GroundPlace

    @property
    def nodata_share(self) -> float:
        """Of its pixels."""
        return 1 - float(self.is_valid.mean())

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top, in units of its coordinate reference system."""
        _, height, width = self.pixels.shape
        x = (self.place.left, self.place.left + width * self.place.pixel_width)
        y = (self.place.top, self.place.top + height * self.place.pixel_height)
        return min(x), min(y), max(x), max(y)

    def content(self) -> bytes:
        """The tile as bytes, the same on every machine."""
        pixels = self.pixels.astype(self.pixels.dtype.newbyteorder("<"), copy=False)
        header = {
            "shape": list(pixels.shape),
            "dtype": pixels.dtype.str,
            "place": list(vars(self.place.rounded()).values()),
        }
        packed = np.packbits(self.is_valid).tobytes()
        return b"".join([_MAGIC, json.dumps(header).encode(), b"\n", packed, np.ascontiguousarray(pixels).tobytes()])


def tile_of(pixels: NDArray[Any], is_valid: NDArray[np.bool_], place: GroundPlace) -> Tile:
    """A tile whose pixels without data are 0."""
    if is_valid.all():
        return Tile(pixels, is_valid, place)
    return Tile(np.where(is_valid, pixels, np.zeros((), pixels.dtype)), is_valid, place)


def hash_of(content: bytes) -> str:
    """The id of a tile by its bytes, as `indexing.samples` makes that of any bytes."""
    return xxhash.xxh3_128_hexdigest(content)


def read_tile(content: bytes) -> Tile:
    """The tile of its bytes. Raises: InvalidInput for bytes that are none."""
    try:
        if not content.startswith(_MAGIC):
            raise ValueError("they begin with something else")
        end = content.index(b"\n", len(_MAGIC))
        header: Mapping[str, Any] = json.loads(content[len(_MAGIC) : end])
        n_bands, height, width = header["shape"]
        n_packed = (height * width + 7) // 8
        start = end + 1
        bits = np.frombuffer(content, np.uint8, n_packed, start)
        is_valid = np.unpackbits(bits, count=height * width).astype(bool).reshape(height, width)
        dtype = np.dtype(header["dtype"])
        pixels = np.frombuffer(content, dtype, n_bands * height * width, start + n_packed)
        shaped = pixels.reshape(n_bands, height, width).astype(dtype.newbyteorder("="), copy=False)
        return Tile(shaped, is_valid, GroundPlace(*header["place"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"these bytes are no tile of a raster ({error}); ingest its batch anew") from error
