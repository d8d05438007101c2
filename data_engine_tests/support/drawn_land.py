"""Scenes of land that are drawn: patches of common and of rare land cover with their spectra, texture and noise.

Nothing here is a photo of anything; the spectra are round figures of the order of those of Sentinel-2.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin
from rasterio.windows import Window

NAMES = ("blue", "green", "red", "nir")


class Cover(NamedTuple):
    """A land cover: its reflectances, how much a patch differs from the next, and its texture."""

    name: str
    weight: float
    spectrum: tuple[float, float, float, float]
    spread: float
    texture: float
    grain_px: int


#: Weights are relative; the last six are rare.
COVERS = (
    Cover("field", 34.0, (0.06, 0.09, 0.07, 0.38), 0.22, 0.015, 16),
    Cover("forest", 26.0, (0.03, 0.05, 0.035, 0.30), 0.15, 0.03, 4),
    Cover("water", 22.0, (0.05, 0.045, 0.03, 0.015), 0.20, 0.002, 32),
    Cover("bare soil", 14.0, (0.10, 0.14, 0.19, 0.26), 0.20, 0.02, 8),
    Cover("town", 3.0, (0.13, 0.14, 0.15, 0.20), 0.15, 0.06, 4),
    Cover("solar park", 0.25, (0.07, 0.07, 0.08, 0.09), 0.10, 0.04, 8),
    Cover("greenhouses", 0.25, (0.38, 0.39, 0.40, 0.47), 0.10, 0.05, 8),
    Cover("burnt", 0.25, (0.04, 0.045, 0.05, 0.08), 0.15, 0.01, 8),
    Cover("quarry", 0.25, (0.28, 0.33, 0.37, 0.41), 0.10, 0.05, 4),
    Cover("wetland", 0.25, (0.04, 0.06, 0.05, 0.16), 0.15, 0.02, 4),
    Cover("snow", 0.25, (0.75, 0.76, 0.75, 0.68), 0.08, 0.03, 16),
)
N_RARE = 6


def covers_of(shape: tuple[int, int], seed: int) -> NDArray[np.int64]:
    """(rows, columns) the land cover of each patch: common ones in regions, rare ones in single patches."""
    rng = np.random.default_rng(seed)
    n_common = len(COVERS) - N_RARE
    weights = np.array([cover.weight for cover in COVERS])
    height, width = (side // 4 + 1 for side in shape)
    regions = rng.choice(n_common, size=(height, width), p=weights[:n_common] / weights[:n_common].sum())
    covers = np.kron(regions, np.ones((4, 4), np.int64))[: shape[0], : shape[1]]
    is_rare = rng.random(shape) < weights[n_common:].sum() / weights.sum()
    covers[is_rare] = n_common + rng.integers(0, N_RARE, int(is_rare.sum()))
    return covers


def land(covers: NDArray[np.int64], patch_px: int, seed: int) -> NDArray[np.uint16]:
    """(4, height, width) reflectances times 10,000 of some patches."""
    rng = np.random.default_rng(seed)
    rows, columns = covers.shape
    found = np.empty((4, rows * patch_px, columns * patch_px), np.float32)
    for row in range(rows):
        for column in range(columns):
            cover = COVERS[covers[row, column]]
            brightness = 1 + cover.spread * rng.uniform(-1, 1)
            grains = -(-patch_px // cover.grain_px)
            texture = np.kron(rng.normal(0, cover.texture, (grains, grains)), np.ones((cover.grain_px,) * 2))
            patch = np.array(cover.spectrum)[:, None, None] * brightness + texture[None, :patch_px, :patch_px]
            place = np.s_[:, row * patch_px : (row + 1) * patch_px, column * patch_px : (column + 1) * patch_px]
            found[place] = patch
    found += rng.normal(0, 0.003, found.shape).astype(np.float32)
    return (np.clip(found, 0.001, 1) * 10_000).astype(np.uint16)


def write_land(
    path: Path, shape: tuple[int, int], *, patch_px: int = 64, seed: int = 0, corner: Any = (390_000.0, 5_820_000.0)
) -> NDArray[np.int64]:
    """Write a scene of (rows, columns) patches, a row of patches at a time; gives the land cover of each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    covers = covers_of(shape, seed)
    profile: dict[str, Any] = {
        "driver": "GTiff", "dtype": "uint16", "count": 4, "crs": "EPSG:32633", "width": shape[1] * patch_px,
        "height": shape[0] * patch_px, "transform": from_origin(*corner, 10, 10), "tiled": True, "blockxsize": 256,
        "blockysize": 256, "compress": "deflate", "zlevel": 1, "predictor": 2, "nodata": 0, "photometric": "minisblack",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.descriptions = NAMES
        file.update_tags(TIFFTAG_DATETIME=f"2024:06:{1 + seed % 28:02d} 10:15:30")
        for row in range(shape[0]):
            pixels = land(covers[row : row + 1], patch_px, seed * 100_003 + row)
            file.write(pixels, window=Window(0, row * patch_px, shape[1] * patch_px, patch_px))
    return covers
