"""read_web_page: what somebody wrote on a web page, without menus, banners and footers, as trafilatura finds it."""

import re
from typing import Any

import trafilatura
from lxml import etree

from data_engine.indexing.documents.parts import Page, Part, UnreadableDocument, lines_of
from data_engine.indexing.text_decoding import decode

MEDIA_TYPE = "text/html"
_FIELDS = ("title", "author", "date")
#: What a page says of its own encoding, which stands in its first 1,024 bytes.
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
#: What browsers read in place of the encoding that is named (https://encoding.spec.whatwg.org/#names-and-labels).
_WIDER = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "iso-8859-9": "cp1254",
}


def read_web_page(content: bytes, record: int, encoding: str | None = None) -> Part:
    """A web page as one page.

    Args:
        content: Its bytes.
        record: Number of the document in its file.
        encoding: What its server said of them; None to find it out, first from what the page says of itself.

    Returns: its main text, which is empty where there is none but menus.

    Raises: UnreadableDocument when it is no HTML.
    """
    page = _decoded(content, encoding)
    try:
        tree = _tree(page)
        found: Any = (
            None if tree is None else trafilatura.bare_extraction(tree, include_comments=False, with_metadata=True)
        )
    except (etree.LxmlError, ValueError, RecursionError) as error:
        raise UnreadableDocument(f"the web page cannot be parsed: {error}") from error
    if tree is None:
        raise UnreadableDocument("the web page is empty or no HTML; fetch it again")
    if (found is None or not found.text) and _is_too_deep(page):
        raise UnreadableDocument(
            "its elements are nested more than 255 deep, and no parser follows; remove idle ones, or save it as text"
        )
    if found is None:
        return Part(record, MEDIA_TYPE, (Page(1),))
    metadata = {name: getattr(found, name) for name in _FIELDS if getattr(found, name)}
    return Part(record, MEDIA_TYPE, (Page(1, lines_of(found.text or "")),), 1, metadata)


def _tree(page: str | bytes) -> Any:
    """The elements of a page, or of a piece of one that has no element `html`; None where it is no text."""
    tree = trafilatura.load_html(page)
    text = (page if isinstance(page, str) else decode(page).text) if tree is None else None
    return trafilatura.load_html(f"<html><head></head><body>{text}</body></html>") if text and text.strip() else tree


def _is_too_deep(page: str | bytes) -> bool:
    parser = etree.HTMLParser()
    try:
        etree.fromstring(page.encode("utf-8", "replace") if isinstance(page, str) else page, parser)
    except etree.LxmlError:
        return False
    return any("Excessive depth" in error.message for error in parser.error_log)


def _decoded(content: bytes, encoding: str | None) -> str | bytes:
    declared = _DECLARED.search(content[:1024])
    names = [encoding] if encoding else []
    if declared and not _is_utf8(content):
        names.append(declared[1].decode("ascii", "replace").lower())
    for name in names:
        try:
            return content.decode(_WIDER.get(name, name))
        except (LookupError, ValueError):
            # A server may name anything, also what Python knows as no encoding of texts, or a name with a NUL in it.
            continue
    return content


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
