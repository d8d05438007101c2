import pytest

from data_engine.indexing.documents.parts import UnreadableDocument, text_of
from data_engine.indexing.documents.pdf import _iso_date, read_pdf
from data_engine_tests.support.written_documents import lines_at, pages_of, pdf_of

LEFT = ["Left column one is", "here and goes on to", "its third line here", "where it ends."]
RIGHT = ["Right column begins", "on the other side and", "it has a third line", "and a fourth one."]


def test_pages_come_one_by_one_with_what_the_file_says_of_itself() -> None:
    content = pdf_of([[(50, 700, "first page")], [(50, 700, "second page")]], title="Two pages")
    assert pages_of(content) == 2
    first, second = read_pdf(content, 1)
    assert [text_of([page.lines for page in part.pages]) for part in (first, second)] == ["first page", "second page"]
    assert (first.n_pages, first.metadata["title"], first.metadata["n_pages"]) == (2, "Two pages", 2)
    assert list(read_pdf(content, 1, start_after=1)) == [second]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("D:20260131120000+01'00'", "2026-01-31T12:00:00+01:00"),
        ("D:20260131120000Z", "2026-01-31T12:00:00Z"),
        ("D:20260131120000", "2026-01-31T12:00:00"),
        ("last spring", "last spring"),
    ],
)
def test_dates_are_written_as_iso_8601_where_they_are_dates(written: str, said: str) -> None:
    assert _iso_date(written) == said


def test_columns_that_the_file_interleaves_are_read_one_after_the_other() -> None:
    rows = zip(lines_at(50, 700, LEFT), lines_at(300, 700, RIGHT), strict=True)
    (part,) = read_pdf(pdf_of([[placed for row in rows for placed in row]]), 1)
    assert text_of([part.pages[0].lines]).split() == " ".join([*LEFT, *RIGHT]).split()


def test_an_encrypted_a_broken_and_an_empty_file_say_what_to_do() -> None:
    with pytest.raises(UnreadableDocument, match="is encrypted and needs a password; save it without one"):
        list(read_pdf(pdf_of([[(50, 700, "secret")]], password="x"), 1))
    with pytest.raises(UnreadableDocument, match=r"PDFium cannot read it: .*repair the file or fetch it again"):
        list(read_pdf(pdf_of([[(50, 700, "x")]])[:60], 1))
    with pytest.raises(UnreadableDocument, match=r"no pages|PDFium cannot read it"):
        list(read_pdf(pdf_of([]), 1))


def test_a_truncated_file_gives_what_can_be_repaired_or_says_so() -> None:
    content = pdf_of([[(50, 700, f"page {number}")] for number in range(5)])
    for length in range(100, len(content), 150):
        try:
            parts = list(read_pdf(content[:length], 1))
        except UnreadableDocument:
            continue
        assert all(page.error or page.lines is not None for part in parts for page in part.pages)


def test_what_lies_outside_the_page_is_not_read_and_spaces_do_not_double() -> None:
    (part,) = read_pdf(pdf_of([[(50, 700, "on   the page"), (50, 900, "above it"), (-300, 600, "left of it")]]), 1)
    assert text_of([part.pages[0].lines]) == "on the page"
