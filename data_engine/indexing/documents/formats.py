"""read_parts: the documents of a file, each by the reader of its format, which is known from its first bytes.

It runs in a process that may die of them; the side that asks is in `reading.py`. To add a format: its reader beside
this module, and a branch of `_read`.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from data_engine.indexing.documents.parts import Page, Part, UnreadableDocument, lines_of, too_large
from data_engine.indexing.text_decoding import BINARY_CONTENT, byte_order_mark, decode

_HEAD_BYTES = 4096
#: The comments are taken whole (`*+`): to try each way to part many of them would take longer than anybody waits.
_HTML = re.compile(
    rb"\s*(<\?xml[^>]*>\s*)?(<!--(?:(?!-->).)*+-->\s*+)*+<(!doctype\s+html|html|head|body|meta|title)\b", re.I | re.S
)
_HTML_ENDINGS = (".html", ".htm", ".xhtml")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
#: Other formats of documents, by how they begin or what their archive holds, with what to do.
_OTHERS = {
    b"{\\rtf": "a Rich Text file; save it as .docx or PDF",
    b"%!PS": "a PostScript file; turn it into PDF, as by ps2pdf",
}
_OTHER_ARCHIVES = {
    "xl/workbook.xml": "an Excel file; save its sheets as CSV and read them by kind csv",
    "ppt/presentation.xml": "a PowerPoint file; save it as PDF",
    "content.xml": "an OpenDocument file; save it as .docx or PDF",
    "META-INF/container.xml": "an EPUB book; turn it into HTML or PDF",
}


def is_document(head: bytes) -> bool:
    """Whether content that begins so may be a document: a PDF or Word file, HTML, or text."""
    # A head may end within a character.
    is_text = any(decode(head[: len(head) - n_cut]).text for n_cut in range(4))
    return b"%PDF-" in head[:1024] or head.startswith(b"PK\x03\x04") or is_text


def is_web_archive(head: bytes) -> bool:
    """Whether a file that begins so is a WARC file."""
    return head.startswith(b"WARC/")


def read_parts(path: Path, name: str, max_bytes: int, start_after: int) -> Iterator[Part | None]:
    """The documents of a file.

    Args:
        path: The file, which is on this machine and not packed.
        name: How it is called in the source; its ending tells HTML from other texts where its beginning does not.
        max_bytes: A larger document is not read.
        start_after: Number of the part after which to begin: pages of a PDF file, documents of a web archive.

    Returns: the parts: of a PDF file each page, of others whole documents; None as a sign of life between those of a
        web archive.

    Raises: OSError when a web archive breaks off.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if is_web_archive(head):
        from data_engine.indexing.documents.web_archive import read_web_archive

        yield from read_web_archive(path, max_bytes, start_after, read_document, is_document)
        return
    n_bytes = path.stat().st_size
    if n_bytes > max_bytes:
        yield Part(1, "application/octet-stream", error=too_large(n_bytes, max_bytes), n_bytes=n_bytes)
        return
    for part in read_document(path.read_bytes(), name, 1, start_after=start_after):
        yield replace(part, n_bytes=n_bytes)


def read_document(
    content: bytes, name: str, record: int, encoding: str | None = None, start_after: int = 0
) -> Iterator[Part]:
    """The pages of a document; one part that says why where it cannot be read.

    Args:
        content: Its bytes.
        name: Of its file or address.
        record: Number of the document in its file.
        encoding: Of HTML and plain texts, where it is known.
        start_after: Number of the page of a PDF file after which to begin.
    """
    try:
        yield from _read(content, name, record, encoding, start_after)
    except UnreadableDocument as error:
        yield Part(record, "application/octet-stream", error=str(error))


def _read(content: bytes, name: str, record: int, encoding: str | None, start_after: int) -> Iterator[Part]:
    n_mark, marked = byte_order_mark(content)
    head = content[:_HEAD_BYTES] if not n_mark else content[n_mark:_HEAD_BYTES].decode(marked, "ignore").encode()
    if b"%PDF-" in head[:1024]:
        from data_engine.indexing.documents.pdf import read_pdf

        yield from read_pdf(content, record, start_after)
    elif start_after:
        return
    elif head.startswith(b"PK\x03\x04"):
        _refuse_other_archives(content)
        from data_engine.indexing.documents.word import read_word

        yield read_word(content, record)
    elif _HTML.match(head) or name.lower().endswith(_HTML_ENDINGS):
        from data_engine.indexing.documents.web_page import read_web_page

        yield read_web_page(content[n_mark:], record, marked if n_mark else encoding)
    else:
        yield _plain_text(content, record)


def _plain_text(content: bytes, record: int) -> Part:
    if not content:
        raise UnreadableDocument("the file is empty; remove it or fetch it again")
    if content.startswith(_OLD_OFFICE):
        if _ENCRYPTED in content:
            raise UnreadableDocument("the Office file is encrypted and needs a password; save it without one")
        raise UnreadableDocument("it is a file of Office before 2007 (.doc, .xls, .ppt); save it as .docx or PDF")
    for start, remedy in _OTHERS.items():
        if content.startswith(start):
            raise UnreadableDocument(f"it is {remedy}")
    decoded = decode(content)
    if decoded.text is None:
        other = (
            "it is no PDF, Word (.docx), HTML, WARC or text file; save it as one of these, or leave it out by pattern"
        )
        broken = f"its text cannot be read: {decoded.error}"
        raise UnreadableDocument(other if decoded.error == BINARY_CONTENT else broken)
    metadata = {} if decoded.encoding == "utf-8" else {"encoding": decoded.encoding}
    return Part(record, "text/plain", (Page(1, lines_of(decoded.text)),), 1, metadata)


def _refuse_other_archives(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableDocument(f"the Word file or zip archive is damaged: {error}; fetch it again") from error
    if "word/document.xml" in names:
        return
    for name, remedy in _OTHER_ARCHIVES.items():
        if name in names:
            raise UnreadableDocument(f"it is {remedy}")
    raise UnreadableDocument("it is a zip archive; unpack it, so that its files are read one by one")
