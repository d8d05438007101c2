"""Shared figure style: colours, axes, and the ways to a PNG and to an SVG that follows the colours of its page.

The plots are in `metric_plots.py` and `tree_plots.py`. Figures are built as objects on the Agg canvas, so that nothing
needs a display or changes matplotlib's global state for longer than it takes to write an SVG.
"""

import hashlib
import html
import io
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

INK, QUIET, RULE = "#1f2933", "#66727f", "#d9dee4"
BLUE, AMBER, GREY, RED = "#2f6690", "#d98e04", "#a9b4c0", "#b3402a"
#: The variables of the page's style that stand for the colours in an SVG.
VARIABLES = {
    INK: "--ink",
    QUIET: "--quiet",
    RULE: "--rule",
    BLUE: "--blue",
    AMBER: "--gold",
    GREY: "--pale",
    RED: "--red",
}


@dataclass(frozen=True)
class Plot:
    """A drawn figure, and what it shows."""

    figure: Any
    text: str
    """What it shows, with the figures themselves: for those who do not see it."""

    def png(self) -> bytes:
        """The bytes of a PNG on white; the same figure gives the same bytes."""
        stream = io.BytesIO()
        _lay_out(self.figure)
        # Level 4 gives the bytes of the default, 6, in two thirds of its time.
        self.figure.savefig(stream, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": 4})
        return stream.getvalue()

    def svg(self) -> str:
        """An element for a page whose style has `VARIABLES`: it follows them, so that it is dark on a dark page.

        It has no background and no fonts of its own. The same figure gives the same text.
        """
        import matplotlib as mpl

        stream = io.StringIO()
        _lay_out(self.figure)
        salt = hashlib.sha256(self.text.encode()).hexdigest()
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
            self.figure.savefig(stream, format="svg", transparent=True, metadata=dict.fromkeys(_NOTES))
        return _of_the_page(stream.getvalue(), self.text)


_NOTES = ("Creator", "Date", "Format", "Type")
_UNUSED = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>|<g/>", re.DOTALL
)


def _of_the_page(written: str, text: str) -> str:
    """An SVG file as an element of a page: sized by its style, in its colours and fonts, with a text instead."""
    body = _UNUSED.sub("", written)
    referred = set(re.findall(r"#(\w+)\)?\"", body))
    box = re.search(r'viewBox="([^"]*)"', body)
    opening = f'<svg viewBox="{box[1] if box else ""}" role="img" aria-label="{html.escape(text)}">'
    body = re.sub(r"<svg[^>]*>", lambda _: opening, body, count=1)
    # Only tags are changed: what a class is called stays as it is.
    body = re.sub(r"<(?!svg)[^>]*>", lambda found: _tag(found[0], referred), body)
    return re.sub(r">\s+<", "><", body).strip()


def _tag(tag: str, referred: set[str]) -> str:
    tag = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in referred else "", tag)
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag).replace("xlink:href", "href")
    for color, variable in VARIABLES.items():
        tag = tag.replace(color, f"var({variable})")
    return re.sub(r"(\d+\.\d{2})\d+", r"\1", tag)


def _lay_out(figure: Any) -> None:
    """Place axes and texts once: matplotlib would do so, and draw it all besides, each time that it is written."""
    engine = figure.get_layout_engine()
    if engine is None:
        return
    for text in figure.findobj(_is_text):
        # Class names are data: a dollar sign in one is no formula.
        text.set_parse_math(False)
        text.set_fontsize(9)
    engine.execute(figure)
    figure.set_layout_engine(None)


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


def nothing(sentence: str) -> Plot:
    """A plot that says why there is nothing to draw."""
    figure, axes = new_figure(7.2, 0.9)
    axes.set_axis_off()
    axes.annotate(sentence, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", color=QUIET)
    return Plot(figure, sentence)


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


def _is_text(artist: Any) -> bool:
    return hasattr(artist, "set_parse_math")
