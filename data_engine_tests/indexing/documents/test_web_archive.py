from pathlib import Path

import pytest

from data_engine.indexing.documents.formats import read_document
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
    page, paper = read_web_archive(_written(tmp_path, warc_of(ANSWERS, gzip=False)), 10_000_000, 0, read_document)
    assert TEXT in text_of([page.pages[0].lines])
    assert (page.record, page.metadata["url"], page.metadata["title"]) == (1, "https://a.example/one", "A page")
    assert page.metadata["crawled_at"].endswith("Z")
    assert (paper.record, len(paper.pages), paper.n_pages) == (2, 2, 2)
    assert [part.record for part in read_web_archive(tmp_path / "crawl.warc", 10_000_000, 1, read_document)] == [2]


def test_a_document_that_is_too_large_is_passed_over(tmp_path: Path) -> None:
    page, paper = read_web_archive(_written(tmp_path, warc_of(ANSWERS, gzip=False)), 1_000, 0, read_document)
    assert "max_document_bytes is 1000; raise source.max_document_bytes" in str(paper.error)
    assert page.error is None


def test_an_archive_that_breaks_off_says_so_after_what_it_holds(tmp_path: Path) -> None:
    path = _written(tmp_path, warc_of([PAGE], gzip=False) + b"no record at all\r\n\r\n" * 3)
    parts = read_web_archive(path, 10_000_000, 0, read_document)
    assert next(parts).error is None
    with pytest.raises(OSError, match="no WARC record follows"):
        list(parts)
