"""read_word: the text of a Word file (.docx) with its tables where they stand, without headers and footers."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.table import Table

from data_engine.indexing.documents.parts import NEW_LINE, NEW_PARAGRAPH, Line, Page, Part, UnreadableDocument
from data_engine.indexing.opening.unpacking import MAX_EXPANSION

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_ALWAYS_ALLOWED_BYTES = 64 << 20
#: What stands around paragraphs and runs. Not `w:del` and `w:moveFrom`: what was deleted or moved away is no text.
_AROUND = {qn(f"w:{name}") for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag")}
_IN_PARAGRAPHS = {qn(f"w:{name}") for name in ("r", "hyperlink", "fldSimple", "dir", "bdo")}
_CHARACTERS = {
    qn("w:tab"): "\t",
    qn("w:ptab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}


def read_word(content: Path | bytes, record: int) -> Part:
    """A Word file as one page: how its text falls into pages is decided by what prints it.

    Raises: UnreadableDocument when it is damaged, or unpacks to more than 200 times its size.
    """
    stream: Any = BytesIO(content) if isinstance(content, bytes) else str(content)
    try:
        _refuse_a_bomb(stream)
        document = docx.Document(stream)
        lines = tuple(_lines(document))
        metadata = _metadata(document.core_properties)
    except UnreadableDocument:
        raise
    except Exception as error:
        # python-docx trusts the parts of a file to be what they should be, and fails in many ways where they are not.
        raise UnreadableDocument(f"the Word file is damaged: {type(error).__name__}: {error}; repair it") from error
    return Part(record, MEDIA_TYPE, (Page(1, lines),), 1, metadata)


def _refuse_a_bomb(stream: Any) -> None:
    with zipfile.ZipFile(stream) as archive:
        entries = archive.infolist()
    n_bytes, n_packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if n_bytes > max(_ALWAYS_ALLOWED_BYTES, MAX_EXPANSION * n_packed):
        raise UnreadableDocument(
            f"the Word file unpacks to {n_bytes:,} bytes, more than {MAX_EXPANSION} times its size: an archive bomb; "
            "remove it, or where it is sound save it as PDF"
        )


def _lines(document: Any) -> Iterator[Line]:
    for block in _blocks(document.element.body):
        if block.tag == qn("w:p"):
            for number, line in enumerate(filter(str.strip, _text_of(block).splitlines())):
                yield Line(line.strip(), NEW_LINE if number else NEW_PARAGRAPH)
            continue
        before = NEW_PARAGRAPH
        for row in Table(block, document).rows:
            text = "\t".join(_cells(row))
            if text.strip():
                yield Line(text, before)
                before = NEW_LINE


def _blocks(element: Any) -> Iterator[Any]:
    """Paragraphs and tables, also those in content controls and those that were inserted while changes were tracked."""
    for child in element:
        if child.tag in (qn("w:p"), qn("w:tbl")):
            yield child
        elif child.tag in _AROUND:
            yield from _blocks(child)


def _text_of(element: Any) -> str:
    """The text of a paragraph, as it reads with all tracked changes accepted."""
    pieces: list[str] = []
    for child in element:
        if child.tag == qn("w:t"):
            pieces.append(child.text or "")
        elif child.tag in _CHARACTERS:
            pieces.append(_CHARACTERS[child.tag])
        elif child.tag in _AROUND or child.tag in _IN_PARAGRAPHS:
            pieces.append(_text_of(child))
    return "".join(pieces)


def _cells(row: Any) -> Iterator[str]:
    """The texts of a row; a cell that spans several columns is given once, a table in a cell is part of its text."""
    last = None
    for cell in row.cells:
        if cell._tc is not last:
            yield " ".join(_words(cell._tc))
        last = cell._tc


def _words(element: Any) -> Iterator[str]:
    for block in _blocks(element):
        if block.tag == qn("w:p"):
            yield from _text_of(block).split()
        else:
            for row in block.tr_lst:
                for cell in row.tc_lst:
                    yield from _words(cell)


def _metadata(found: Any) -> dict[str, Any]:
    fields = {"title": found.title, "author": found.author, "created": found.created}
    return {name: value for name, value in fields.items() if value}
