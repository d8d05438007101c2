"""Plots over time: how labels do from one review batch to the next."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from data_engine.reporting.plots.plot_style import AMBER, BLUE, GREY, INK, QUIET, RED, Plot, new_figure

#: Below this a few batches of one or two days are compared, whose hours and seconds say nothing.
_FEW_DAYS = timedelta(days=2)
_LINES = {
    "alpha": ("agreement of all (Krippendorff's alpha)", BLUE),
    "verified": ("automatic labels that blind answers confirm", AMBER),
    "self_agreement": ("answers given again after weeks, and the same", RED),
}


def label_trend_plot(rows: Sequence[dict[str, Any]], changed_at: Sequence[datetime]) -> Plot:
    """The figures of all annotators together over time, those of single ones in grey behind them.

    Args:
        rows: of `schemas.LABEL_TRENDS`, by time.
        changed_at: when classes changed their meaning; each is a dashed line.
    """
    figure, axes = new_figure(7.2, 3.2)
    points: dict[tuple[str, str], list[tuple[datetime, float]]] = defaultdict(list)
    for row in rows:
        points[row["figure"], row["subject"]].append((row["opened_at"], row["value"]))
    alone = [some for (name, subject), some in sorted(points.items()) if name == "agreement" and subject != "all"]
    for number, some in enumerate(alone):
        label = "one annotator with the others" if number == 0 else None
        axes.plot(*zip(*some, strict=True), color=GREY, linewidth=1, label=label)
    said = []
    for name, (label, color) in _LINES.items():
        some = points.get((name, "all"), [])
        if some:
            axes.plot(*zip(*some, strict=True), color=color, marker="o", markersize=4, linewidth=2, label=label)
            said.append(
                f"{label}: {some[0][1]:.2f} on {some[0][0]:%Y-%m-%d}, {some[-1][1]:.2f} on {some[-1][0]:%Y-%m-%d}"
            )
    for number, moment in enumerate(changed_at):
        axes.axvline(moment, color=QUIET, linestyle="--", linewidth=1, label=None if number else "classes changed")
    axes.set_ylim(top=1)
    for line in axes.lines:
        # A figure of 1 lies on the upper edge, and is shown whole.
        line.set_clip_on(False)
    axes.set(ylabel="1 is best")
    axes.legend(frameon=False, labelcolor=INK, loc="upper left", bbox_to_anchor=(0, -0.12))
    _show_times(axes, [moment for some in points.values() for moment, _ in some])
    is_simulated = any(row["is_simulated"] for row in rows)
    marked = "With answers of simulated annotators. " if is_simulated else ""
    if is_simulated:
        axes.set_title("simulated annotators answered", color=QUIET, fontsize=9, loc="left")
    return Plot(figure, f"Labels over time. {marked}{'; '.join(said) or 'no figure yet'}.")


def _show_times(axes: Any, moments: Sequence[datetime]) -> None:
    """Few ticks: days, months or years; of a span of less than two days the first time, and the last where apart."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    if not moments:
        return
    first, last = min(moments), max(moments)
    if last - first >= _FEW_DAYS:
        places = AutoDateLocator(minticks=2, maxticks=7)
        axes.xaxis.set_major_locator(places)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(places))
        return
    shown = [first, last] if last - first >= timedelta(hours=1) else [first]
    axes.set_xticks(shown, [f"{moment:%Y-%m-%d %H:%M}" for moment in shown])
