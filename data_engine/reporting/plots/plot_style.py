"""Shared figure style: colours, axes, and the way to a PNG.

The plots are in `metric_plots.py` and `tree_plots.py`. Figures are built as objects on the Agg canvas, so that nothing
touches matplotlib's global state or needs a display.
"""

import io
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

INK, QUIET, RULE = "#1f2933", "#66727f", "#d9dee4"
BLUE, AMBER, GREY, RED = "#2f6690", "#d98e04", "#a9b4c0", "#b3402a"


def logarithmic(axes: Any) -> None:
    """Give the y axis a logarithmic scale with plain numbers."""
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")


def draw_steps(axes: Any, values: ArrayLike, edges: ArrayLike, **style: Any) -> None:
    """A value from each of n + 1 edges to the next, as a line: `Axes.stairs` looks at every step by itself, slowly."""
    heights = np.asarray(values, dtype=np.float64)
    axes.plot(edges, [*heights, *heights[-1:]], drawstyle="steps-post", solid_joinstyle="miter", **style)


def shortened(name: str, most: int = 32) -> str:
    """A name cut to fit beside a bar."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def nothing(sentence: str) -> bytes:
    """A plot that says why there is nothing to draw."""
    figure, axes = new_figure(7.2, 0.9)
    axes.set_axis_off()
    axes.annotate(sentence, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", color=QUIET)
    return to_png(figure)


def new_figure(width: float, height: float) -> tuple[Any, Any]:
    """A figure of this size in inches, and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((width, height), dpi=130, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.grid(axis="y", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=QUIET, labelsize=9, length=0)
    axes.xaxis.label.set(color=QUIET, size=9)
    axes.yaxis.label.set(color=QUIET, size=9)
    return figure, axes


def to_png(figure: Any) -> bytes:
    """The figure as the bytes of a PNG; the same figure gives the same bytes."""
    for text in figure.findobj(_is_text):
        # Class names are data: a dollar sign in one is no formula.
        text.set_parse_math(False)
        text.set_fontsize(9)
    stream = io.BytesIO()
    # Level 4 gives the bytes of the default, 6, in two thirds of its time.
    figure.savefig(stream, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": 4})
    return stream.getvalue()


def _is_text(artist: Any) -> bool:
    return hasattr(artist, "set_parse_math")
