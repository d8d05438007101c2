"""PDF, Word and WARC files that tests write."""

import io
from collections.abc import Sequence
from gzip import compress
from typing import Any
from uuid import uuid4

import docx
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

#: Left edge and baseline in points from the bottom left corner, and what stands there.
Placed = tuple[float, float, str]
WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "the",
    "lazy",
    "dog",
    "while",
    "seven",
    "wizards",
    "boxed",
    "five",
    "dozen",
    "liquor",
    "jugs",
]


def pdf_of(pages: Sequence[Sequence[Placed]], *, size: float = 10, password: str = "", title: str = "") -> bytes:
    """A PDF file with texts in Helvetica at the places named, in this order."""
    writer = PdfWriter()
    for placed in pages:
        page = writer.add_blank_page(width=600, height=800)
        font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
        named = DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
        fonts = DictionaryObject({NameObject("/F1"): named})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        content = DecodedStreamObject()
        content.set_data("".join(f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n" for x, y, text in placed).encode())
        page[NameObject("/Contents")] = writer._add_object(content)
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def pages_of(pdf: bytes) -> int:
    """How many pages another library finds in a PDF file."""
    return len(PdfReader(io.BytesIO(pdf)).pages)


def lines_at(x: float, top: float, texts: Sequence[str], *, pitch: float = 12) -> list[Placed]:
    """Texts one below the other."""
    return [(x, top - pitch * number, text) for number, text in enumerate(texts)]


def word_of(paragraphs: Sequence[str], rows: Sequence[Sequence[str]] = (), *, header: str = "") -> bytes:
    """A Word file with paragraphs, and a table behind the first of them."""
    document: Any = docx.Document()
    for number, text in enumerate(paragraphs):
        document.add_paragraph(text)
        if number == 0 and rows:
            table = document.add_table(rows=0, cols=len(rows[0]))
            for row in rows:
                for cell, written in zip(table.add_row().cells, row, strict=True):
                    cell.text = written
    document.sections[0].header.paragraphs[0].text = header
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def page_of(text: str, title: str = "A page") -> str:
    """A web page with a menu and a footer around a text."""
    links = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in WORDS[:8])
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><nav><ul>{links}</ul></nav>"
        f"<article><h1>{title}</h1><p>{text}</p></article><footer><p>All rights reserved</p></footer></body></html>"
    )


def warc_of(answers: Sequence[tuple[str, str, str, bytes]], *, gzip: bool = True) -> bytes:
    """A WARC file with (address, status, type, content) of answers of web servers, behind a record about the crawl."""
    records = [("warcinfo", "crawl.warc.gz", "application/warc-fields", b"software: a crawler\r\n")]
    for address, status, media_type, content in answers:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(content)}\r\n\r\n"
        records.append(("response", address, "application/http; msgtype=response", head.encode() + content))
    written = [_record(*record) for record in records]
    return b"".join(map(compress, written) if gzip else written)


def _record(kind: str, address: str, media_type: str, content: bytes) -> bytes:
    name = "WARC-Filename" if kind == "warcinfo" else "WARC-Target-URI"
    fields = {"WARC-Type": kind, name: address, "WARC-Date": "2026-01-02T03:04:05Z", "Content-Type": media_type}
    fields |= {"WARC-Record-ID": f"<urn:uuid:{uuid4()}>", "Content-Length": str(len(content))}
    head = "".join(f"{field}: {value}\r\n" for field, value in fields.items())
    return f"WARC/1.0\r\n{head}\r\n".encode() + content + b"\r\n\r\n"
