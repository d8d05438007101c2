"""Plots of metrics: each function takes plain numbers or a table and returns a plot with a text of what it shows.

Plots of the cluster tree are in `tree_plots.py`; the style is in `plot_style.py`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from data_engine.reporting.plots.plot_style import (
    AMBER,
    BLUE,
    GREY,
    INK,
    QUIET,
    RED,
    Plot,
    draw_steps,
    logarithmic,
    new_figure,
    nothing,
    shortened,
)
from data_engine.sampling.balance import kl_to_uniform

N_BINS = 40
MAX_BARS = 14
N_CLASSES_ON_A_PLAIN_AXIS = 20


def funnel_plot(counts: Mapping[str, int]) -> Plot:
    """Horizontal bars, one per stage or reason, in the given order, with their counts."""
    return _bars({name: float(n) for name, n in counts.items()}, lambda n: f"{n:,.0f}", "samples")


def seconds_plot(seconds: Mapping[str, float]) -> Plot:
    """Horizontal bars of the wall seconds of every step, in the given order."""
    return _bars(seconds, lambda s: f"{s:,.1f} s", "wall seconds")


def cluster_sizes_plot(sizes: Sequence[ArrayLike]) -> Plot:
    """Sizes of the clusters of every level, finest first, largest cluster first, on a logarithmic axis."""
    levels = [np.sort(np.asarray(level, dtype=np.float64))[::-1] for level in sizes]
    levels = [level[level > 0] for level in levels]
    if not any(len(level) for level in levels):
        return nothing("no clusters yet")
    figure, axes = new_figure(7.2, 3.0)
    said = []
    for number, level in enumerate(levels, start=1):
        if len(level):
            color = (BLUE, AMBER, RED, QUIET)[(number - 1) % 4]
            place = np.linspace(0, 100, len(level) + 1)
            label = f"level {number}: {len(level):,} clusters, median {np.median(level):,.0f}"
            draw_steps(axes, level, place, color=color, linewidth=1.8, label=label)
            said.append(f"{label}, largest {level[0]:,.0f}, smallest {level[-1]:,.0f} samples")
    logarithmic(axes)
    axes.set(xlim=(0, 100), xlabel="clusters of the level, largest first (%)", ylabel="samples in the cluster")
    axes.legend(frameon=False, labelcolor=INK)
    return Plot(figure, f"Sizes of clusters. {_listed(said)}")


def balance_plot(counts: Mapping[str, ArrayLike]) -> Plot:
    """Share of the samples in every class, largest class first; a flat line is perfect balance.

    Args:
        counts: name of a set of samples to its (n_classes,) counts; all over the same classes.
    """
    series = {name: np.asarray(values, dtype=np.float64) for name, values in counts.items()}
    series = {name: values for name, values in series.items() if values.sum() > 0}
    if not series:
        return nothing("no samples to compare yet")
    figure, axes = new_figure(7.2, 3.0)
    n_classes = max(len(values) for values in series.values())
    colors = [GREY, *[AMBER] * (len(series) - 2), BLUE][-len(series) :]
    said = []
    for (name, values), color in zip(series.items(), colors, strict=True):
        shares = 100 * np.sort(values / values.sum())[::-1]
        heights, edges = np.where(shares > 0, shares, np.nan), np.arange(len(shares) + 1)
        label = f"{name}: KL {kl_to_uniform(values):.2f} nats"
        draw_steps(axes, heights, edges, color=color, linewidth=2, label=label)
        said.append(f"{label}, largest group {shares[0]:.1f} %, {int((shares > 0).sum()):,} groups with samples")
    axes.axhline(100 / n_classes, color=QUIET, linewidth=1, linestyle=(0, (2, 3)), label="perfectly even")
    if n_classes > N_CLASSES_ON_A_PLAIN_AXIS:
        logarithmic(axes)
    else:
        axes.set_ylim(bottom=0)
        axes.set_xticks(range(n_classes + 1))
    axes.set(xlim=(0, n_classes), xlabel=f"the {n_classes:,} classes or clusters, largest first", ylabel="samples (%)")
    axes.legend(frameon=False, labelcolor=INK)
    return Plot(figure, f"Shares of {n_classes:,} classes or clusters. {_listed(said)}")


def evenness_plot(proof: pa.Table, evenness: float | None) -> Plot:
    """What subsets of several evenness cover: labels, where they are known, and held-out samples.

    Args:
        proof: rows of SUBSET_PROOF of one method and draw.
        evenness: that of the corpus, marked by a line; None where the pool decides, which is drawn across.
    """
    every = proof.to_pylist()
    rows = sorted((row for row in every if row["evenness"] is not None), key=lambda row: row["evenness"])
    own = next((row for row in every if row["evenness"] is None), None)
    dial = [row["evenness"] for row in rows]
    figure, axes = new_figure(7.2, 2.9)
    said = []
    for key, scale, color, label in (
        ("class_coverage", 100, BLUE, "labels covered (%)"),
        ("kl", 100, AMBER, "KL of the labels to uniform (hundredths of a nat)"),
        ("distance", 100, GREY, "1 - cosine of held-out samples to the nearest chosen one (%)"),
    ):
        values = [row[key] for row in rows]
        if None not in values:
            axes.plot(dial, [scale * value for value in values], color=color, linewidth=2, marker="o", label=label)
            ends = ", ".join(f"{scale * value:.1f} at {x:g}" for x, value in zip(dial, values, strict=True))
            said.append(
                f"{label}: {ends}" + (f"; {scale * own[key]:.1f} as the pool decides" if own is not None else "")
            )
            if own is not None:
                axes.axhline(scale * own[key], color=color, linewidth=1, linestyle=(0, (2, 3)))
    if evenness is not None:
        axes.axvline(evenness, color=INK, linewidth=1, linestyle=(0, (2, 3)))
    axes.set(xlim=(-0.02, 1.02), xlabel="subset.evenness")
    axes.set_ylim(bottom=0)
    # Above the lines, which can be anywhere.
    axes.legend(frameon=False, labelcolor=INK, loc="lower left", bbox_to_anchor=(0, 1))
    return Plot(figure, f"By subset.evenness from 0 to 1. {_listed(said)}")


def uncertainty_plot(uncertainty: ArrayLike, gate_threshold: float | None = None) -> Plot:
    """Histogram of 1 - probability of proposals, with what the gate accepts marked.

    Args:
        uncertainty: (n,) in [0, 1].
        gate_threshold: probability from which the gate accepts; None when it accepts nothing.
    """
    values = np.asarray(uncertainty, dtype=np.float64)
    if not len(values):
        return nothing("no proposals yet")
    figure, axes = new_figure(7.2, 2.8)
    limit = -1.0 if gate_threshold is None else 1 - gate_threshold
    # The bins start at the gate, so that no bar stands on both of its sides.
    edges = np.arange(-N_BINS, 2 * N_BINS + 1) / N_BINS + limit % (1 / N_BINS)
    edges = np.unique(np.clip(edges, 0, 1))
    heights, _ = np.histogram(values, edges)
    is_accepted = edges[1:] <= limit + 1e-9
    axes.bar(edges[:-1], heights, np.diff(edges), align="edge", color=np.where(is_accepted, BLUE, GREY).tolist())
    said = f"Uncertainty of {len(values):,} proposals: half are below {np.median(values):.2f}"
    if gate_threshold is not None:
        share = float((values <= limit + 1e-6).mean())
        said += f"; the gate accepts {share:.0%}, those of a probability of at least {gate_threshold:.3f}"
        axes.axvline(limit, color=INK, linewidth=1)
        axes.annotate(
            f" the gate: {share:.0%} of the proposals have \n a probability of at least {gate_threshold:.3f} ",
            (limit, 1),
            xycoords=("data", "axes fraction"),
            va="top",
            ha="left" if limit < 0.6 else "right",
            color=INK,
        )
    axes.set(xlim=(0, 1), xlabel="uncertainty of the proposal (1 - probability)", ylabel="proposals")
    return Plot(figure, f"{said}.")


def reliability_plot(bins: pa.Table) -> Plot:
    """Confidence against accuracy on the hold-out, with 90 % intervals.

    Args:
        bins: columns confidence, accuracy, accuracy_low, accuracy_high, n, as `labeling.reliability` gives them.
    """
    if not bins.num_rows:
        return nothing("no hold-out answers yet")
    x, y, low, high, n = (
        np.array(bins[name].to_pylist(), dtype=np.float64)
        for name in ("confidence", "accuracy", "accuracy_low", "accuracy_high", "n")
    )
    figure, axes = new_figure(4.6, 3.6)
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (2, 3)), label="perfectly calibrated")
    below, above = np.clip(y - low, 0, None), np.clip(high - y, 0, None)
    axes.errorbar(x, y, (below, above), fmt="none", ecolor=BLUE, elinewidth=1.4, alpha=0.7, label="90 % interval")
    axes.scatter(x, y, 24 + 140 * n / n.max(), color=BLUE, zorder=3, label="hold-out, area by samples")
    axes.set(
        xlim=(0, 1.02), ylim=(0, 1.04), xlabel="probability that the classifier gives", ylabel="share that is right"
    )
    axes.legend(frameon=False, labelcolor=INK, loc="upper left", markerscale=0.6)
    said = [f"probability {a:.2f}: {b:.0%} right of {k:,.0f}" for a, b, k in zip(x, y, n, strict=True)]
    return Plot(figure, f"Probabilities on the hold-out and how many were right. {_listed(said)}")


def drift_plot(drift: pa.Table, names: Mapping[int, str] = MappingProxyType({})) -> Plot:
    """Expected and observed shares of the clusters that moved most, of one batch of the drift report.

    Args:
        drift: rows of one batch.
        names: of clusters of the coarsest level by number; the others go by their number.
    """
    rows = [row for row in drift.to_pylist() if row["cluster"] is not None]
    if not rows:
        return nothing("not enough data to compare batches yet")
    rows = sorted(rows, key=lambda row: -(row["contribution"] or 0.0))[:MAX_BARS]
    shown = [names.get(row["cluster"], f"cluster {row['cluster']}") for row in rows]
    figure, axes = new_figure(7.2, 1.1 + 0.38 * len(rows))
    place, shares = np.arange(len(rows)), {}
    for key, shift, color, label in (
        ("expected_share", -0.2, GREY, "all other batches"),
        ("observed_share", 0.2, BLUE, f"batch {shortened(rows[0]['batch'])}"),
    ):
        shares[key] = [100 * (row[key] or 0.0) for row in rows]
        axes.barh(place + shift, shares[key], 0.38, color=color, label=label)
    axes.set_yticks(place, [shortened(name) for name in shown], color=INK)
    axes.set(xlabel="samples (%); the largest part of the shift first")
    axes.invert_yaxis()
    axes.grid(False)
    # Above the bars, which can be anywhere.
    axes.legend(frameon=False, labelcolor=INK, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    pairs = zip(shown, *shares.values(), strict=True)
    said = [f"{name}: {observed:.1f} % against {expected:.1f} %" for name, expected, observed in pairs]
    return Plot(figure, f"Batch {rows[0]['batch']} against all others, by cluster. {_listed(said)}")


def rounds_plot(classifiers: pa.Table) -> Plot:
    """Accuracy on the hold-out after every round: all labels, query batches alone, random control batches alone.

    Of several versions that learnt from equally many rounds, as after corrections, the last.
    """
    last_of = {row["n_rounds"]: row for row in classifiers.drop_columns(["artefact"]).to_pylist()}
    rows = [last_of[n_rounds] for n_rounds in sorted(last_of)]
    if not rows:
        return nothing("no round has been reviewed yet")
    figure, axes = new_figure(7.2, 2.9)
    rounds = np.array([row["n_rounds"] for row in rows])
    low, high = ([100 * row[key] for row in rows] for key in ("accuracy_low", "accuracy_high"))
    axes.fill_between(rounds, low, high, color=BLUE, alpha=0.12, linewidth=0)
    said = []
    for key, color, label in (
        ("accuracy", BLUE, "all labels, 90 % interval"),
        ("query_accuracy", AMBER, "query batches alone"),
        ("control_accuracy", QUIET, "random control batches alone"),
    ):
        some = [(row["n_rounds"], 100 * row[key]) for row in rows if row[key] is not None]
        if some:
            axes.plot(*zip(*some, strict=True), color=color, marker="o", markersize=5, linewidth=2, label=label)
            after = ", ".join(f"{value:.1f} % after {n}" for n, value in some)
            said.append(f"{label.partition(',')[0]}: {after}")
    axes.set_xticks(sorted(set(rounds.tolist())))
    axes.set(xlabel="review rounds learnt from", ylabel="hold-out accuracy (%)")
    axes.legend(frameon=False, labelcolor=INK)
    return Plot(figure, f"Accuracy on the hold-out by rounds learnt from. {_listed(said)}")


def learning_curves_plot(curves: Mapping[str, Sequence[tuple[int, float, float, float]]]) -> Plot:
    """Accuracy on the hold-out by number of labels, of query batches and of random control batches, with bands.

    Args:
        curves: `query` and `control` to their points: labels, accuracy, and the ends of its 90 % interval, as shares.
    """
    figure, axes = new_figure(7.2, 3.0)
    said = []
    for name, color, label in (
        ("query", AMBER, "query batches, 90 % interval"),
        ("control", QUIET, "random control batches, 90 % interval"),
    ):
        points = np.array(sorted(curves.get(name, [])), dtype=np.float64)
        if len(points):
            n_labels, share, low, high = points[:, 0], *(100 * points[:, 1:].T)
            axes.fill_between(n_labels, low, high, color=color, alpha=0.12, linewidth=0)
            axes.plot(n_labels, share, color=color, marker="o", markersize=5, linewidth=2, label=label)
            after = ", ".join(f"{value:.1f} % after {n:,.0f}" for n, value in zip(n_labels, share, strict=True))
            said.append(f"{label.partition(',')[0]}: {after}")
    axes.set(xlabel="labels learnt from", ylabel="hold-out accuracy (%)")
    axes.set_xlim(left=0)
    axes.legend(frameon=False, labelcolor=INK, loc="lower right")
    return Plot(figure, f"Accuracy on the hold-out by number of labels. {_listed(said)}")


def _bars(values: Mapping[str, float], words: Any, label: str) -> Plot:
    if not values or max(values.values()) <= 0:
        return nothing(f"no {label} yet")
    figure, axes = new_figure(7.2, 0.7 + 0.34 * len(values))
    place, numbers = np.arange(len(values)), list(values.values())
    axes.barh(place, numbers, 0.62, color=BLUE)
    axes.set_yticks(place, [shortened(name.replace("_", " ")) for name in values], color=INK)
    for y, number in zip(place, numbers, strict=True):
        axes.annotate(words(number), (number, y), (5, 0), textcoords="offset points", va="center", color=INK)
    axes.set(xlim=(0, 1.16 * max(numbers)), xlabel=label, xticks=[])
    axes.invert_yaxis()
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    said = [f"{name.replace('_', ' ')} {words(number)}" for name, number in values.items()]
    return Plot(figure, f"{label.capitalize()}. {_listed(said)}")


def _listed(parts: Sequence[str]) -> str:
    return f"{'; '.join(parts)}."
