import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.documents import reading
from data_engine.indexing.source import Batches, Source
from data_engine_tests.support import dying_documents
from data_engine_tests.support.written_documents import WORDS, lines_at, page_of, pdf_of, warc_of, word_of

TEXT = " ".join(WORDS * 3) + "."
THREE = [
    [
        (50, 760, f"The Journal {number}"),
        *lines_at(50, 700, [f"Page {name} says so.", f"And {name} more."]),
        (300, 40, f"{number}"),
    ]
    for number, name in enumerate(("one", "two", "three"), start=1)
]


def _rows(folder: Path, **options: Any) -> list[dict[str, Any]]:
    source = Source(kind="documents", path=str(folder), **options)
    (files,) = list_batches(source, Batches(), folder).values()
    return read_batch(source, files, batch="b", modality="text").to_pylist()


def test_every_format_is_a_text_with_its_metadata(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_of(THREE, title="Journal"))
    (tmp_path / "b.docx").write_bytes(word_of([TEXT]))
    (tmp_path / "c.html").write_text(page_of(TEXT, "Foxes"))
    (tmp_path / "d.warc.gz").write_bytes(
        warc_of([("https://a.example/", "200 OK", "text/html", page_of(TEXT).encode())] * 2)
    )
    (tmp_path / "e.txt").write_bytes(gzip.compress(b"packed and plain"))
    rows = _rows(tmp_path)
    assert [row["error"] for row in rows] == [None] * 6
    assert [row["uri"] for row in rows] == ["a.pdf", "b.docx", "c.html", "d.warc.gz#1", "d.warc.gz#2", "e.txt"]
    assert rows[0]["text"] == "\n\n".join(f"Page {name} says so. And {name} more." for name in ("one", "two", "three"))
    assert json.loads(rows[0]["metadata"])["title"] == "Journal"
    assert json.loads(rows[3]["metadata"])["url"] == "https://a.example/"
    assert rows[5]["text"] == "packed and plain"


def test_pages_are_texts_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_of([*THREE, []]))
    rows = _rows(tmp_path, text_per="page")
    assert [row["uri"] for row in rows] == [f"a.pdf#page={number}" for number in range(1, 5)]
    assert [row["text"] for row in rows] == [
        f"Page {name} says so. And {name} more." for name in ("one", "two", "three")
    ] + [""]
    assert json.loads(rows[1]["metadata"]) == {"n_pages": 4, "page": 2}


def test_what_cannot_be_read_says_why_and_costs_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(TEXT)
    (tmp_path / "locked.pdf").write_bytes(pdf_of(THREE, password="x"))
    (tmp_path / "scan.pdf").write_bytes(pdf_of([[], []]))
    (tmp_path / "large.txt").write_text("x" * 400_000)
    (tmp_path / "cut.warc").write_bytes(
        warc_of([("https://a.example/", "200 OK", "text/plain", b"whole")], gzip=False) + b"cut off\r\n"
    )
    said = {row["uri"]: row["error"] for row in _rows(tmp_path, max_document_bytes=300_000)}
    assert said["good.txt"] is said["cut.warc#1"] is None
    assert "is encrypted" in said["locked.pdf"]
    assert said["scan.pdf"].startswith("its 2 pages hold no text, only images of it: a scan; recognise the text first")
    assert "max_document_bytes is 300000" in said["large.txt"]
    assert "breaks off after document 1" in said["cut.warc"]


@pytest.mark.parametrize(
    ("text_per", "said"),
    [("document", {"a.pdf": None}), ("page", {"a.pdf#page=1": None, "a.pdf#page=2": "killed", "a.pdf#page=3": None})],
)
def test_a_page_that_ends_its_reader_is_left_out_alone(
    text_per: str, said: dict[str, str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_of(THREE))
    monkeypatch.setattr(reading, "read_parts", dying_documents.read_parts)
    rows = _rows(tmp_path, text_per=text_per)
    assert [row["uri"] for row in rows] == list(said)
    assert all((row["error"] is None) == (said[row["uri"]] is None) for row in rows)
    if text_per == "document":
        assert list(json.loads(rows[0]["metadata"])["unread_pages"]) == ["2"]
        assert "one" in rows[0]["text"] and "three" in rows[0]["text"]


def test_a_document_that_ends_its_reader_is_unreadable_and_the_others_of_its_archive_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [(f"https://a.example/{number}", "200 OK", "text/plain", b"text %d" % number) for number in range(3)]
    (tmp_path / "a.warc").write_bytes(warc_of(answers, gzip=False))
    monkeypatch.setattr(reading, "read_parts", dying_documents.read_parts)
    rows = _rows(tmp_path)
    assert [row["error"] is None for row in rows] == [True, False, True]
    assert "killed by signal 9" in rows[1]["error"]
    assert "repair or split it, or raise source.max_sample_s or source.max_reader_bytes" in rows[1]["error"]


def test_a_packed_archive_that_is_cut_gives_the_documents_before_the_cut(tmp_path: Path) -> None:
    answers = [(f"https://a.example/{name}", "200 OK", "text/html", page_of(TEXT + name).encode()) for name in "abc"]
    content = warc_of(answers)
    (tmp_path / "a.warc.gz").write_bytes(content[:-200])
    (tmp_path / "b.warc.gz").write_bytes(content)
    broken, *cut = [row for row in _rows(tmp_path) if row["uri"].startswith("a.")]
    assert [row["uri"] for row in cut] == ["a.warc.gz#1", "a.warc.gz#2"]
    assert str(broken["error"]).startswith("breaks off after document 2 (Compressed file ended before")


def test_a_document_whose_pages_differ_by_numbers_alone_keeps_its_lines(tmp_path: Path) -> None:
    (tmp_path / "tickets.pdf").write_bytes(pdf_of([[(50, 700, f"Ticket number {number}")] for number in range(1, 5)]))
    (row,) = _rows(tmp_path)
    assert row["text"].split("\n\n") == [f"Ticket number {number}" for number in range(1, 5)]
