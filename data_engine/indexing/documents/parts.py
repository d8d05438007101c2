"""What the readers of documents give: the lines of a page, and how they are put together as a text.

The lines come from `pdf.py`, `word.py` and `web_page.py`; what repeats on every page is dropped in `running_lines.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: What may stand between two lines of a text.
SAME_PARAGRAPH, NEW_LINE, NEW_PARAGRAPH = " ", "\n", "\n\n"
_END_OF_SENTENCE = '.!?:;"”’)]'


#: (content, name, number of the document, encoding) to its pages.
ReadDocument = Callable[[bytes, str, int, str | None], "Iterator[Part]"]


class UnreadableDocument(Exception):
    """A document, or a page of one, cannot be read; the message says why and what to do."""


@dataclass(frozen=True)
class Line:
    """A line of a page."""

    text: str
    before: str = NEW_LINE
    """What joins it to the line before: a space, a new line, a blank line, or nothing within a hyphenated word."""


@dataclass(frozen=True)
class Page:
    """A page; of documents without pages, all of it."""

    number: int
    lines: tuple[Line, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Part:
    """What a reader sends at a time: a document, or one page of it."""

    record: int
    """Number of the document in its file, from 1."""
    media_type: str
    pages: tuple[Page, ...] = ()
    n_pages: int = 1
    """Pages of the document, in all its parts."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    """Why the document as a whole cannot be read."""
    n_bytes: int = 0
    """Of the document as it is stored."""


def too_large(n_bytes: int, max_bytes: int) -> str:
    """What is said of a document that is not read because of its size."""
    return f"has {n_bytes} bytes, max_document_bytes is {max_bytes}; raise source.max_document_bytes, or split it"


def lines_of(text: str) -> tuple[Line, ...]:
    """The lines of a plain text; blank lines stand between paragraphs."""
    lines, before = [], NEW_LINE
    for line in text.splitlines():
        if line.strip():
            lines.append(Line(line.rstrip(), before))
            before = NEW_LINE
        else:
            before = NEW_PARAGRAPH
    return tuple(lines)


def text_of(pages: Iterable[Sequence[Line]]) -> str:
    """The text of pages; a sentence that goes on over the end of a page stays one."""
    pieces: list[str] = []
    for lines in pages:
        for number, line in enumerate(lines):
            if not pieces:
                between = ""
            elif number == 0:
                between = SAME_PARAGRAPH if _goes_on(pieces[-1], line.text) else NEW_PARAGRAPH
            else:
                between = line.before
            pieces += [between, line.text]
    return "".join(pieces)


def _goes_on(before: str, after: str) -> bool:
    return before[-1:] not in _END_OF_SENTENCE and after[:1].islower()
