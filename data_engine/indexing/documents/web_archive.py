"""read_web_archive: the documents of a WARC file, which crawlers write: pages, PDF files, and their texts (WET)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from data_engine.indexing.documents.parts import Part, ReadDocument, too_large

#: Types of content that are read; images, scripts and style sheets pass by.
_TYPES = (
    "text/html",
    "application/xhtml+xml",
    "text/plain",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
)
_FOUND = "200"


def read_web_archive(path: Path, max_bytes: int, start_after: int, read: ReadDocument) -> Iterator[Part]:
    """Each document of a WARC file that was found by its crawler, whole, with its address and the time of the crawl.

    Args:
        path: The file, not packed.
        max_bytes: A larger document is not read.
        start_after: Number of the document after which to begin.
        read: Reads the pages of a document.

    Raises: OSError when it breaks off.
    """
    number = 0
    with path.open("rb") as stream:
        try:
            for record in ArchiveIterator(stream):
                content_type = _type_of(record)
                if content_type is None:
                    continue
                number += 1
                if number > start_after:
                    yield _document(record, content_type, number, max_bytes, read)
        except ArchiveLoadFailed as error:
            raise OSError(f"no WARC record follows: {' '.join(str(error).split())[:200]}") from error


def _type_of(record: Any) -> str | None:
    """The type of a record that holds a document, None for others."""
    if record.rec_type == "response":
        if record.http_headers is None or record.http_headers.get_statuscode() != _FOUND:
            return None
        written = record.http_headers.get_header("Content-Type") or ""
    elif record.rec_type in ("conversion", "resource"):
        written = record.rec_headers.get_header("Content-Type") or ""
    else:
        return None
    return written if written.partition(";")[0].strip().lower() in _TYPES else None


def _document(record: Any, content_type: str, number: int, max_bytes: int, read: ReadDocument) -> Part:
    headers = record.rec_headers
    address = headers.get_header("WARC-Target-URI") or ""
    metadata = {"url": address, "crawled_at": headers.get_header("WARC-Date")}
    if headers.get_header("WARC-Truncated"):
        metadata["truncated"] = headers.get_header("WARC-Truncated")
    content = record.content_stream().read(max_bytes + 1)
    if len(content) > max_bytes:
        n_bytes = int(headers.get_header("Content-Length") or len(content))
        return Part(number, "application/octet-stream", (), 1, metadata, too_large(n_bytes, max_bytes), n_bytes)
    parts = list(read(content, _name_in(address), number, _encoding(content_type)))
    pages = tuple(page for part in parts for page in part.pages)
    return replace(
        parts[-1],
        pages=pages,
        n_bytes=len(content),
        metadata={**{name: value for name, value in metadata.items() if value}, **parts[-1].metadata},
    )


def _name_in(address: str) -> str:
    return address.partition("?")[0].partition("#")[0]


def _encoding(content_type: str) -> str | None:
    _, _, named = content_type.lower().partition("charset=")
    return named.split(";")[0].strip(" \"'") or None
