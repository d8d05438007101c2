"""Groups of tiles that stay in one split because of where they lie: neighbours look alike, and overlap.

Groups by clusters, and how groups become splits, are in `splits.py`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from data_engine.rasters.footprint import boxes_in, ground_blocks, touching

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Degrees that may lie between two tiles that have a side in common: rounding, and grids that are askew to longitudes.
_MARGIN = 2e-4


def ground_boxes(rows: pa.Table) -> Floats | None:
    """(n, 4) west, south, east and north of released tiles; None where no row says where it lies."""
    boxes = boxes_in(rows["metadata"])
    return boxes if np.isfinite(boxes).all(axis=1).any() else None


def ground_groups(boxes: Floats, *, block_km: float | None) -> Numbers:
    """The group of every tile, as a number that follows from where it lies alone.

    Args:
        boxes: (n, 4) degrees; a tile without a place is a group of its own.
        block_km: Side of blocks of ground that stay together; None: tiles that overlap or have a side or a corner in
            common stay together, and so on through all that hang together in this way.
    """
    names = _components(boxes) if block_km is None else ground_blocks(boxes, side_km=block_km)
    return np.array([_number(name or f"alone {row}") for row, name in enumerate(names)], np.int64)


def _components(boxes: Floats) -> list[str]:
    """The name of each tile's component: the place of its westernmost tile, the southernmost of several."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(boxes)
    pairs = np.array(touching(boxes, margin=_MARGIN), np.int64).reshape(-1, 2)
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(links, directed=False)
    first: dict[int, tuple[float, float]] = {}
    for place, number in zip(boxes[:, :2].tolist(), component.tolist(), strict=True):
        first[number] = min(first.get(number, (np.inf, np.inf)), (place[0], place[1]))
    return [
        f"{first[number][0]} {first[number][1]}" if np.isfinite(boxes[row, 0]) else ""
        for row, number in enumerate(component.tolist())
    ]


def ground_leaks(boxes: Floats, splits: Sequence[str]) -> int:
    """Tiles outside the split for training that overlap or touch one of another split."""
    found = set()
    for one, other in touching(boxes, margin=_MARGIN):
        if splits[one] != splits[other]:
            found |= {row for row in (one, other) if splits[row] != "train"}
    return len(found)


def ground_said(boxes: Floats, groups: Numbers, splits: Sequence[str], *, block_km: float | None) -> dict[str, Any]:
    """What a manifest says of splits by ground."""
    return {
        "block_km": block_km,
        "n_groups": len(np.unique(groups)),
        "n_without_place": int((~np.isfinite(boxes).all(axis=1)).sum()),
        "n_touching_another_split": ground_leaks(boxes, splits),
    }


def _number(name: str) -> int:
    return xxhash.xxh3_64_intdigest(name.encode()) >> 1
