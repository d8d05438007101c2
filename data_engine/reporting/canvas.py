"""What pictures are drawn on: scales, axes and a legend around marks, as an SVG that any page and the Dagster UI show.

A picture is text made of the numbers themselves: sharp at every size, the same bytes for the same figures, and drawn in
a millisecond, so that every run of every step can afford its pictures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

INK, QUIET, RULE = "#1f2933", "#66727f", "#d9dee4"
BLUE, AMBER, GREY, RED = "#2f6690", "#d98e04", "#a9b4c0", "#b3402a"

#: Units (pixels at their natural size) per inch, of a line of text, and of the mean letter.
INCH, LINE, LETTER = 100, 18, 6.9
_FONT = "font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif\" font-size=\"12.5\""
_MOST_STEPS = 6
_KEY = 26


@dataclass(frozen=True)
class Scale:
    """An axis: its limits, what it counts, and where it is marked."""

    low: float
    high: float
    title: str = ""
    is_logarithmic: bool = False
    ticks: Sequence[tuple[float, str]] | None = None
    """Places and words; None to choose round numbers."""

    def share(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where values lie between the limits, 0 to 1; values beyond them are moved to them."""
        numbers, low, high = np.asarray(values, dtype=np.float64), self.low, self.high
        if self.is_logarithmic:
            numbers, low, high = np.log10(np.maximum(numbers, low)), math.log10(low), math.log10(high)
        shares: NDArray[np.float64] = np.clip((numbers - low) / ((high - low) or 1.0), 0, 1)
        return shares

    def marked(self) -> list[tuple[float, str]]:
        """The places to mark, with their words."""
        if self.ticks is not None:
            return list(self.ticks)
        values = _decades(self.low, self.high) if self.is_logarithmic else _round_numbers(self.low, self.high)
        return [(value, f"{value:,.10g}") for value in values]


@dataclass(frozen=True)
class Frame:
    """Where data lie on a picture: a rectangle, in units from the upper left corner, and its scales."""

    left: float
    top: float
    width: float
    height: float
    x: Scale
    y: Scale

    def across(self, values: ArrayLike) -> NDArray[np.float64]:
        """Units from the left edge of the picture."""
        return np.asarray(self.left + self.width * self.x.share(values))

    def down(self, values: ArrayLike) -> NDArray[np.float64]:
        """Units from the upper edge of the picture."""
        return np.asarray(self.top + self.height * (1 - self.y.share(values)))


class Mark(Protocol):
    """Something drawn in a frame."""

    @property
    def label(self) -> str:
        """What the legend calls it; empty to leave it out."""

    def draw(self, frame: Frame) -> str:
        """As SVG elements."""

    def key(self, x: float, y: float) -> str:
        """Its sign in the legend, up to 20 units wide, beginning at x, with the middle at y."""


def plot(width: float, height: float, x: Scale, y: Scale, marks: Sequence[Mark]) -> bytes:
    """Marks between two axes, with a legend above them.

    Args:
        width: of the picture, in inches.
        height: the same, without the legend.
        x: the lower axis.
        y: the left axis, with horizontal rules.
        marks: the first lie below the later ones.

    Returns: an SVG.
    """
    wide = width * INCH
    legend, n_lines = _legend([mark for mark in marks if mark.label], wide)
    ticks = y.marked()
    left = 30.0 + max((width_of(words) for _, words in ticks), default=0.0)
    top = 14.0 + LINE * n_lines
    frame = Frame(left, top, wide - left - 14, height * INCH - 56, x, y)
    parts = [legend, _axes(frame, ticks), *(mark.draw(frame) for mark in marks)]
    return document(wide, height * INCH + LINE * n_lines, parts)


def document(width: float, height: float, parts: Sequence[str]) -> bytes:
    """SVG elements on white, as a file."""
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {_FONT}><rect width="100%" height="100%" fill="#fff"/>'
    return f"{head}{''.join(parts)}</svg>".encode()


def words_at(x: float, y: float, words: str, *, color: str = INK, anchor: str = "start", turned: bool = False) -> str:
    """Words with the middle of their line at y; `anchor` is what x is: their start, middle or end."""
    turn = f' transform="rotate(-90 {number(x)} {number(y)})"' if turned else ""
    place = f'x="{number(x)}" y="{number(y)}" dy=".36em" text-anchor="{anchor}" fill="{color}"'
    return f"<text {place}{turn}>{escape(words)}</text>"


def nothing(sentence: str) -> bytes:
    """A picture that says why there is none."""
    return document(7.2 * INCH, 0.9 * INCH, [words_at(3.6 * INCH, 0.45 * INCH, sentence, color=QUIET, anchor="middle")])


def shortened(name: str, most: int = 32) -> str:
    """A name cut to fit beside a bar."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def width_of(words: str) -> float:
    """About how wide words are, in units; fonts differ, so rather more than less."""
    return LETTER * len(words)


def number(value: float) -> str:
    """A coordinate to a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0")


def stroke(color: str, width: float, *, is_dashed: bool = False) -> str:
    """The attributes of a line."""
    dashes = ' stroke-dasharray="2 3"' if is_dashed else ""
    return f'fill="none" stroke="{color}" stroke-width="{number(width)}"{dashes}'


def _axes(frame: Frame, ticks: Sequence[tuple[float, str]]) -> str:
    """Rules, the lower edge, marks and titles."""
    right, bottom = frame.left + frame.width, frame.top + frame.height
    parts = []
    for (_, words), y in zip(ticks, frame.down([value for value, _ in ticks]).tolist(), strict=True):
        parts.append(f'<path d="M{number(frame.left)} {number(y)}H{number(right)}" {stroke(RULE, 0.8)}/>')
        parts.append(words_at(frame.left - 6, y, words, color=QUIET, anchor="end"))
    below = frame.x.marked()
    for (_, words), x in zip(below, frame.across([value for value, _ in below]).tolist(), strict=True):
        parts.append(words_at(x, bottom + 14, words, color=QUIET, anchor="middle"))
    parts.append(f'<path d="M{number(frame.left)} {number(bottom)}H{number(right)}" {stroke(RULE, 1.2)}/>')
    parts.append(words_at(frame.left + frame.width / 2, bottom + 34, frame.x.title, color=QUIET, anchor="middle"))
    middle = frame.top + frame.height / 2
    parts.append(words_at(12, middle, frame.y.title, color=QUIET, anchor="middle", turned=True))
    return "".join(parts)


def _legend(marks: Sequence[Mark], width: float) -> tuple[str, int]:
    """The names of marks in lines from the left, and the number of lines."""
    parts, x, line = [], 14.0, 0
    for mark in marks:
        needed = _KEY + width_of(mark.label) + 16
        if x > 14 and x + needed > width:
            x, line = 14.0, line + 1
        y = 14.0 + LINE * line
        parts += [mark.key(x, y), words_at(x + _KEY, y, mark.label)]
        x += needed
    return "".join(parts), line + 1 if marks else 0


def _round_numbers(low: float, high: float) -> list[float]:
    """At most seven multiples of 1, 2, 2.5 or 5 times a power of ten within the limits."""
    span = high - low
    if not span > 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / _MOST_STEPS))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if span / (power * factor) <= _MOST_STEPS)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(multiple * step, 12) for multiple in range(first, last + 1)]


def _decades(low: float, high: float) -> list[float]:
    """The powers of ten within the limits; 2 and 5 times them too where there are fewer than three."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    tens = [10.0**power for power in powers]
    found = [value for value in tens if low <= value <= high]
    if len(found) >= 3:
        return found
    return [value * factor for value in tens for factor in (1, 2, 5) if low <= value * factor <= high]
