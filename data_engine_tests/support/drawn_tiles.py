"""Tiles of rasters that tests draw, with what their rows would say of them."""

from typing import Any

import numpy as np

from data_engine.rasters.description import DescribedTile
from data_engine.rasters.preview import Stretch
from data_engine.rasters.scaling import Scaling
from data_engine.rasters.tile import GroundPlace, tile_of

HERE = GroundPlace("EPSG:32633", 390_000, 5_820_000, 10, -10)
NAMES = ("blue", "green", "red", "nir")


def drawn_tile(seed: int = 0, *, n_bands: int = 4, side_px: int = 32, level: float = 0.2, nir: float = 0.2) -> Any:
    """A tile of noise about a level, from 0 to 1, with another level in its last band."""
    shares = np.random.default_rng(seed).normal(level, 0.02, (n_bands, side_px, side_px))
    shares[-1] += nir - level
    pixels = np.clip(shares * 10_000, 0, 10_000).astype(np.uint16)
    n_shown = 3 if n_bands >= 3 else 1
    return DescribedTile(
        tile_of(pixels, np.ones((side_px, side_px), bool), HERE),
        (*NAMES, *(f"b{n}" for n in range(5, n_bands + 1)))[:n_bands],
        Scaling((0.0,) * n_bands, (10_000.0,) * n_bands, "settings"),
        Stretch((2, 1, 0)[-n_shown:], (0.0,) * n_shown, (3000.0,) * n_shown),
        0.6,
    )
