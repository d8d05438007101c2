"""without_running_lines: headers, footers and page numbers, which repeat from page to page, are dropped."""

import re
from collections import Counter
from collections.abc import Sequence

from data_engine.indexing.documents.parts import Line

#: Lines at the top and at the bottom of a page that may be running lines.
_EDGE = 4
#: Pages on both sides that are looked at: left and right pages may differ.
_NEAR = 2
#: A line that stands at the same edge of so many pages, itself included, is a running line.
_FEWEST_PAGES = 3
_DIGITS = re.compile(r"\d{1,9}")
_NUMBER = re.compile(r"\d+|\b(?=[xvi])x{0,4}(?:ix|iv|v?i{0,3})\b")


def without_running_lines(pages: Sequence[Sequence[Line]]) -> list[Sequence[Line]]:
    """The pages without the lines at their top and bottom that repeat, but for numbers, on pages nearby.

    Args:
        pages: The lines of each page of a document, in order.

    Returns: the pages; those of documents with fewer than three are as they were.
    """
    from_top = [[line.text for line in page[:_EDGE]] for page in pages]
    from_bottom = [[line.text for line in page[::-1][:_EDGE]] for page in pages]
    on_top, at_bottom = _counted(from_top), _counted(from_bottom)
    kept: list[Sequence[Line]] = []
    for number, page in enumerate(pages):
        n_top = _n_running(from_top, on_top, number)
        n_bottom = min(_n_running(from_bottom, at_bottom, number), len(page) - n_top)
        kept.append(page[n_top : len(page) - n_bottom])
    return kept


def _counted(edges: Sequence[Sequence[str]]) -> Counter[str]:
    """On how many pages each line stands at this edge."""
    return Counter(form for edge in edges for form in {_form(line) for line in edge})


def _n_running(edges: Sequence[Sequence[str]], n_pages: Counter[str], number: int) -> int:
    """How many lines from the edge of a page inwards are running lines."""
    n_running = 0
    nearby = [
        other for other in range(number - _NEAR, number + _NEAR + 1) if other != number and 0 <= other < len(edges)
    ]
    for line in edges[number]:
        if not any(_repeats(line, there, other - number, n_pages) for other in nearby for there in edges[other]):
            break
        n_running += 1
    return n_running


def _repeats(line: str, there: str, distance: int, n_pages: Counter[str]) -> bool:
    """Whether a line of a page nearby is the same, but for numbers that count the pages.

    Without such a number it has to stand on three pages or more.
    """
    if _form(line) != _form(there):
        return False
    further = {int(b) - int(a) for a, b in zip(_DIGITS.findall(line), _DIGITS.findall(there), strict=False)}
    # What differs by something else is no page's number but content: an amount, a date, the number of a case.
    return further <= {0, distance} and (distance in further or n_pages[_form(line)] >= _FEWEST_PAGES)


def _form(line: str) -> str:
    """A line without the numbers in it, which may count the pages."""
    return _NUMBER.sub("#", line.casefold()).strip()
