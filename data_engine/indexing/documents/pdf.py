"""read_pdf: the pages of a PDF file, with its text layer in the order in which people read it.

The order is found in `layout.py`. PDFium is a library of C++, so this runs in a process that may die.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pypdfium2
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDFText_GetUnicode

from data_engine.indexing.documents.layout import Box, reading_order
from data_engine.indexing.documents.parts import Page, Part, UnreadableDocument

MEDIA_TYPE = "application/pdf"
_FIELDS = {"Title": "title", "Author": "author", "CreationDate": "created"}
_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(Z|[+-]\d\d'?\d\d'?)?")
#: A gap within a line that is wider than this many heights parts columns; kerning moves characters a little back.
_GAP, _BACK = 0.8, 0.5
#: Ligatures that fonts hold as single characters.
_LIGATURES = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl", "\ufb05": "st", "\ufb06": "st"}
)


def read_pdf(content: Any, record: int, start_after: int = 0) -> Iterator[Part]:
    """Each page of a PDF file, as a part of its own.

    Args:
        content: Its path, or its bytes.
        record: Number of the document in its file.
        start_after: Number of the page after which to begin.

    Raises: UnreadableDocument when it is encrypted, or no PDF file that can be repaired.
    """
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == FPDF_ERR_PASSWORD:
            raise UnreadableDocument(
                "the PDF file is encrypted and needs a password; save it without one, as by qpdf --decrypt"
            ) from error
        raise UnreadableDocument(f"PDFium cannot read it: {error}; repair the file or fetch it again") from error
    with closing(document):
        n_pages = len(document)
        if not n_pages:
            raise UnreadableDocument("the PDF file has no pages; repair it or fetch it again")
        metadata = {**_metadata(document), "n_pages": n_pages}
        for number in range(start_after + 1, n_pages + 1):
            yield Part(record, MEDIA_TYPE, (_page(document, number),), n_pages, metadata)


def _metadata(document: Any) -> dict[str, Any]:
    try:
        found = document.get_metadata_dict(skip_empty=True)
    except (pypdfium2.PdfiumError, UnicodeError):
        return {}
    return {name: _iso_date(found[key]) for key, name in _FIELDS.items() if found.get(key)}


def _iso_date(value: str) -> str:
    """A date as PDF files write it (`D:20260131120000+01'00'`) in ISO 8601; other values as they are."""
    date = _DATE.fullmatch(value)
    if date is None:
        return value
    year, month, day, hour, minute, second, zone = date.groups()
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{_zone(zone or '')}"


def _zone(written: str) -> str:
    digits = written.replace("'", "")
    return f"{digits[:3]}:{digits[3:]}" if digits[1:] else digits


def _page(document: Any, number: int) -> Page:
    try:
        with closing(document[number - 1]) as page, closing(page.get_textpage()) as text:
            return Page(number, reading_order([box for box in _boxes(text) if _is_on(page.get_cropbox(), box)]))
    except pypdfium2.PdfiumError as error:
        return Page(number, error=f"PDFium cannot read it: {error}")


def _is_on(shown: tuple[float, float, float, float], box: Box) -> bool:
    """Whether the middle of a piece of text lies on the part of the page that is shown (left, bottom, right, top)."""
    left, bottom, right, top = shown
    return left <= (box.left + box.right) / 2 <= right and bottom <= (box.bottom + box.top) / 2 <= top


def _boxes(text: Any) -> Iterator[Box]:
    """The pieces of text of a page: characters that follow each other in a line without a wide gap."""
    characters: list[str] = []
    left = bottom = right = top = 0.0
    for index in range(text.count_chars()):
        character = chr(FPDFText_GetUnicode(text, index))
        if character.isspace():
            if characters and characters[-1] != " ":
                characters.append(" ")
            continue
        from_left, from_bottom, to_right, to_top = text.get_charbox(index, loose=True)
        height = top - bottom
        is_in_line = bottom <= (from_bottom + to_top) / 2 <= top
        if characters and is_in_line and -_BACK * height <= from_left - right <= _GAP * height:
            characters.append(character)
            right = max(right, to_right)
            continue
        if characters:
            yield Box(left, bottom, right, top, "".join(characters).translate(_LIGATURES))
        characters = [character]
        left, bottom, right, top = from_left, from_bottom, to_right, to_top
    if characters:
        yield Box(left, bottom, right, top, "".join(characters).translate(_LIGATURES))
