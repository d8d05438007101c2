"""read_web_page: what somebody wrote on a web page, without menus, banners and footers, as trafilatura finds it."""

from typing import Any

import trafilatura
from lxml import etree

from data_engine.indexing.documents.parts import Page, Part, UnreadableDocument, lines_of

MEDIA_TYPE = "text/html"
_FIELDS = ("title", "author", "date")


def read_web_page(content: bytes, record: int, encoding: str | None = None) -> Part:
    """A web page as one page.

    Args:
        content: Its bytes.
        record: Number of the document in its file.
        encoding: What its server said of them; None to find it out.

    Returns: its main text, which is empty where there is none but menus.

    Raises: UnreadableDocument when it is no HTML.
    """
    page = content if encoding is None else _decoded(content, encoding)
    try:
        tree = trafilatura.load_html(page)
        found: Any = (
            None if tree is None else trafilatura.bare_extraction(tree, include_comments=False, with_metadata=True)
        )
    except (etree.LxmlError, ValueError, RecursionError) as error:
        raise UnreadableDocument(f"the web page cannot be parsed: {error}") from error
    if tree is None:
        raise UnreadableDocument("the web page is empty or no HTML; fetch it again")
    if found is None:
        return Part(record, MEDIA_TYPE, (Page(1),))
    metadata = {name: getattr(found, name) for name in _FIELDS if getattr(found, name)}
    return Part(record, MEDIA_TYPE, (Page(1, lines_of(found.text or "")),), 1, metadata)


def _decoded(content: bytes, encoding: str) -> str | bytes:
    try:
        return content.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return content
