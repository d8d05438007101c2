"""Where tiles lie in longitude and latitude, and which block of ground they belong to.

Places in units of a scene's own coordinate reference system are in `tile.py`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

Floats = NDArray[np.float64]
_WORLD = "OGC:CRS84"
_SIDES = ("west", "south", "east", "north")
_HALF_TURN = 180.0


def footprints(crs: str, bounds: Floats) -> Floats:
    """The corners of tiles in longitude and latitude (WGS 84), from the lower left one against the clock.

    Args:
        crs: Their coordinate reference system.
        bounds: (n, 4) left, bottom, right, top in its units.

    Returns: (n, 4, 2) degrees; NaN where a corner is nowhere on the earth. Longitudes of one tile lie on one side:
        those beyond the 180th meridian go on above 180.

    Raises: InvalidInput for a coordinate reference system that is unknown.
    """
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    left, bottom, right, top = bounds.T
    x, y = np.stack([left, right, right, left], axis=1), np.stack([bottom, bottom, top, top], axis=1)
    try:
        known = CRS.from_user_input(crs)
    except CRSError as error:
        raise InvalidInput(
            f"the coordinate reference system {crs[:80]} is unknown ({error}); warp the scene"
        ) from error
    corners = _on_earth(known, x, y)
    if np.isnan(corners).any() and len(x) > 1:
        # One place that the reference system cannot tell takes those that are asked for with it along.
        corners = np.concatenate([_on_earth(known, x[n : n + 1], y[n : n + 1]) for n in range(len(x))])
    # A tile is never half the earth wide: a larger distance means that it crosses the 180th meridian.
    east = corners[:, :, 0].max(axis=1, keepdims=True)
    corners[:, :, 0] += np.where(east - corners[:, :, 0] > _HALF_TURN, 2 * _HALF_TURN, 0.0)
    return np.round(corners, 7)


def _on_earth(crs: Any, x: Floats, y: Floats) -> Floats:
    """(n, 4, 2) longitudes and latitudes; NaN for all where one of them is nowhere."""
    import rasterio
    from rasterio._err import CPLE_BaseError
    from rasterio.warp import transform

    nowhere = np.full((*x.shape, 2), np.nan)
    try:
        with rasterio.Env():
            longitudes, latitudes = transform(crs, _WORLD, x.ravel().tolist(), y.ravel().tolist())
    except (CPLE_BaseError, rasterio.errors.RasterioError):
        return nowhere
    corners = np.stack([longitudes, latitudes], axis=1).reshape(nowhere.shape)
    return corners if np.isfinite(corners).all() else nowhere


def ground_blocks(boxes: Floats, *, side_km: float) -> list[str]:
    """The block of ground that the middle of each tile lies in, in a grid of about `side_km`.

    Args:
        boxes: (n, 4) west, south, east, north in degrees.
        side_km: Side of a block. Rows of blocks have the same height in degrees; their width follows the latitude.

    Returns: (n,) names of blocks; an empty one for a tile whose place is not known.
    """
    degrees = side_km / 111.2
    names = []
    for longitude, latitude in zip((boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2, strict=True):
        if not np.isfinite(longitude + latitude):
            names.append("")
            continue
        row = int(np.floor(latitude / degrees))
        n_columns = max(1, round(2 * _HALF_TURN * np.cos(np.radians((row + 0.5) * degrees)) / degrees))
        column = int(np.floor((longitude + _HALF_TURN) % (2 * _HALF_TURN) / (2 * _HALF_TURN) * n_columns))
        names.append(f"{row},{column}")
    return names


def touching(boxes: Floats, *, margin: float = 0.0) -> list[tuple[int, int]]:
    """The pairs of tiles that overlap, or lie side by side within `margin` degrees; the smaller number first.

    Args:
        boxes: (n, 4) west, south, east, north in degrees; NaN touches nothing.
        margin: What may lie between two of them.
    """
    from shapely import STRtree, box

    places = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    if not len(places):
        return []
    west, south, east, north = boxes[places].T
    shapes = box(west - margin / 2, south - margin / 2, east + margin / 2, north + margin / 2)
    one, other = STRtree(shapes).query(shapes, predicate="intersects")
    return sorted((int(places[a]), int(places[b])) for a, b in zip(one, other, strict=True) if a < b)


def boxes_in(metadata: pa.ChunkedArray) -> Floats:
    """(n, 4) west, south, east and north of tiles, out of their metadata as JSON; NaN for samples without a place."""
    found = [pc.extract_regex(metadata, f'"{side}": (?P<side>-?[0-9][0-9.e+-]*)') for side in _SIDES]
    columns = [pc.cast(pc.struct_field(side, "side"), pa.float64()) for side in found]
    return np.stack([np.asarray(pc.fill_null(column, np.nan), np.float64) for column in columns], axis=1)


def box_of(footprint: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    """West, south, east and north of a footprint."""
    longitudes, latitudes = zip(*footprint, strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)
