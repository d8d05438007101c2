"""Which bands of a tile are shown, and how their values become shades."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.rasters.settings import Raster
from data_engine.rasters.tile import Tile

#: What red, green and blue are called; Sentinel-2 names its bands by numbers.
_NAMES = (("red", "green", "blue"), ("B04", "B03", "B02"), ("R", "G", "B"))
_MIDDLE = 128


@dataclass(frozen=True)
class Stretch:
    """What is shown of a tile.

    Attributes:
        bands: Their places among the bands of the scene: three for red, green and blue, or one for grey.
        low: Of each of them, the value that is black.
        high: Of each of them, the value that is white.
    """

    bands: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def shown_bands(raster: Raster, names: Sequence[str]) -> tuple[int, ...]:
    """The places of the bands that are shown.

    Raises: ValueError for a name that the scene lacks.
    """
    if raster.preview_bands is not None:
        missing = [name for name in raster.preview_bands if name not in names]
        if missing:
            raise ValueError(
                f"has no band called {', '.join(missing)}, which source.raster.preview_bands names; it has "
                f"{', '.join(names)}"
            )
        return tuple(names.index(name) for name in raster.preview_bands)
    lower = [name.lower() for name in names]
    for triple in _NAMES:
        if all(name.lower() in lower for name in triple):
            return tuple(lower.index(name.lower()) for name in triple)
    return (0, 1, 2) if len(names) >= 3 else (0,)


def stretch_of(bands: Sequence[int], percentiles: tuple[float, float], values: NDArray[Any]) -> Stretch:
    """The stretch by percentiles of values.

    Args:
        bands: Places of the bands that are shown.
        percentiles: Of black and of white.
        values: (n_bands, n) valid values of all bands; of a whole scene, or of a tile.
    """
    if not values.shape[1]:
        return Stretch(tuple(bands), (0.0,) * len(bands), (1.0,) * len(bands))
    low, high = np.percentile(values[list(bands)], percentiles, axis=1)
    return Stretch(tuple(bands), tuple(map(float, low)), tuple(map(float, high)))


def preview(tile: Tile, stretch: Stretch) -> NDArray[np.uint8]:
    """(height, width, 3) shades; black where there is no data, middle grey where all values are the same."""
    shades = np.empty((*tile.pixels.shape[1:], len(stretch.bands)), np.uint8)
    for place, (band, low, high) in enumerate(zip(stretch.bands, stretch.low, stretch.high, strict=True)):
        if high > low:
            values = (tile.pixels[band].astype(np.float32) - np.float32(low)) * np.float32(255 / (high - low))
            shades[..., place] = np.clip(np.rint(values), 0, 255)
        else:
            shades[..., place] = _MIDDLE
    shades[~tile.is_valid] = 0
    return shades if len(stretch.bands) == 3 else np.repeat(shades, 3, axis=2)
