"""A map of tiles: points on a plain grid of longitude and latitude, without anything behind them.

Plots of other metrics are in `metric_plots.py`.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.rasters.footprint import boxes_in, ground_blocks
from data_engine.reporting.plots.plot_style import BLUE, GREY, INK, RULE, Plot, new_figure, nothing

Floats = NDArray[np.float64]
#: Most points of a set that are drawn; of more, as many are taken at even distances.
_MOST_POINTS = 1_500
#: Blocks on the longer side of the map, by which what is covered is counted.
_BLOCKS_ON_A_SIDE = 20
_KM_OF_A_DEGREE = 111.2
_LEAST_SPAN = 1e-3


def ground_map(raw_index: pa.Table, chosen: pa.ChunkedArray) -> Plot | None:
    """Where the tiles of a corpus lie, and those of its subset; None where no sample has a place.

    Args:
        raw_index: Columns `sample_id` and `metadata`.
        chosen: Ids of the subset.
    """
    boxes = boxes_in(raw_index["metadata"])
    ids = raw_index["sample_id"].combine_chunks()
    # A tile that lies in several scenes is one sample.
    is_first = np.zeros(len(ids), bool)
    is_first[np.unique(np.asarray(pc.index_in(ids, value_set=pc.unique(ids))), return_index=True)[1]] = True
    is_placed = np.isfinite(boxes).all(axis=1) & is_first
    if not is_placed.any():
        return None
    is_chosen = np.asarray(pc.is_in(ids, value_set=chosen.combine_chunks()))
    return map_plot(boxes[is_placed], is_chosen[is_placed])


def map_plot(boxes: Floats, is_chosen: NDArray[np.bool_]) -> Plot:
    """Points of all tiles, and above them those of the subset.

    Args:
        boxes: (n, 4) west, south, east, north in degrees.
        is_chosen: (n,) whether a tile is in the subset.
    """
    if not len(boxes):
        return nothing("no tile has a place yet")
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    stretch = 1 / max(0.1, float(np.cos(np.radians(y.mean()))))
    width = max(float(np.ptp(x)), _LEAST_SPAN)
    height = max(float(np.ptp(y)), _LEAST_SPAN)
    side_km = max(width / stretch, height) * _KM_OF_A_DEGREE / _BLOCKS_ON_A_SIDE
    figure, axes = new_figure(7.2, float(np.clip(7.2 * height * stretch / width, 2.6, 6.4)))
    axes.grid(axis="both", color=RULE, linewidth=0.7)
    sets = ((~is_chosen, "all tiles", GREY, 5.0), (is_chosen, "the balanced subset", BLUE, 12.0))
    for is_drawn, name, color, size in sets:
        some = _spread(np.flatnonzero(is_drawn))
        label = f"{name}: {len(is_drawn) if name == 'all tiles' else is_drawn.sum():,}"
        axes.scatter(x[some], y[some], s=size, color=color, linewidths=0, label=label)
    axes.set_aspect(stretch, adjustable="datalim")
    axes.set(xlabel="longitude (degrees)", ylabel="latitude (degrees)")
    axes.legend(frameon=False, labelcolor=INK, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return Plot(figure, _said(boxes, is_chosen, side_km))


def _said(boxes: Floats, is_chosen: NDArray[np.bool_], side_km: float) -> str:
    blocks = np.array(ground_blocks(boxes, side_km=side_km))
    n_blocks, n_held = len(set(blocks.tolist())), len(set(blocks[is_chosen].tolist()))
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    return (
        f"Where {len(boxes):,} tiles lie, from {west:.2f} to {east:.2f} degrees of longitude and from {south:.2f} to "
        f"{north:.2f} degrees of latitude: the {int(is_chosen.sum()):,} of the balanced subset are in {n_held:,} of "
        f"the {n_blocks:,} blocks of {side_km:.3g} km that have tiles."
    )


def _spread(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(rows) <= _MOST_POINTS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, _MOST_POINTS).astype(np.int64)]
