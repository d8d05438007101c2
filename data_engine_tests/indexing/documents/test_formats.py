import io
import time
import zipfile
from pathlib import Path

import pytest

from data_engine.indexing.documents.formats import is_web_archive, read_document, read_parts
from data_engine.indexing.documents.parts import text_of
from data_engine_tests.support.written_documents import WORDS, page_of, pdf_of, warc_of, word_of

TEXT = " ".join(WORDS * 3) + "."


def _archive(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (pdf_of([[(50, 700, TEXT)]], size=4), "application/pdf"),
        (word_of([TEXT]), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"\xef\xbb\xbf  <!-- saved -->\n" + page_of(TEXT).encode(), "text/html"),
        (page_of(TEXT).encode("utf-16"), "text/html"),
        (TEXT.encode(), "text/plain"),
        (TEXT.encode("utf-16"), "text/plain"),
    ],
)
def test_the_format_is_known_by_the_content_whatever_the_name(content: bytes, media_type: str) -> None:
    (part,) = read_document(content, "wrong.xyz", 1)
    assert part.error is None
    assert part.media_type == media_type
    assert TEXT in text_of([part.pages[0].lines])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "of Office before 2007"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "is encrypted and needs a password"),
        (b"{\\rtf1 x}", "a Rich Text file; save it as .docx or PDF"),
        (b"%!PS-Adobe", "a PostScript file"),
        (_archive("xl/workbook.xml"), "an Excel file; save its sheets as CSV"),
        (_archive("META-INF/container.xml"), "an EPUB book"),
        (_archive("a.txt"), "it is a zip archive; unpack it"),
        (b"PK\x03\x04 broken", "is damaged: .*fetch it again"),
        (bytes(range(256)) * 10, "no PDF, Word .*, HTML, WARC or text file; save it as one of these"),
        (b"\xff\xfea", "its text cannot be read: broken UTF-16-LE at byte 2; save it as UTF-8"),
    ],
)
def test_other_formats_are_named_with_a_remedy(content: bytes, said: str) -> None:
    (part,) = read_document(content, "a.pdf", 1)
    assert not part.pages
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(part.error)


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * 200)
    (part,) = read_parts(tmp_path / "a.txt", "a.txt", 100, 0)
    assert part.error == "has 200 bytes, max_document_bytes is 100; raise source.max_document_bytes, or split it"


def test_a_web_archive_of_any_size_is_read_document_by_document(tmp_path: Path) -> None:
    answers = [(f"https://a.example/{number}", "200 OK", "text/plain", b"text %d" % number) for number in range(3)]
    content = warc_of(answers, gzip=False)
    (tmp_path / "a.warc").write_bytes(content)
    assert is_web_archive(content)
    assert [part.record for part in read_parts(tmp_path / "a.warc", "a.warc", 100, 1)] == [2, 3]


def test_a_text_of_many_comments_is_told_from_html_at_once() -> None:
    written = b"<!---->" * 500 + b"<!-- " * 200
    started = time.perf_counter()
    (part,) = read_document(written, "notes.txt", 1)
    assert (part.media_type, part.error) == ("text/plain", None)
    assert time.perf_counter() - started < 5
