"""Scenes that tests draw with rasterio: any size, bands and type, at a place on the ground, whole or damaged."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine, from_origin

#: A place in Berlin, in UTM zone 33 north, of pixels of 10 m.
CORNER, PIXEL_M = (390_000.0, 5_820_000.0), 10.0


def noise(n_bands: int, height: int, width: int, *, dtype: str = "uint16", seed: int = 0, top: float = 4000) -> Any:
    """(n_bands, height, width) values from 1 to `top`, no two tiles alike."""
    return np.random.default_rng(seed).uniform(1, top, (n_bands, height, width)).astype(dtype)


def write_scene(
    path: Path,
    pixels: NDArray[Any],
    *,
    names: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    corner: tuple[float, float] = CORNER,
    pixel_m: float = PIXEL_M,
    mask: NDArray[Any] | None = None,
    alpha: NDArray[Any] | None = None,
    **profile: Any,
) -> Path:
    """Write pixels as a GeoTIFF with square blocks; what is named in `profile` counts before that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    n_bands, height, width = pixels.shape
    bands = pixels if alpha is None else np.concatenate([pixels, alpha[None]])
    said: dict[str, Any] = {
        "driver": "GTiff",
        "width": width,
        "height": height,
        "count": len(bands),
        "dtype": pixels.dtype.name,
        "crs": "EPSG:32633",
        "transform": from_origin(*corner, pixel_m, pixel_m),
        "tiled": True,
        "blockxsize": 64,
        "blockysize": 64,
        "compress": "deflate",
        "photometric": "minisblack",
        **profile,
    }
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **said) as file:
        if alpha is not None:
            from rasterio.enums import ColorInterp

            file.colorinterp = [*[ColorInterp.gray, *[ColorInterp.undefined] * n_bands][:n_bands], ColorInterp.alpha]
        file.write(bands)
        if names:
            file.descriptions = (*names, *(("alpha",) if alpha is not None else ()))
        if tags:
            file.update_tags(**tags)
        if mask is not None:
            file.write_mask(mask)
    return path


def write_rotated(path: Path, pixels: NDArray[Any]) -> Path:
    """A scene whose rows run askew."""
    return write_scene(path, pixels, transform=from_origin(*CORNER, PIXEL_M, PIXEL_M) @ Affine.rotation(20))


def write_by_control_points(path: Path, pixels: NDArray[Any]) -> Path:
    """A scene that is placed by three ground control points alone."""
    from rasterio.control import GroundControlPoint

    height, width = pixels.shape[1:]
    points = [
        GroundControlPoint(row, column, CORNER[0] + 11 * column, CORNER[1] - 9 * row)
        for row, column in ((0, 0), (0, width), (height, width))
    ]
    write_scene(path, pixels, transform=None, crs=None)
    with rasterio.open(path, "r+") as file:
        file.gcps = (points, rasterio.crs.CRS.from_epsg(32633))
    return path
