"""What the values of a scene mean: their range, and their share of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from data_engine.rasters.settings import Raster
from data_engine.rasters.tile import Tile

Origin = Literal["settings", "file", "type", "scene"]
_PERCENTILES = (1, 99)


@dataclass(frozen=True)
class Scaling:
    """The values of each band that stand for nothing and for all of the light.

    Attributes:
        low: One per band.
        high: One per band, another than `low`.
        origin: Who says so: the settings, the file (a scale or an offset), its type (8 bits), or a sample of the scene,
            which says nothing of how bright it is.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    origin: Origin

    @property
    def is_absolute(self) -> bool:
        """Whether brightness can be compared with that of other scenes."""
        return self.origin != "scene"

    def scaled(self, tile: Tile) -> NDArray[np.float32]:
        """(n_bands, height, width) from 0 to 1; NaN where there is no data."""
        low = np.array(self.low, np.float32)[:, None, None]
        span = np.array(self.high, np.float32)[:, None, None] - low
        values = (tile.pixels.astype(np.float32) - low) / span
        np.clip(values, 0, 1, out=values)
        if not tile.is_valid.all():
            values[:, ~tile.is_valid] = np.nan
        return values


def scaling_of(raster: Raster, dtype: str, scales: Sequence[tuple[float, float]], sample: NDArray[Any]) -> Scaling:
    """The scaling of a scene.

    Args:
        raster: The settings.
        dtype: Of its values.
        scales: Of each band, the factor and the offset that the file names; (1, 0) for none.
        sample: (n_bands, n) values of the scene, which count where nothing else says what values mean.
    """
    n = len(scales)
    if raster.value_range is not None:
        low, high = raster.value_range
        return Scaling((low,) * n, (high,) * n, "settings")
    if any(scale != (1.0, 0.0) for scale in scales) and all(factor for factor, _ in scales):
        lows = tuple(-offset / factor for factor, offset in scales)
        return Scaling(lows, tuple((1 - offset) / factor for factor, offset in scales), "file")
    if np.dtype(dtype).itemsize == 1:
        limits = np.iinfo(dtype)
        return Scaling((float(limits.min),) * n, (float(limits.max),) * n, "type")
    if not sample.size:
        return Scaling((0.0,) * n, (1.0,) * n, "scene")
    low, high = (float(value) for value in np.percentile(sample, _PERCENTILES))
    return Scaling((low,) * n, (high if high > low else low + 1,) * n, "scene")
