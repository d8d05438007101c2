"""What the raw index says of a tile, as metadata; and a tile together with that, which is what encoders and rules take.

The pixels are in `tile.py`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.rasters.footprint import box_of
from data_engine.rasters.preview import Stretch, preview
from data_engine.rasters.scaling import Scaling
from data_engine.rasters.tile import Tile, read_tile
from data_engine.rasters.tile_grid import Window


@dataclass(frozen=True, eq=False)
class DescribedTile:
    """A tile with the meaning of its values.

    Attributes:
        tile: Pixels and place.
        bands: Their names.
        scaling: What the values mean.
        stretch: What is shown of it.
        cloud_brightness: Share of the value range from which on a pixel without colour is like a cloud.
    """

    modality: ClassVar[str] = "raster"

    tile: Tile
    bands: tuple[str, ...]
    scaling: Scaling
    stretch: Stretch
    cloud_brightness: float

    @cached_property
    def scaled(self) -> NDArray[np.float32]:
        """(n_bands, height, width) from 0 to 1; NaN where there is no data."""
        return self.scaling.scaled(self.tile)

    def preview(self) -> NDArray[np.uint8]:
        """(height, width, 3) shades of red, green and blue."""
        return preview(self.tile, self.stretch)


def described(
    found: DescribedTile, window: Window, footprint: NDArray[np.float64], *, scene: str, acquired_at: str | None
) -> dict[str, Any]:
    """The metadata of a tile: every place and time as columns, and what is needed to show and to scale it again."""
    corners = footprint.tolist() if np.isfinite(footprint).all() else None
    west, south, east, north = box_of(corners) if corners else (None,) * 4
    return {
        "scene": scene,
        "left_px": window.left_px,
        "top_px": window.top_px,
        "crs": found.tile.place.crs,
        "bounds": list(found.tile.bounds),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "footprint": corners,
        "acquired_at": acquired_at,
        "bands": list(found.bands),
        "dtype": str(found.tile.pixels.dtype),
        "nodata_share": round(found.tile.nodata_share, 6),
        "scaling": {"low": list(found.scaling.low), "high": list(found.scaling.high), "by": found.scaling.origin},
        "shown": {
            "bands": [found.bands[place] for place in found.stretch.bands],
            "low": list(found.stretch.low),
            "high": list(found.stretch.high),
        },
        "cloud_brightness": found.cloud_brightness,
    }


def described_tile(content: bytes, metadata: str | Mapping[str, Any]) -> DescribedTile:
    """The tile of its bytes and its metadata, as JSON or as an object.

    Raises: InvalidInput for bytes or metadata that are of no tile.
    """
    said = json.loads(metadata) if isinstance(metadata, str) else metadata
    try:
        bands = tuple(said["bands"])
        scaling, shown = said["scaling"], said["shown"]
        return DescribedTile(
            read_tile(content),
            bands,
            Scaling(tuple(scaling["low"]), tuple(scaling["high"]), scaling["by"]),
            Stretch(tuple(bands.index(name) for name in shown["bands"]), tuple(shown["low"]), tuple(shown["high"])),
            said["cloud_brightness"],
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"this metadata is of no tile of a raster ({error}); ingest its batch anew") from error


def band_places(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The places of bands by name. Raises: InvalidInput for a name that the tile lacks."""
    missing = [name for name in wanted if name not in names]
    if missing:
        raise InvalidInput(f"there is no band {', '.join(missing)}; the bands are {', '.join(names)}")
    return [names.index(name) for name in wanted]
