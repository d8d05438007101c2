"""Pictures of a cluster tree: how even it is, and how clear its clusters are."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_engine.reporting.canvas import AMBER, BLUE, QUIET, RED, Scale, nothing, plot
from data_engine.reporting.marks import Line, Steps

_COLORS = (BLUE, AMBER, RED, QUIET)
_STEP = 0.05
_MOST_POINTS = 500


def lorenz_curve(counts: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Lorenz curve and Gini coefficient of the sizes of clusters; an empty cluster counts as a cluster.

    Args:
        counts: (k,) samples per cluster, at least one sample in all.

    Returns: (k + 1,) share of the clusters, smallest first; (k + 1,) share of the samples that they hold; and the
        Gini coefficient in [0, 1), twice the area between the curve and the diagonal; 0 is perfectly even.
        Source: Lorenz 1905; Gini 1912.
    """
    values = np.sort(np.asarray(counts, dtype=np.float64))
    held = np.concatenate([[0.0], np.cumsum(values)]) / values.sum()
    share = np.linspace(0, 1, len(held))
    gini = 1 - float((held[1:] + held[:-1]).sum()) / len(values)
    return share, held, max(gini, 0.0)


def lorenz_plot(counts: Mapping[str, ArrayLike]) -> bytes:
    """Lorenz curves of named sets of clusters, with the diagonal of perfect evenness."""
    series = {name: values for name, values in counts.items() if np.sum(values) > 0}
    if not series:
        return nothing("no clusters yet")
    marks = [Line([0, 100], [0, 100], QUIET, "perfectly even", width=1, is_dashed=True)]
    for k, (name, values) in enumerate(series.items()):
        share, held, gini = lorenz_curve(values)
        some = np.unique(np.linspace(0, len(share) - 1, _MOST_POINTS).astype(int))
        marks.append(Line(100 * share[some], 100 * held[some], _COLORS[k % 4], f"{name}: Gini {gini:.2f}"))
    x, y = Scale(0, 100, "clusters, smallest first (%)"), Scale(0, 100, "samples that they hold (%)")
    return plot(4.6, 3.6, x, y, marks)


def silhouette_plot(levels: Sequence[Sequence[float | None]]) -> bytes:
    """Distribution of the mean simplified silhouette over the clusters of every level, the finest first."""
    known = [np.array([value for value in level if value is not None], dtype=np.float64) for level in levels]
    if not any(len(values) for values in known):
        return nothing("no cluster has two samples yet")
    lowest = min(float(values.min()) for values in known if len(values))
    edges = np.arange(min(np.floor(lowest / _STEP), 0), 1 / _STEP + 1) * _STEP
    marks = [
        Steps(
            100 * np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values),
            edges,
            _COLORS[k % 4],
            f"level {k + 1}: {len(values):,} clusters, median {np.median(values):.2f}",
        )
        for k, values in enumerate(known)
        if len(values)
    ]
    highest = max(float(np.max(mark.values)) for mark in marks)
    x = Scale(float(edges[0]), 1, "mean simplified silhouette of a cluster")
    return plot(7.2, 2.8, x, Scale(0, 1.05 * highest, "clusters (%)"), marks)
