"""Pictures of figures: each function takes plain numbers or a table and returns an SVG of less than 100 kB."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from data_engine.reporting.balance import kl_to_uniform
from data_engine.reporting.canvas import (
    AMBER,
    BLUE,
    GREY,
    LINE,
    QUIET,
    RED,
    Mark,
    Scale,
    document,
    nothing,
    plot,
    shortened,
    words_at,
)
from data_engine.reporting.marks import Band, Bars, Line, Note, Points, Steps, Whiskers, bar_list

N_BINS = 40
MAX_BARS = 14
N_CLASSES_ON_A_PLAIN_AXIS = 20
#: Room above the highest value of an axis, as a factor.
_ROOM = 1.05


def funnel_plot(counts: Mapping[str, int]) -> bytes:
    """Horizontal bars, one per stage or reason, in the given order, with their counts."""
    return _bars(counts, [f"{n:,.0f}" for n in counts.values()], "samples")


def seconds_plot(seconds: Mapping[str, float]) -> bytes:
    """Horizontal bars of the wall seconds of every step, in the given order."""
    return _bars(seconds, [f"{s:,.1f} s" for s in seconds.values()], "wall seconds")


def cluster_sizes_plot(sizes: Sequence[ArrayLike]) -> bytes:
    """Sizes of the clusters of every level, finest first, largest cluster first, on a logarithmic axis."""
    levels = [np.sort(np.asarray(level, dtype=np.float64))[::-1] for level in sizes]
    levels = [level[level > 0] for level in levels]
    if not any(len(level) for level in levels):
        return nothing("no clusters yet")
    marks = [
        Steps(
            level,
            np.linspace(0, 100, len(level) + 1),
            (BLUE, AMBER, RED, QUIET)[k % 4],
            f"level {k + 1}: {len(level):,} clusters, median {np.median(level):,.0f}",
        )
        for k, level in enumerate(levels)
        if len(level)
    ]
    x = Scale(0, 100, "clusters of the level, largest first (%)")
    return plot(7.2, 3.0, x, _logarithmic(np.concatenate(levels), "samples in the cluster"), marks)


def balance_plot(counts: Mapping[str, ArrayLike]) -> bytes:
    """Share of the samples in every class, largest class first; a flat line is perfect balance.

    Args:
        counts: name of a set of samples to its (n_classes,) counts; all over the same classes.
    """
    series = {name: np.asarray(values, dtype=np.float64) for name, values in counts.items()}
    series = {name: values for name, values in series.items() if values.sum() > 0}
    if not series:
        return nothing("no samples to compare yet")
    n_classes = max(len(values) for values in series.values())
    colors = [GREY, *[AMBER] * (len(series) - 2), BLUE][-len(series) :]
    shares = {name: 100 * np.sort(values / values.sum())[::-1] for name, values in series.items()}
    marks: list[Mark] = [
        Steps(
            np.where(values > 0, values, np.nan),
            np.arange(len(values) + 1),
            color,
            f"{name}: KL {kl_to_uniform(series[name]):.2f} nats",
        )
        for (name, values), color in zip(shares.items(), colors, strict=True)
    ]
    even = [100 / n_classes] * 2
    marks.append(Line([0, n_classes], even, QUIET, "perfectly even", width=1, is_dashed=True))
    everything = np.concatenate([*shares.values(), even])
    if n_classes > N_CLASSES_ON_A_PLAIN_AXIS:
        y = _logarithmic(everything[everything > 0], "samples (%)")
    else:
        y = Scale(0, _ROOM * float(everything.max()), "samples (%)")
    return plot(7.2, 3.0, Scale(0, n_classes, f"the {n_classes:,} classes or clusters, largest first"), y, marks)


def uncertainty_plot(uncertainty: ArrayLike, gate_threshold: float | None = None) -> bytes:
    """Histogram of 1 - probability of proposals, with what the gate accepts marked.

    Args:
        uncertainty: (n,) in [0, 1].
        gate_threshold: probability from which the gate accepts; None when it accepts nothing.
    """
    values = np.asarray(uncertainty, dtype=np.float64)
    if not len(values):
        return nothing("no proposals yet")
    limit = -1.0 if gate_threshold is None else 1 - gate_threshold
    # The bins start at the gate, so that no bar stands on both of its sides.
    edges = np.arange(-N_BINS, 2 * N_BINS + 1) / N_BINS + limit % (1 / N_BINS)
    edges = np.unique(np.clip(edges, 0, 1))
    heights, _ = np.histogram(values, edges)
    is_accepted = edges[1:] <= limit + 1e-9
    marks: list[Mark] = [Bars(edges[:-1], edges[1:], heights, np.where(is_accepted, BLUE, GREY).tolist())]
    if gate_threshold is not None:
        share = float((values <= limit + 1e-6).mean())
        said = (f"the gate: {share:.0%} of the proposals have", f"a probability of at least {gate_threshold:.3f}")
        marks.append(Note(limit, said))
    x = Scale(0, 1, "uncertainty of the proposal (1 - probability)")
    return plot(7.2, 2.8, x, Scale(0, _ROOM * float(heights.max()), "proposals"), marks)


def reliability_plot(bins: pa.Table) -> bytes:
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
    marks = (
        Line([0, 1], [0, 1], QUIET, "perfectly calibrated", width=1, is_dashed=True),
        Whiskers(x, np.minimum(low, y), np.maximum(high, y), BLUE, "90 % interval"),
        Points(x, y, np.sqrt(6 + 36 * n / n.max()).tolist(), BLUE, "hold-out, area by samples"),
    )
    return plot(
        4.6,
        3.6,
        Scale(0, 1.02, "probability that the classifier gives"),
        Scale(0, 1.04, "share that is right"),
        marks,
    )


def drift_plot(drift: pa.Table) -> bytes:
    """Expected and observed shares of the clusters that moved most, of one batch of the drift report."""
    rows = [row for row in drift.to_pylist() if row["cluster"] is not None]
    if not rows:
        return nothing("not enough data to compare batches yet")
    rows = sorted(rows, key=lambda row: -(row["contribution"] or 0.0))[:MAX_BARS]
    place = np.arange(len(rows))
    shares = {key: [100 * (row[key] or 0.0) for row in rows] for key in ("expected_share", "observed_share")}
    marks = [
        Bars(place + shift - 0.19, place + shift + 0.19, shares[key], [color] * len(rows), label)
        for key, shift, color, label in (
            ("expected_share", -0.2, GREY, "reference"),
            ("observed_share", 0.2, BLUE, f"batch {shortened(rows[0]['batch'])}"),
        )
    ]
    clusters = [(number, str(row["cluster"])) for number, row in enumerate(rows)]
    title = "cluster of the coarsest level, largest part of the shift first"
    highest = max(max(values) for values in shares.values())
    return plot(
        7.2,
        2.9,
        Scale(-0.6, len(rows) - 0.4, title, ticks=clusters),
        Scale(0, _ROOM * highest or 1.0, "samples (%)"),
        marks,
    )


def rounds_plot(classifiers: pa.Table) -> bytes:
    """Accuracy on the hold-out after every round: all labels, query batches alone, random control batches alone."""
    rows = sorted(classifiers.drop_columns(["artefact"]).to_pylist(), key=lambda row: row["n_rounds"])
    if not rows:
        return nothing("no round has been reviewed yet")
    rounds = [row["n_rounds"] for row in rows]
    low, high = ([100 * row[key] for row in rows] for key in ("accuracy_low", "accuracy_high"))
    marks: list[Mark] = [Band(rounds, low, high, BLUE)]
    seen = [*low, *high]
    for key, color, label in (
        ("accuracy", BLUE, "all labels, 90 % interval"),
        ("query_accuracy", AMBER, "query batches alone"),
        ("control_accuracy", QUIET, "random control batches alone"),
    ):
        some = {row["n_rounds"]: 100 * row[key] for row in rows if row[key] is not None}
        if some:
            marks.append(Line(list(some), list(some.values()), color, label, has_points=True))
            seen += some.values()
    room = 0.05 * ((max(seen) - min(seen)) or 1.0)
    edge = 0.05 * ((rounds[-1] - rounds[0]) or 1.0)
    ticks = [(number, str(number)) for number in sorted(set(rounds))]
    x = Scale(rounds[0] - edge, rounds[-1] + edge, "review rounds learnt from", ticks=ticks)
    return plot(7.2, 2.9, x, Scale(min(seen) - room, max(seen) + room, "hold-out accuracy (%)"), marks)


def _logarithmic(values: ArrayLike, title: str) -> Scale:
    """A logarithmic scale with a little room on both sides."""
    numbers = np.asarray(values, dtype=np.float64)
    return Scale(float(numbers.min()) / 1.2, float(numbers.max()) * 1.2, title, is_logarithmic=True)


def _bars(values: Mapping[str, float], words: Sequence[str], title: str) -> bytes:
    if not values or max(values.values()) <= 0:
        return nothing(f"no {title} yet")
    named = [(shortened(name.replace("_", " ")), float(value)) for name, value in values.items()]
    height, parts = bar_list(named, words, BLUE)
    parts.append(words_at(360, height + LINE / 2, title, color=QUIET, anchor="middle"))
    return document(720, height + LINE + 8, parts)
