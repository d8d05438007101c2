import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from data_engine.indexing.documents.formats import is_document, read_document
from data_engine.indexing.documents.parts import text_of
from data_engine.indexing.documents.web_archive import read_web_archive
from data_engine_tests.support.written_documents import WORDS, lines_at, page_of, pdf_of, warc_of

TEXT = " ".join(WORDS * 3) + "."
PAPER = pdf_of([[(50, 700, "on paper")], lines_at(50, 700, WORDS * 2)])
PAGE = ("https://a.example/one", "200 OK", "text/html; charset=utf-8", page_of(TEXT).encode())
ANSWERS = [
    PAGE,
    ("https://a.example/gone", "404 Not Found", "text/html", page_of(TEXT).encode()),
    ("https://a.example/style", "200 OK", "text/css", b"body {}"),
    (
        "https://a.example/paper",
        "200 OK",
        "application/pdf",
        PAPER,
    ),
]


def _written(folder: Path, content: bytes) -> Path:
    (folder / "crawl.warc").write_bytes(content)
    return folder / "crawl.warc"


def test_documents_come_with_their_address_and_other_answers_pass_by(tmp_path: Path) -> None:
    page, paper = read_web_archive(
        _written(tmp_path, warc_of(ANSWERS, gzip=False)), 10_000_000, 0, read_document, is_document
    )
    assert TEXT in text_of([page.pages[0].lines])
    assert (page.record, page.metadata["url"], page.metadata["title"]) == (1, "https://a.example/one", "A page")
    assert page.metadata["crawled_at"].endswith("Z")
    assert (paper.record, len(paper.pages), paper.n_pages) == (2, 2, 2)
    assert [
        part.record for part in read_web_archive(tmp_path / "crawl.warc", 10_000_000, 1, read_document, is_document)
    ] == [2]


def test_a_document_that_is_too_large_is_passed_over(tmp_path: Path) -> None:
    page, paper = read_web_archive(
        _written(tmp_path, warc_of(ANSWERS, gzip=False)), 1_000, 0, read_document, is_document
    )
    assert "max_document_bytes is 1000; raise source.max_document_bytes" in str(paper.error)
    assert page.error is None


def test_an_archive_that_breaks_off_says_so_after_what_it_holds(tmp_path: Path) -> None:
    path = _written(tmp_path, warc_of([PAGE], gzip=False) + b"no record at all\r\n\r\n" * 3)
    parts = read_web_archive(path, 10_000_000, 0, read_document, is_document)
    assert next(parts).error is None
    with pytest.raises(OSError, match="no WARC record follows"):
        list(parts)


def _response(body: bytes, headers: str = "", length: str | None = None) -> bytes:
    content = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{headers}\r\n".encode() + body
    named = f"Content-Length: {len(content)}\r\n" if length is None else length
    start = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/x\r\n"
    return f"{start}Content-Type: application/http\r\n{named}\r\n".encode() + content + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (_response(page_of(TEXT).encode(), length=""), r"x does not say how long it is: Content-Length is ''"),
        (_response(page_of(TEXT).encode(), length="Content-Length: abc\r\n"), "Content-Length is 'abc'"),
        (_response(page_of(TEXT).encode())[:-300], r"the record of https://a\.example/x ends 296 bytes early"),
        (_response(b"x" * 99, "Content-Type: image/png\r\n")[:-50], "ends 46 bytes early"),
    ],
)
def test_a_record_without_its_whole_content_is_a_break_and_no_document(
    tmp_path: Path, record: bytes, said: str
) -> None:
    parts = read_web_archive(
        _written(tmp_path, warc_of([PAGE], gzip=False) + record), 10_000_000, 0, read_document, is_document
    )
    assert next(parts).error is None
    with pytest.raises(OSError, match=said):
        list(parts)


def test_an_answer_that_no_reader_can_take_costs_no_other(tmp_path: Path) -> None:
    def read(content: bytes, *how: Any) -> Any:
        if content == b"bad":
            raise ValueError("embedded null character")
        return read_document(content, *how)

    path = _written(tmp_path, _response(b"bad") + _response(page_of(TEXT).encode()))
    bad, good = read_web_archive(path, 10_000_000, 0, read, is_document)
    assert bad.error == "its record is damaged: ValueError: embedded null character; fetch https://a.example/x again"
    assert good.error is None


def test_an_answer_in_an_unknown_packing_and_one_that_unpacks_to_too_much_say_so(tmp_path: Path) -> None:
    packed = _response(bytes(range(256)), "Content-Encoding: x-new\r\n")
    bomb = _response(gzip.compress(b" " * 50_000), "Content-Encoding: gzip\r\n")
    unknown, large = read_web_archive(_written(tmp_path, packed + bomb), 10_000, 0, read_document, is_document)
    assert unknown.error == "it is packed by x-new, which is not read; unpack it, or crawl it again unpacked"
    assert str(large.error).startswith("has 10001 bytes, max_document_bytes is 10000;")


def _unnamed(body: bytes, media_type: str = "") -> bytes:
    return _response(body).replace(b"Content-Type: text/html\r\n\r\n", media_type.encode() + b"X: 1\r\n\r\n")


def test_an_answer_whose_type_is_not_named_is_known_by_its_content(tmp_path: Path) -> None:
    octets = "Content-Type: application/octet-stream\r\n"
    records = [_unnamed(page_of(TEXT).encode()), _unnamed(PAPER, octets), _unnamed(b"\x89PNG\r\n\x1a\n" + bytes(900))]
    records = [_fitting(record) for record in records]
    page, paper = read_web_archive(_written(tmp_path, b"".join(records)), 10_000_000, 0, read_document, is_document)
    assert (page.error, page.media_type) == (None, "text/html")
    assert TEXT in text_of([page.pages[0].lines])
    assert (paper.error, paper.media_type, len(paper.pages)) == (None, "application/pdf", 2)


def _fitting(record: bytes) -> bytes:
    """A record whose length is that of its content."""
    head, content = record.split(b"\r\n\r\n", 1)
    length = len(content) - len(b"\r\n\r\n")
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % length, head) + b"\r\n\r\n" + content


def test_what_a_server_calls_a_page_is_one_however_it_begins_and_a_plain_text_none(tmp_path: Path) -> None:
    piece = f"<p class=a>{TEXT}</p><div>{TEXT}</div>".encode()
    plain = f"{TEXT} 1 < 2"
    answers = [
        (f"https://a.example/{n}", "200 OK", "text/html", each) for n, each in enumerate((piece, plain.encode()))
    ]
    found = read_web_archive(
        _written(tmp_path, warc_of(answers, gzip=False)), 10_000_000, 0, read_document, is_document
    )
    page, text = (text_of([part.pages[0].lines]) for part in found if part is not None)
    assert TEXT in page and "<" not in page
    assert text == plain


def test_packed_content_that_ends_early_is_marked_or_says_so_where_no_text_came_before(tmp_path: Path) -> None:
    packed = gzip.compress((page_of(TEXT) + "".join(f"<!-- {number**7} -->" for number in range(2_000))).encode())
    records = [_response(packed[:length], "Content-Encoding: gzip\r\n") for length in (len(packed) // 2, 30)]
    half, nothing = read_web_archive(_written(tmp_path, b"".join(records)), 10_000_000, 0, read_document, is_document)
    assert (half.error, half.metadata["truncated"]) == (None, "its packing ends early")
    assert TEXT in text_of([half.pages[0].lines])
    assert nothing.error == "its packing ends early, before any text; fetch https://a.example/x again"


def test_a_sign_of_life_is_given_while_others_pass_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_engine.indexing.documents.web_archive._SILENT_S", -1.0)
    style = ("https://a.example/style", "200 OK", "text/css", b"body {}")
    path = _written(tmp_path, warc_of([style, PAGE, style], gzip=False))
    parts = list(read_web_archive(path, 10_000_000, 0, read_document, is_document))
    assert [part and part.record for part in parts].count(1) == 1
    assert parts[0] is None and parts[-1] is None
