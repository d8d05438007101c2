"""Cuts a scene into tiles: each with its bytes, its metadata and its preview, or with why it cannot be read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.rasters.acquired import acquired_at
from data_engine.rasters.description import DescribedTile, described
from data_engine.rasters.footprint import footprints
from data_engine.rasters.preview import Stretch, shown_bands, stretch_of
from data_engine.rasters.scaling import Scaling, scaling_of
from data_engine.rasters.scene import Scene, UnreadableScene, open_scene
from data_engine.rasters.settings import Raster
from data_engine.rasters.tile_grid import Window, n_windows, windows

#: Most tiles of one scene.
MOST_TILES = 1_000_000
_MOST_TILE_BYTES = 256 << 20
_WINDOWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class CutTile:
    """A tile of a scene, or the reason why there is none; then of the whole scene where `window` is None."""

    window: Window | None
    content: bytes = b""
    metadata: dict[str, Any] = field(default_factory=dict)
    preview: NDArray[np.uint8] | None = None
    error: str | None = None

    @property
    def n_bytes(self) -> int:
        """Of the tile; 0 of what cannot be read."""
        return len(self.content)


@dataclass(frozen=True, eq=False)
class _Meaning:
    """What holds for all tiles of a scene."""

    scaling: Scaling
    bands: tuple[int, ...]
    stretch: Stretch


def cut_scene(
    source: Path | Callable[[], BinaryIO],
    uri: str,
    n_bytes: int,
    raster: Raster,
    *,
    side_px: int,
    step_px: int,
    n_done: int = 0,
) -> Iterator[CutTile]:
    """The tiles of a scene, row by row; a window at a time is in memory.

    Args:
        source: A file of this machine, or what opens a stream of its bytes.
        uri: Of the file, for the metadata.
        n_bytes: Of the file, as it is stored.
        raster: What its values mean.
        side_px: Side of a tile, in pixels of the scene.
        step_px: From the beginning of one tile to that of the next.
        n_done: Tiles at the beginning that are known already, and left out.
    """
    try:
        with open_scene(source, n_bytes, raster) as scene:
            _check(scene, side_px, step_px)
            all_places = windows(scene.width_px, scene.height_px, side_px=side_px, step_px=step_px)
            places = islice(all_places, n_done, None)
            meaning = _meaning(scene, raster)
            time = acquired_at(scene.tags, uri.rpartition("/")[2], raster.time_pattern)
            while some := list(islice(places, _WINDOWS_AT_ONCE)):
                corners = footprints(scene.crs, np.array([_bounds(scene, window) for window in some]))
                for window, footprint in zip(some, corners, strict=True):
                    yield _cut(scene, window, footprint, raster, meaning, (uri, time))
    except (UnreadableScene, InvalidInput) as error:
        yield CutTile(None, error=str(error))


def _check(scene: Scene, side_px: int, step_px: int) -> None:
    n_tiles = n_windows(scene.width_px, scene.height_px, side_px=side_px, step_px=step_px)
    if n_tiles > MOST_TILES:
        raise UnreadableScene(
            f"has {scene.width_px:,} x {scene.height_px:,} px and makes {n_tiles:,} tiles, more than {MOST_TILES:,}; "
            "raise source.tile_px or source.tile_step_px"
        )
    n_bytes = side_px**2 * len(scene.bands) * np.dtype(scene.dtype).itemsize
    if n_bytes > _MOST_TILE_BYTES:
        raise UnreadableScene(f"makes tiles of {n_bytes:,} bytes, more than {_MOST_TILE_BYTES:,}; lower source.tile_px")


def _meaning(scene: Scene, raster: Raster) -> _Meaning:
    try:
        bands = shown_bands(raster, scene.bands)
    except ValueError as error:
        raise UnreadableScene(str(error)) from error
    is_absolute = raster.value_range is not None or np.dtype(scene.dtype).itemsize == 1
    # Windows all over the scene are read for nothing else.
    is_asked_for = raster.stretch_over == "scene" or not is_absolute
    sample = scene.sample() if is_asked_for else np.empty((len(scene.bands), 0))
    scaling = scaling_of(raster, scene.dtype, scene.scales, sample)
    return _Meaning(scaling, bands, stretch_of(bands, raster.stretch, sample))


def _bounds(scene: Scene, window: Window) -> tuple[float, float, float, float]:
    place = scene.place_of(window)
    x = (place.left, place.left + window.width_px * place.pixel_width)
    y = (place.top, place.top + window.height_px * place.pixel_height)
    return min(x), min(y), max(x), max(y)


def _cut(
    scene: Scene,
    window: Window,
    footprint: NDArray[np.float64],
    raster: Raster,
    meaning: _Meaning,
    said: tuple[str, str | None],
) -> CutTile:
    try:
        tile = scene.read(window)
    except UnreadableScene as error:
        return CutTile(window, error=str(error))
    stretch = meaning.stretch
    if raster.stretch_over == "tile":
        stretch = stretch_of(meaning.bands, raster.stretch, tile.pixels[:, tile.is_valid])
    found = DescribedTile(tile, scene.bands, meaning.scaling, stretch, raster.cloud_brightness)
    uri, time = said
    metadata = described(found, window, footprint, scene=uri, acquired_at=time)
    return CutTile(window, tile.content(), metadata, found.preview())
