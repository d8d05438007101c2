"""A tile as a small GeoTIFF file, as releases hold it."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from data_engine.rasters.description import DescribedTile, described_tile
from data_engine.rasters.tile import GroundPlace, hash_of, tile_of

#: The tag with the place of a tile as its id has it: GeoTIFF writes reference systems in words of its own.
_PLACE = "TILE_PLACE"


def geotiff_of(described: DescribedTile, *, acquired_at: str | None = None) -> bytes:
    """A tile as the bytes of a GeoTIFF, with its place, the names of its bands and a mask of what is valid.

    Args:
        described: The tile.
        acquired_at: When its scene was taken, ISO 8601.
    """
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.transform import Affine

    tile = described.tile
    place = tile.place
    n_bands, height, width = tile.pixels.shape
    tags = {_PLACE: json.dumps(list(vars(place.rounded()).values()))}
    if acquired_at:
        tags["TIFFTAG_DATETIME"] = _written(acquired_at)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=width,
            height=height,
            count=n_bands,
            dtype=tile.pixels.dtype,
            crs=place.crs,
            transform=Affine(place.pixel_width, 0, place.left, 0, place.pixel_height, place.top),
            compress="deflate",
            photometric="minisblack",
        ) as file:
            file.write(tile.pixels)
            file.descriptions = described.bands
            file.update_tags(**tags)
            if not tile.is_valid.all():
                file.write_mask(np.where(tile.is_valid, np.uint8(255), np.uint8(0)))
        return bytes(memory.read())


def released_tile(content: bytes, row: Mapping[str, Any]) -> bytes:
    """The GeoTIFF of a tile by its bytes and its row of the raw index."""
    metadata = json.loads(row["metadata"])
    return geotiff_of(described_tile(content, metadata), acquired_at=metadata.get("acquired_at"))


def id_of_released(content: bytes) -> str:
    """The id of the tile in a GeoTIFF that `geotiff_of` made, from its pixels and its place; empty for another file."""
    import rasterio
    from rasterio.io import MemoryFile

    try:
        with rasterio.Env(), MemoryFile(content) as memory, memory.open() as file:
            place = GroundPlace(*json.loads(file.tags()[_PLACE]))
            return hash_of(tile_of(file.read(), file.dataset_mask() > 0, place).content())
    except (rasterio.errors.RasterioError, KeyError, ValueError, TypeError):
        return ""


def _written(acquired_at: str) -> str:
    """As TIFF writes a time."""
    return acquired_at[:19].replace("-", ":").replace("T", " ")
