"""read_web_archive: the documents of a WARC file, which crawlers write: pages, PDF files, and their texts (WET)."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import BufferedReader
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
#: The types of pages, and what begins an element: a server may call a plain text a page.
_TYPES_OF_PAGES, _ELEMENT = _TYPES[:2], re.compile(rb"<[a-z][^<>]*>", re.IGNORECASE)
#: What a server says of content of which it knows nothing.
_UNNAMED = ("", "application/octet-stream", "binary/octet-stream")
_FOUND = "200"
_HEAD_BYTES = 4096
#: After so many seconds without a document a sign of life is given.
_SILENT_S = 1.0
_UNKNOWN = "application/octet-stream"


def read_web_archive(
    path: Path, max_bytes: int, start_after: int, read: ReadDocument, is_document: Callable[[bytes], bool]
) -> Iterator[Part | None]:
    """Each document of a WARC file that was found by its crawler, whole, with its address and the time of the crawl.

    Args:
        path: The file, not packed.
        max_bytes: A larger document is not read.
        start_after: Number of the document after which to begin.
        read: Reads the pages of a document.
        is_document: Whether content that begins so may be a document; asked where a server did not name its type.

    Returns: the documents; None between them as a sign of life where none came for a second.

    Raises: OSError when it breaks off, or where a record does not say how long it is.
    """
    number, said = 0, time.monotonic()
    with path.open("rb") as stream:
        try:
            for record in _whole_records(stream):
                content = _content_of(record, is_document)
                if content is not None:
                    number += 1
                    if number > start_after:
                        yield _document(record, content, number, max_bytes, read)
                        said = time.monotonic()
                if time.monotonic() - said > _SILENT_S:
                    yield None
                    said = time.monotonic()
        except ArchiveLoadFailed as error:
            raise OSError(f"no WARC record follows: {' '.join(str(error).split())[:200]}") from error


def _whole_records(stream: IO[bytes]) -> Iterator[Any]:
    for record in ArchiveIterator(stream):
        written = record.rec_headers.get_header("Content-Length") or ""
        if not written.strip().isdigit():
            raise OSError(
                f"the record of {_address(record)} does not say how long it is: Content-Length is {written!r}"
            )
        yield record
        _read_to_its_end(record)


def _read_to_its_end(record: Any) -> None:
    while record.raw_stream.read(1 << 20):
        pass
    if missing := getattr(record.raw_stream, "limit", 0):
        raise OSError(f"the record of {_address(record)} ends {missing} bytes early")


def _address(record: Any) -> str:
    return record.rec_headers.get_header("WARC-Target-URI") or "no address"


@dataclass
class _Content:
    """What a record holds, which may be a document."""

    media_type: str
    """As its server wrote it."""
    stream: Any
    head: bytes = b""
    """What is read of the stream already."""

    def read(self, max_bytes: int) -> bytes:
        """All of it, or its first `max_bytes`."""
        rest: bytes = self.stream.read(max_bytes - len(self.head))
        return self.head + rest

    @property
    def breaks_off(self) -> bool:
        """Whether its packing ends before its end, once it is read."""
        packing = getattr(self.stream, "decompressor", None)
        return packing is not None and getattr(packing, "eof", True) is False


def _content_of(record: Any, is_document: Callable[[bytes], bool]) -> _Content | None:
    """The content of a record that may be a document; None for others, which pass by."""
    written = _type_of(record)
    if written is None:
        return None
    media_type = _media_type(written)
    if media_type in _TYPES:
        return _Content(written, record.content_stream())
    if media_type not in _UNNAMED:
        return None
    stream = record.content_stream()
    head = stream.read(_HEAD_BYTES)
    return _Content(written, stream, head) if head and is_document(head) else None


def _type_of(record: Any) -> str | None:
    """The type of a record that may hold a document, as its server wrote it; None for others."""
    if record.rec_type == "response":
        if record.http_headers is None or record.http_headers.get_statuscode() != _FOUND:
            return None
        written = record.http_headers.get_header("Content-Type")
        return written or record.rec_headers.get_header("WARC-Identified-Payload-Type") or ""
    if record.rec_type in ("conversion", "resource"):
        return record.rec_headers.get_header("Content-Type") or ""
    return None


def _document(record: Any, packed: _Content, number: int, max_bytes: int, read: ReadDocument) -> Part:
    headers = record.rec_headers
    address = headers.get_header("WARC-Target-URI") or ""
    metadata = {"url": address, "crawled_at": headers.get_header("WARC-Date")}
    if headers.get_header("WARC-Truncated"):
        metadata["truncated"] = headers.get_header("WARC-Truncated")
    try:
        content = packed.read(max_bytes + 1)
        _read_to_its_end(record)
        if len(content) > max_bytes:
            n_bytes = max(int(headers.get_header("Content-Length")), len(content))
            return Part(number, _UNKNOWN, (), 1, metadata, too_large(n_bytes, max_bytes), n_bytes)
        if packed.breaks_off:
            metadata["truncated"] = "its packing ends early"
        parts = list(read(content, _name_in(address, packed.media_type, content), number, _encoding(packed.media_type)))
    except OSError:
        raise
    except Exception as error:
        # One answer of one server must not cost the documents behind it.
        said = f"its record is damaged: {type(error).__name__}: {error}; fetch {address} again"
        return Part(number, _UNKNOWN, (), 1, metadata, said)
    why = parts[-1].error
    if packed.breaks_off and not any(page.lines for part in parts for page in part.pages):
        why = f"its packing ends early, before any text; fetch {address} again"
    return replace(
        parts[-1],
        pages=tuple(page for part in parts for page in part.pages),
        error=why and (_why_still_packed(record) or why),
        n_bytes=len(content),
        metadata={**{name: value for name, value in metadata.items() if value}, **parts[-1].metadata},
    )


def _why_still_packed(record: Any) -> str | None:
    """What is said of an answer in a packing that warcio does not know here; crawlers often have unpacked it before."""
    packing = ((record.http_headers and record.http_headers.get_header("Content-Encoding")) or "identity").lower()
    if packing == "identity" or packing in BufferedReader.get_supported_decompressors():
        return None
    remedy = "install brotli (pip install brotli)" if packing == "br" else "unpack it, or crawl it again unpacked"
    return f"it is packed by {packing}, which is not read; {remedy}"


def _name_in(address: str, content_type: str, content: bytes) -> str:
    """The name of a document, which ends in `.html` where its server says so of what begins like no other document."""
    name = address.partition("?")[0].partition("#")[0]
    is_page = _media_type(content_type) in _TYPES_OF_PAGES and _ELEMENT.search(content[:_HEAD_BYTES])
    return f"{name}.html" if is_page else name


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _encoding(content_type: str) -> str | None:
    _, _, named = content_type.lower().partition("charset=")
    return named.split(";")[0].strip(" \"'") or None
