"""Measures of tiles for the rules: what is missing, bright, flat and empty of content."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_engine.rasters.description import DescribedTile

_SHADES = 256
#: A neighbourhood is flat where its standard deviation is below this share of the value range: one shade of 256.
_FLAT = 1 / 256

Floats = NDArray[np.float32]


class RasterMeasures(NamedTuple):
    """Measures of a tile; None where they make no sense. Grey is the mean of the bands that are shown."""

    nodata_share: float
    """Of the pixels."""
    brightness: float | None
    """The mean grey, as a share of the value range; None where the range is the scene's own, or nothing is valid."""
    cloud_like_share: float | None
    """Of the valid pixels, those whose bands that are shown all reach the brightness of clouds; None as above."""
    entropy_bits: float | None
    """Of the greys in 256 steps of the value range, from 0 (one shade) to 8; None where nothing is valid."""
    flat_share: float | None
    """Of the valid pixels with eight valid neighbours, those whose 3 x 3 neighbourhood is as flat as open water: its
    standard deviation of grey is below a 256th of the value range. None where there are none."""


def measures_of(described: DescribedTile) -> RasterMeasures:
    """Measure a tile."""
    is_valid = described.tile.is_valid
    shown = described.scaled[list(dict.fromkeys(described.stretch.bands))]
    grey = shown.mean(axis=0)
    known = grey[is_valid]
    if not known.size:
        return RasterMeasures(1.0, None, None, None, None)
    is_absolute = described.scaling.is_absolute
    is_bright = shown.min(axis=0)[is_valid] >= described.cloud_brightness
    return RasterMeasures(
        nodata_share=described.tile.nodata_share,
        brightness=float(known.mean(dtype=np.float64)) if is_absolute else None,
        cloud_like_share=float(is_bright.mean()) if is_absolute else None,
        entropy_bits=_entropy(known),
        flat_share=_flat_share(grey, is_valid),
    )


def _entropy(values: Floats) -> float:
    counts = np.bincount((values * (_SHADES - 1) + 0.5).astype(np.int64), minlength=_SHADES)
    shares = counts[counts > 0] / len(values)
    return float(abs(-(shares * np.log2(shares)).sum()))


def _flat_share(grey: Floats, is_valid: NDArray[np.bool_]) -> float | None:
    deviation = local_deviation(grey)
    known = deviation[np.isfinite(deviation)] if not is_valid.all() else deviation.ravel()
    return float((known < _FLAT).mean()) if known.size else None


def local_deviation(values: Floats) -> Floats:
    """(..., height - 2, width - 2) the standard deviation of each 3 x 3 neighbourhood; NaN where it has a NaN."""
    # Shifted, so that the squares of large values do not swallow small differences.
    mean_of_all = values.mean()
    if not np.isfinite(mean_of_all):
        finite = values[np.isfinite(values)]
        mean_of_all = finite.mean() if finite.size else values.dtype.type(0)
    shifted = values - mean_of_all
    mean, mean_square = _box_mean(shifted), _box_mean(np.square(shifted))
    deviation: Floats = np.sqrt(np.maximum(mean_square - np.square(mean), 0))
    return deviation


def _box_mean(values: Floats) -> Floats:
    rows = values[..., :-2, :] + values[..., 1:-1, :] + values[..., 2:, :]
    sums: Floats = (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / np.float32(9)
    return sums
