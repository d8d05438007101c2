"""What is drawn in a frame: lines, steps, bars, points, whiskers, bands and notes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from data_engine.reporting.canvas import INK, Frame, number, stroke, width_of, words_at

#: Steps nearer to each other than this many units are drawn as one.
_NARROWEST = 0.3


@dataclass(frozen=True)
class Line:
    """A line through points, which may be shown."""

    x: ArrayLike
    y: ArrayLike
    color: str
    label: str = ""
    width: float = 2
    is_dashed: bool = False
    has_points: bool = False

    def draw(self, frame: Frame) -> str:
        """As SVG elements."""
        across, down = frame.across(self.x).tolist(), frame.down(self.y).tolist()
        path = "L".join(f"{number(x)} {number(y)}" for x, y in zip(across, down, strict=True))
        line = f'<path d="M{path}" {stroke(self.color, self.width, is_dashed=self.is_dashed)}/>'
        points = zip(across, down, strict=True) if self.has_points else ()
        return line + "".join(_circle(x, y, 3.5, self.color) for x, y in points)

    def key(self, x: float, y: float) -> str:
        """Its sign in the legend."""
        line = f'<path d="M{number(x)} {number(y)}h20" {stroke(self.color, self.width, is_dashed=self.is_dashed)}/>'
        return line + (_circle(x + 10, y, 3.5, self.color) if self.has_points else "")


@dataclass(frozen=True)
class Steps:
    """A value from each of n + 1 edges to the next; where it is not a number, nothing."""

    values: ArrayLike
    edges: ArrayLike
    color: str
    label: str = ""

    def draw(self, frame: Frame) -> str:
        """As SVG elements; steps too narrow to be seen are left out."""
        values = np.asarray(self.values, dtype=np.float64)
        known = np.isfinite(values)
        across = frame.across(self.edges)
        down = frame.down(np.where(known, values, frame.y.low))
        path, here, last = [], False, -np.inf
        for k in range(len(values)):
            if not known[k]:
                here = False
            elif not here:
                path.append(f"M{number(across[k])} {number(down[k])}H{number(across[k + 1])}")
                here, last = True, across[k + 1]
            elif across[k + 1] - last >= _NARROWEST or k == len(values) - 1 or not known[k + 1]:
                path.append(f"V{number(down[k])}H{number(across[k + 1])}")
                last = across[k + 1]
        return f'<path d="{"".join(path)}" {stroke(self.color, 1.8)}/>' if path else ""

    def key(self, x: float, y: float) -> str:
        """Its sign in the legend."""
        return f'<path d="M{number(x)} {number(y)}h20" {stroke(self.color, 1.8)}/>'


@dataclass(frozen=True)
class Bars:
    """Bars from the lower edge, each between two places."""

    lefts: ArrayLike
    rights: ArrayLike
    heights: ArrayLike
    colors: Sequence[str]
    """One for each bar."""
    label: str = ""

    def draw(self, frame: Frame) -> str:
        """As SVG elements."""
        bottom = frame.top + frame.height
        places = (frame.across(self.lefts).tolist(), frame.across(self.rights).tolist(), frame.down(self.heights))
        return "".join(
            _rectangle(left, top, right - left, bottom - top, color)
            for left, right, top, color in zip(*places, self.colors, strict=True)
            if bottom - top >= 0.05
        )

    def key(self, x: float, y: float) -> str:
        """Its sign in the legend."""
        return _rectangle(x + 4, y - 5, 12, 10, self.colors[0])


@dataclass(frozen=True)
class Points:
    """Circles of given radii, in units."""

    x: ArrayLike
    y: ArrayLike
    radii: Sequence[float]
    color: str
    label: str = ""

    def draw(self, frame: Frame) -> str:
        """As SVG elements."""
        places = (frame.across(self.x).tolist(), frame.down(self.y).tolist(), self.radii)
        return "".join(_circle(x, y, radius, self.color) for x, y, radius in zip(*places, strict=True))

    def key(self, x: float, y: float) -> str:
        """Its sign in the legend."""
        return _circle(x + 10, y, 4.5, self.color)


@dataclass(frozen=True)
class Whiskers:
    """Vertical lines from a lower to an upper value."""

    x: ArrayLike
    low: ArrayLike
    high: ArrayLike
    color: str
    label: str = ""

    def draw(self, frame: Frame) -> str:
        """As SVG elements."""
        places = (frame.across(self.x).tolist(), frame.down(self.low).tolist(), frame.down(self.high).tolist())
        path = "".join(f"M{number(x)} {number(low)}V{number(high)}" for x, low, high in zip(*places, strict=True))
        return f'<path d="{path}" {stroke(self.color, 1.4)} opacity=".7"/>'

    def key(self, x: float, y: float) -> str:
        """Its sign in the legend."""
        return f'<path d="M{number(x + 10)} {number(y - 6)}v12" {stroke(self.color, 1.4)} opacity=".7"/>'


@dataclass(frozen=True)
class Band:
    """The area between two lines over the same places."""

    x: ArrayLike
    low: ArrayLike
    high: ArrayLike
    color: str
    label: str = ""

    def draw(self, frame: Frame) -> str:
        """As SVG elements."""
        across, low, high = frame.across(self.x).tolist(), frame.down(self.low).tolist(), frame.down(self.high).tolist()
        there = [f"{number(x)} {number(y)}" for x, y in zip(across, high, strict=True)]
        back = [f"{number(x)} {number(y)}" for x, y in zip(across[::-1], low[::-1], strict=True)]
        return f'<path d="M{"L".join(there + back)}Z" fill="{self.color}" opacity=".12"/>'

    def key(self, x: float, y: float) -> str:
        """Its sign in the legend."""
        return f'<g opacity=".12">{_rectangle(x, y - 5, 20, 10, self.color)}</g>'


@dataclass(frozen=True)
class Note:
    """A vertical line at a place, and words beside its upper end, on the side with more room."""

    x: float
    lines: tuple[str, ...]
    label: str = ""

    def draw(self, frame: Frame) -> str:
        """As SVG elements."""
        (x,) = frame.across([self.x]).tolist()
        line = f'<path d="M{number(x)} {number(frame.top)}v{number(frame.height)}" {stroke(INK, 1)}/>'
        fits = x + 8 + max(map(width_of, self.lines)) <= frame.left + frame.width
        place, anchor = (x + 8, "start") if fits else (x - 8, "end")
        words = (words_at(place, frame.top + 10 + 17 * k, said, anchor=anchor) for k, said in enumerate(self.lines))
        return line + "".join(words)

    def key(self, x: float, y: float) -> str:
        """Its sign in the legend."""
        return f'<path d="M{number(x + 10)} {number(y - 6)}v12" {stroke(INK, 1)}/>'


def bar_list(values: Sequence[tuple[str, float]], words: Sequence[str], color: str) -> tuple[float, list[str]]:
    """Horizontal bars below each other, each with its name before and words behind it.

    Args:
        values: name and length of each bar.
        words: what stands behind each.
        color: of the bars.

    Returns: the height of all of them in units, and SVG elements for a picture 720 units wide.
    """
    left = 20 + max(width_of(name) for name, _ in values)
    most = max(720 - left - 24 - max(map(width_of, words)), 40)
    parts, step, longest = [], 34, max(value for _, value in values)
    for row, ((name, value), said) in enumerate(zip(values, words, strict=True)):
        middle = 10 + step * (row + 0.5)
        length = most * max(value, 0) / longest
        parts.append(words_at(left - 8, middle, name, anchor="end"))
        parts.append(_rectangle(left, middle - 10.5, length, 21, color))
        parts.append(words_at(left + length + 6, middle, said))
    return 10 + step * len(values), parts


def _circle(x: float, y: float, radius: float, color: str) -> str:
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{color}"/>'


def _rectangle(x: float, y: float, width: float, height: float, color: str) -> str:
    size = f'width="{number(width)}" height="{number(height)}"'
    return f'<rect x="{number(x)}" y="{number(y)}" {size} fill="{color}"/>'
