"""reading_order: pieces of text that lie on a page become its lines, column by column and from top to bottom.

The page is cut where no piece lies, first between columns, as in Nagy and Seth, "Hierarchical representation of
optically scanned documents" (1984).
"""

import re
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from data_engine.indexing.documents.parts import NEW_LINE, NEW_PARAGRAPH, SAME_PARAGRAPH, Line

#: Empty space between columns, and above and below what spans them, in heights of a line.
_GUTTER, _BREAK = 0.8, 0.5
#: Space between the cells of a table, in heights of a line; words of justified lines lie less far apart.
_CELLS = 2.0
#: A column has at least so many lines, and so many characters in a line; the columns of a table have fewer.
_FEWEST_LINES, _FEWEST_CHARACTERS = 3, 14
_MOST_BANDS = 40
#: Lines that are further apart than this many times the usual distance begin a paragraph.
_PARAGRAPH = 1.35
#: Room at the end of a line that a word does not count on, in heights of a line: a space, and uneven edges.
_ROOM = 1.6
#: Space between two pieces of a line from which on there is a space between them, in heights of a line.
_SPACE = 0.12
_BULLETS = ("•", "‣", "▪", "◦", "●", "■")
#: Dots between an entry of a table of contents and its page.
_LEADERS = re.compile(r"(\s*\.){5,}\s*")
_HYPHENS = ("-", "\u2010", "\u00ad", "\ufffe", "\x02")


@dataclass(frozen=True)
class Box:
    """A piece of text and where it lies, in points from the bottom left corner of the page."""

    left: float
    bottom: float
    right: float
    top: float
    text: str


def reading_order(boxes: Sequence[Box]) -> tuple[Line, ...]:
    """The lines of a page.

    Args:
        boxes: Pieces of text, each within one line; in any order.

    Returns: the lines in the order in which they are read, words that a line end hyphenates made whole.
    """
    pieces = [box for box in boxes if box.text.strip() and box.top > box.bottom]
    if not pieces:
        return ()
    height = median(box.top - box.bottom for box in pieces)
    lines: list[Line] = []
    for region in _regions(pieces, height):
        lines += _lines_of(region, height)
    return tuple(lines)


def _regions(boxes: list[Box], height: float) -> Iterator[list[Box]]:
    """Parts of a page that are read one after the other, each from left to right and from top to bottom."""
    columns = _columns(boxes, height)
    if columns is not None:
        for column in columns:
            yield from _regions(column, height)
        return
    bands = _bands(boxes, height)
    run = _longest_run_of_columns(bands, height)
    if run is None:
        yield boxes
        return
    start, end = run
    for part in (bands[:start], bands[start:end], bands[end:]):
        if part:
            yield from _regions([box for band in part for box in band], height)


def _bands(boxes: list[Box], height: float) -> list[list[Box]]:
    """The boxes between empty strips from side to side, from top to bottom; the widest strips where these are many."""
    gaps = [gap for gap in _gaps(boxes, lambda box: (-box.top, -box.bottom)) if gap[0] >= _BREAK * height]
    places = sorted(place for _, place in sorted(gaps, reverse=True)[: _MOST_BANDS - 1])
    bands: list[list[Box]] = [[] for _ in range(len(places) + 1)]
    for box in boxes:
        bands[bisect(places, -box.bottom)].append(box)
    return bands


def _longest_run_of_columns(bands: Sequence[list[Box]], height: float) -> tuple[int, int] | None:
    """Start and end of the most bands that together have columns; None where none have."""
    if not any(_has_a_gap(row, _GUTTER, height) for band in bands for row in _rows(band)):
        return None
    n_bands = len(bands)
    for length in range(n_bands - 1, 0, -1):
        for start in range(n_bands - length + 1):
            if _columns([box for band in bands[start : start + length] for box in band], height):
                return start, start + length
    return None


def _has_a_gap(row: Sequence[Box], gap: float, height: float) -> bool:
    """Whether two pieces of a line lie so many heights apart."""
    return any(after.left - before.right >= gap * height for before, after in pairwise(row))


def _columns(boxes: list[Box], height: float) -> tuple[list[Box], list[Box]] | None:
    """What lies left and right of the widest empty strip from top to bottom; None where these are no columns."""
    for width, place in sorted(_gaps(boxes, lambda box: (box.left, box.right)), reverse=True):
        if width < _GUTTER * height:
            return None
        sides = [box for box in boxes if box.right <= place], [box for box in boxes if box.right > place]
        if all(_is_a_column(side) for side in sides):
            return sides
    return None


def _is_a_column(boxes: list[Box]) -> bool:
    rows = _rows(boxes)
    n_characters = sum(len(box.text.strip()) for box in boxes)
    return len(rows) >= _FEWEST_LINES and n_characters >= _FEWEST_CHARACTERS * len(rows)


def _gaps(boxes: Sequence[Box], span_of: Callable[[Box], tuple[float, float]]) -> list[tuple[float, float]]:
    """Width and middle of each strip that no box touches, along an axis."""
    gaps, end = [], None
    for low, high in sorted(span_of(box) for box in boxes):
        if end is not None and low > end:
            gaps.append((low - end, (low + end) / 2))
        end = high if end is None else max(end, high)
    return gaps


def _rows(boxes: Sequence[Box]) -> list[list[Box]]:
    """The boxes line by line: those whose middle lies within the height of the first of a line belong to it."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: (-box.top, box.left)):
        middle = (box.top + box.bottom) / 2
        fits = next((row for row in reversed(rows[-3:]) if row[0].bottom <= middle <= row[0].top), None)
        if fits is None:
            rows.append([box])
        else:
            fits.append(box)
    return [sorted(row, key=lambda box: box.left) for row in rows]


def _lines_of(boxes: Sequence[Box], height: float) -> list[Line]:
    rows = _rows(boxes)
    pitches = [_top(before) - _top(after) for before, after in pairwise(rows)]
    furthest = _PARAGRAPH * (median(pitches) if pitches else height)
    lines: list[Line] = []
    for paragraph in _paragraphs(rows, pitches, furthest):
        lines += _joined(paragraph, height)
    return lines


def _paragraphs(rows: Sequence[list[Box]], pitches: Sequence[float], furthest: float) -> Iterator[list[list[Box]]]:
    start = 0
    for number, pitch in enumerate(pitches, start=1):
        if pitch > furthest:
            yield [*rows[start:number]]
            start = number
    yield [*rows[start:]]


def _joined(rows: Sequence[list[Box]], height: float) -> list[Line]:
    """The lines of a paragraph or a list, each with what joins it to the one before."""
    right = max(_right(row) for row in rows)
    lines: list[Line] = []
    room, is_apart = 0.0, False
    for row in rows:
        written = _text_of(row, height)
        text, before, is_entry = _LEADERS.sub(" ", written), SAME_PARAGRAPH, _has_a_gap(row, _CELLS, height)
        if not lines:
            before = NEW_PARAGRAPH
        elif is_apart or is_entry or text.startswith(_BULLETS) or _width_of_first_word(row, written) <= room:
            before = NEW_LINE
        elif lines[-1].text.endswith(_HYPHENS) and text[:1].islower():
            lines[-1] = replace(lines[-1], text=lines[-1].text[:-1])
            before = ""
        lines.append(Line(text, before))
        room, is_apart = right - _right(row) - _ROOM * height, is_entry or text != written
    return lines


def _width_of_first_word(row: Sequence[Box], text: str) -> float:
    """About how wide the first word of a line is, in points; a line before that had room for it ended on purpose."""
    return (_right(row) - row[0].left) * len(text.split(maxsplit=1)[0]) / len(text)


def _right(row: Sequence[Box]) -> float:
    return max(box.right for box in row)


def _top(row: Sequence[Box]) -> float:
    return max(box.top for box in row)


def _text_of(row: Sequence[Box], height: float) -> str:
    pieces = [row[0].text.strip()]
    for before, after in pairwise(row):
        is_apart = (
            after.left - before.right > _SPACE * height or before.text.endswith(" ") or after.text.startswith(" ")
        )
        pieces += [" " if is_apart else "", after.text.strip()]
    return "".join(pieces)
