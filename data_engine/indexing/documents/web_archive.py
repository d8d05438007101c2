"""read_web_archive: the documents of a WARC file, which crawlers write: pages, PDF files, and their texts (WET)."""

from collections.abc import Iterator
from dataclasses import replace
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
_FOUND = "200"
_UNKNOWN = "application/octet-stream"


def read_web_archive(path: Path, max_bytes: int, start_after: int, read: ReadDocument) -> Iterator[Part]:
    """Each document of a WARC file that was found by its crawler, whole, with its address and the time of the crawl.

    Args:
        path: The file, not packed.
        max_bytes: A larger document is not read.
        start_after: Number of the document after which to begin.
        read: Reads the pages of a document.

    Raises: OSError when it breaks off, or where a record does not say how long it is.
    """
    number = 0
    with path.open("rb") as stream:
        try:
            for record in _whole_records(stream):
                content_type = _type_of(record)
                if content_type is None:
                    continue
                number += 1
                if number > start_after:
                    yield _document(record, content_type, number, max_bytes, read)
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
    try:
        content = record.content_stream().read(max_bytes + 1)
        _read_to_its_end(record)
        if len(content) > max_bytes:
            n_bytes = max(int(headers.get_header("Content-Length")), len(content))
            return Part(number, _UNKNOWN, (), 1, metadata, too_large(n_bytes, max_bytes), n_bytes)
        parts = list(read(content, _name_in(address), number, _encoding(content_type)))
    except OSError:
        raise
    except Exception as error:
        # One answer of one server must not cost the documents behind it.
        said = f"its record is damaged: {type(error).__name__}: {error}; fetch {address} again"
        return Part(number, _UNKNOWN, (), 1, metadata, said)
    why = parts[-1].error
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


def _name_in(address: str) -> str:
    return address.partition("?")[0].partition("#")[0]


def _encoding(content_type: str) -> str | None:
    _, _, named = content_type.lower().partition("charset=")
    return named.split(";")[0].strip(" \"'") or None
