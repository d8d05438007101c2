"""Plots of a cluster tree: Lorenz curves of the sizes of its clusters, and their silhouettes.

Plots of other metrics are in `metric_plots.py`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_engine.reporting.plots.plot_style import AMBER, BLUE, INK, QUIET, RED, Plot, draw_steps, new_figure, nothing

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


def lorenz_plot(counts: Mapping[str, ArrayLike]) -> Plot:
    """Lorenz curves of named sets of clusters, with the diagonal of perfect evenness."""
    series = {name: values for name, values in counts.items() if np.sum(values) > 0}
    if not series:
        return nothing("no clusters yet")
    figure, axes = new_figure(4.6, 3.6)
    axes.plot([0, 100], [0, 100], color=QUIET, linewidth=1, linestyle=(0, (2, 3)), label="perfectly even")
    said = []
    for number, (name, values) in enumerate(series.items()):
        share, held, gini = lorenz_curve(values)
        some = np.unique(np.linspace(0, len(share) - 1, _MOST_POINTS).astype(int))
        label = f"{name}: Gini {gini:.2f}"
        axes.plot(100 * share[some], 100 * held[some], color=_COLORS[number % 4], linewidth=2, label=label)
        said.append(f"{label}, the smaller half of the clusters holds {np.interp(0.5, share, held):.0%}")
    axes.set(xlim=(0, 100), ylim=(0, 100), xlabel="clusters, smallest first (%)", ylabel="samples that they hold (%)")
    axes.legend(frameon=False, labelcolor=INK, loc="upper left")
    return Plot(figure, f"How evenly clusters are filled. {'; '.join(said)}.")


def silhouette_plot(levels: Sequence[Sequence[float | None]]) -> Plot:
    """Distribution of the mean simplified silhouette over the clusters of every level, the finest first."""
    known = [np.array([value for value in level if value is not None], dtype=np.float64) for level in levels]
    if not any(len(values) for values in known):
        return nothing("no cluster has two samples yet")
    figure, axes = new_figure(7.2, 2.8)
    lowest = min(float(values.min()) for values in known if len(values))
    said = []
    edges = np.arange(min(np.floor(lowest / _STEP), 0), 1 / _STEP + 1) * _STEP
    for number, values in enumerate(known):
        if len(values):
            shares = 100 * np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values)
            label = f"level {number + 1}: {len(values):,} clusters, median {np.median(values):.2f}"
            draw_steps(axes, shares, edges, color=_COLORS[number % 4], linewidth=1.8, label=label)
            said.append(f"{label}, from {values.min():.2f} to {values.max():.2f}")
    axes.set(
        xlim=(edges[0], 1), ylim=(0, None), xlabel="mean simplified silhouette of a cluster", ylabel="clusters (%)"
    )
    axes.legend(frameon=False, labelcolor=INK)
    return Plot(figure, f"Mean simplified silhouettes of clusters. {'; '.join(said)}.")
