"""Polygons that people can edit: as few vertices as a mask allows, and back to the mask.

A vertex lies on a corner of a pixel, (0, 0) at the top left of the image; a pixel is inside where its centre is. The
exact form of a mask is in `rle.py`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.segmentation.masks import Mask, bounding_box, checked_mask, iou

Polygon = NDArray[np.float64]

#: Tolerances in pixels that are tried, coarsest last; beyond 64 px nothing is left of any object.
_TOLERANCES = tuple(0.5 * 1.12**step for step in range(44))


def to_polygons(mask: NDArray[Any], *, min_iou: float = 0.95) -> list[Polygon]:
    """The polygons of the coarsest tolerance whose mask still agrees with the given one.

    Args:
        mask: (h, w) bool; of other types, everything but 0 is inside.
        min_iou: Lowest IoU of the mask and what `to_mask` makes of the polygons, from 0 to 1; 1 is the exact outline.

    Returns: (m, 2) float64 xy in pixels each, no ring crosses itself; every part of the mask is an outline, clockwise
        as one sees it, followed by its holes, counter-clockwise. An empty mask has none.

    Raises: InvalidInput for what is no mask, or a share outside 0 to 1.
    """
    if not 0 < min_iou <= 1:
        raise InvalidInput(f"min_iou is {min_iou}; give a share above 0 and at most 1")
    whole = checked_mask(mask)
    if not whole.any():
        return []
    left, top, right, bottom = bounding_box(whole)
    inside = whole[top:bottom, left:right]
    exact = _rings(inside)
    low, high, best = 0, len(_TOLERANCES) - 1, exact
    while low <= high:
        middle = (low + high) // 2
        tried = [_simplified(ring, _TOLERANCES[middle]) for ring in exact]
        if iou(to_mask(tried, inside.shape), inside) >= min_iou and _is_sound(tried):
            best, low = tried, middle + 1
        else:
            high = middle - 1
    return _ordered([ring + np.array([left, top]) for ring in best])


def to_mask(polygons: Sequence[NDArray[Any]], shape: tuple[int, int]) -> Mask:
    """The pixels whose centres an odd number of the polygons hold: outlines fill, holes within them are left out.

    Args:
        polygons: (m, 2) xy in pixels each, at least 3 vertices; what lies outside the image is cut off.
        shape: Height and width of the image.

    Returns: (h, w) bool.

    Raises: InvalidInput for a polygon of another form, or with a vertex that is not finite.
    """
    height, width = shape
    if height < 1 or width < 1:
        raise InvalidInput(f"the image has {height} x {width} pixels; give a height and a width of at least 1")
    # What an edge crosses in a row switches everything to its right.
    switches = np.zeros((height, width + 1), dtype=np.uint8)
    for number, polygon in enumerate(polygons):
        ring = _checked_ring(polygon, number)
        rows, columns = _crossings(ring, height, width)
        np.bitwise_xor.at(switches, (rows, columns), 1)
    filled: Mask = np.bitwise_xor.accumulate(switches, axis=1)[:, :width].astype(np.bool_)
    return filled


def signed_area(ring: NDArray[Any]) -> float:
    """Area of a ring in square pixels; negative where it runs counter-clockwise as one sees it."""
    x, y = ring[:, 0], ring[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _checked_ring(polygon: NDArray[Any], number: int) -> Polygon:
    ring = np.asarray(polygon, dtype=np.float64)
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3:
        raise InvalidInput(f"polygon {number} has the shape {ring.shape}; give (m, 2) xy with at least 3 vertices")
    if not np.isfinite(ring).all():
        raise InvalidInput(f"polygon {number} has a vertex that is not finite; give xy in pixels")
    return ring


def _crossings(ring: Polygon, height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows whose centre line an edge crosses, and the first pixel right of each crossing."""
    start, end = ring, np.roll(ring, -1, axis=0)
    upper = np.where((start[:, 1] <= end[:, 1])[:, None], start, end)
    lower = np.where((start[:, 1] <= end[:, 1])[:, None], end, start)
    first = np.ceil(np.clip(upper[:, 1] - 0.5, 0, height)).astype(np.int64)
    after = np.ceil(np.clip(lower[:, 1] - 0.5, 0, height)).astype(np.int64)
    lengths = np.maximum(after - first, 0)
    edge = np.repeat(np.arange(len(ring)), lengths)
    rows = np.arange(len(edge)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + first[edge]
    slope = (lower[edge, 0] - upper[edge, 0]) / (lower[edge, 1] - upper[edge, 1])
    x = upper[edge, 0] + (rows + 0.5 - upper[edge, 1]) * slope
    return rows, np.ceil(np.clip(x - 0.5, 0, width)).astype(np.int64)


def _rings(mask: Mask) -> list[Polygon]:
    """The exact outlines of parts and holes, along the edges of pixels, no vertex twice in a ring.

    Along every line of the grid, the corners of an outline come in pairs: the ends of its edges.
    """
    padded = np.pad(mask, 1).astype(np.int8)
    here, right, below, across = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    n_inside = here + right + below + across
    is_saddle = (n_inside == 2) & (here == across)
    # At a saddle two corners meet: it is there twice.
    times = (n_inside % 2 == 1).astype(np.int64) + 2 * is_saddle
    y, x = (np.repeat(axis, times[times > 0]) for axis in np.nonzero(times))
    along_row = np.arange(len(x)) ^ 1
    by_column = np.lexsort((y, x))
    along_column = np.empty_like(along_row)
    along_column[by_column] = by_column[np.arange(len(x)) ^ 1]
    vertices = np.stack([x, y], axis=1).astype(np.float64)
    return [ring for loop in _loops(along_row, along_column) for ring in _split(vertices[loop])]


def _loops(along_row: NDArray[np.int64], along_column: NDArray[np.int64]) -> list[list[int]]:
    """Walk from corner to corner, in turn along a row and along a column, until the walk is back."""
    by_row, by_column = along_row.tolist(), along_column.tolist()
    is_seen = [False] * len(by_row)
    loops = []
    for first in range(len(by_row)):
        corner, loop = first, []
        while not is_seen[corner]:
            is_seen[corner] = True
            other = by_row[corner]
            is_seen[other] = True
            loop += [corner, other]
            corner = by_column[other]
        if loop:
            loops.append(loop)
    return loops


def _split(ring: Polygon) -> list[Polygon]:
    """Rings that touch nowhere themselves, out of one that may pass a corner twice."""
    places: dict[tuple[float, float], int] = {}
    path: list[tuple[float, float]] = []
    rings = []
    for vertex in map(tuple, ring.tolist()):
        if vertex in places:
            start = places[vertex]
            rings.append(path[start:])
            for passed in path[start + 1 :]:
                del places[passed]
            del path[start + 1 :]
        else:
            places[vertex] = len(path)
            path.append(vertex)
    rings.append(path)
    return [_without_straight(np.array(found)) for found in rings if len(found) > 2]


def _without_straight(ring: Polygon) -> Polygon:
    """The ring without vertices between two edges of one direction, which splitting can leave."""
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    is_corner = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return np.asarray(ring[is_corner])


def _simplified(ring: Polygon, tolerance: float) -> Polygon:
    """The ring by Douglas and Peucker; as it is where nothing with an area would be left."""
    import cv2

    found = cv2.approxPolyDP(ring.astype(np.float32)[:, None], tolerance, closed=True)[:, 0].astype(np.float64)
    return found if len(found) > 2 and signed_area(found) * signed_area(ring) > 0 else ring


def _is_sound(rings: list[Polygon]) -> bool:
    """Whether every ring is simple, every hole lies within its outline, and no two parts overlap."""
    from shapely import Polygon as Shape
    from shapely import STRtree, is_simple, is_valid, linearrings

    if not all(is_simple([linearrings(ring) for ring in rings])):
        return False
    if len(rings) == 1:
        return True
    parts = [Shape(rings[outline], [rings[hole] for hole in holes]) for outline, holes in _grouped(rings)]
    return bool(is_valid(parts).all()) and not STRtree(parts).query(parts, predicate="overlaps").size


def _ordered(rings: list[Polygon]) -> list[Polygon]:
    """Outlines clockwise, the largest first, each followed by the holes that lie in it, counter-clockwise."""
    ordered = []
    for outline, holes in _grouped(rings):
        ordered.append(_turned(rings[outline], is_clockwise=True))
        ordered += [_turned(rings[hole], is_clockwise=False) for hole in holes]
    return ordered


def _grouped(rings: list[Polygon]) -> list[tuple[int, list[int]]]:
    """Outlines, the largest first, with their holes, as places in `rings`: what lies in an odd number is a hole."""
    from shapely import Polygon as Shape
    from shapely import STRtree

    shapes = [Shape(ring) for ring in rings]
    areas = np.array([shape.area for shape in shapes])
    inner, holding = STRtree(shapes).query([shape.representative_point() for shape in shapes], predicate="within")
    is_other = areas[holding] > areas[inner]
    inner, holding = inner[is_other], holding[is_other]
    depth = np.bincount(inner, minlength=len(rings))
    is_direct = (depth[inner] == depth[holding] + 1) & (depth[inner] % 2 == 1)
    holes_of: dict[int, list[int]] = {}
    for hole, outline in zip(inner[is_direct].tolist(), holding[is_direct].tolist(), strict=True):
        holes_of.setdefault(outline, []).append(hole)
    outlines = sorted(np.flatnonzero(depth % 2 == 0).tolist(), key=lambda number: -areas[number])
    return [(outline, holes_of.get(outline, [])) for outline in outlines]


def _turned(ring: Polygon, *, is_clockwise: bool) -> Polygon:
    return ring if (signed_area(ring) > 0) == is_clockwise else ring[::-1]
