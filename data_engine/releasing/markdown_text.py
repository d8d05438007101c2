"""Texts of the data in Markdown: shown as they are, whatever they hold; none becomes a heading, a link or HTML.

The data card that they are in is written in `data_card.py`.
"""

import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_AT_THE_START = re.compile(r"^([#+=:-]|\d+(?=[.)]))")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def escaped(text: str) -> str:
    """A text as one line of Markdown that shows it."""
    line = " ".join(_CONTROLS.sub("\ufffd", text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _SPECIAL.sub(r"\\\1", line)
    # A line that starts with a number and a point would be a list; the point is escaped, for numbers cannot be.
    return _AT_THE_START.sub(lambda start: f"\\{start[1]}" if not start[1].isdigit() else f"{start[1]}\\", line)


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text, each as one line of Markdown."""
    found = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    return [escaped(paragraph) for paragraph in found if paragraph.strip()]


def code(text: str) -> str:
    """A short text in a code span; escaped instead where a span could not hold it."""
    line = " ".join(text.split())
    return f"`{line}`" if line and not re.search(r"[`<>|&\\]", line) and not _CONTROLS.search(line) else escaped(text)


def cell(markdown: str) -> str:
    """Markdown in a cell of a table: on one line, with no bar that would end the cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(markdown.split()))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table: its header, and rows of as many cells, each Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell(text) for text in line)} |" for line in lines)
