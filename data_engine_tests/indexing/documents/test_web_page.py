import pytest

from data_engine.indexing.documents.parts import UnreadableDocument, text_of
from data_engine.indexing.documents.web_page import read_web_page
from data_engine_tests.support.written_documents import WORDS, page_of

TEXT = " ".join(WORDS * 3) + "."


def test_the_main_text_comes_without_menus_and_footers() -> None:
    part = read_web_page(page_of(TEXT, "Foxes").encode(), 1)
    text = text_of([part.pages[0].lines])
    assert TEXT in text
    assert "All rights reserved" not in text
    assert part.metadata["title"] == "Foxes"


def test_the_encoding_that_the_server_names_counts_unless_it_is_wrong() -> None:
    written = page_of(TEXT + " Käse und Brot – dazu Öl.")
    for content, encoding in (
        (written.encode("cp1252"), "windows-1252"),
        (written.encode("cp1252"), "iso-8859-1"),
        (written.encode("cp1252").replace(b"<head>", b"<head><meta charset=iso-8859-1>"), None),
        (written.encode("cp1252").replace(b"<head>", b"<head><meta charset='windows-1252'>"), "no such"),
        (written.encode().replace(b"<head>", b"<head><meta charset=iso-8859-1>"), None),
        (written.encode(), "no such"),
        (written.encode(), "a\0b"),
        (written.encode(), None),
    ):
        assert "Käse und Brot – dazu Öl" in text_of([read_web_page(content, 1, encoding).pages[0].lines])


def test_what_is_empty_and_what_is_no_page_are_told_apart_from_pages_without_a_text() -> None:
    with pytest.raises(UnreadableDocument, match="empty or no HTML; fetch it again"):
        read_web_page(b"  ", 1)
    (page,) = read_web_page(b"<html><body><nav><a href='/'>Home</a></nav></body></html>", 1).pages
    assert "\n" not in text_of([page.lines])


def test_a_piece_of_a_page_without_the_element_html_is_read() -> None:
    for begin in ("", "<!--" + "licence " * 20 + "-->"):
        (page,) = read_web_page(f"{begin}<p>{TEXT}</p>".encode(), 1).pages
        assert text_of([page.lines]) == TEXT
    with pytest.raises(UnreadableDocument, match="empty or no HTML; fetch it again"):
        read_web_page(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), 1)


def test_a_page_that_is_nested_too_deep_says_so_in_place_of_an_empty_text() -> None:
    deep, shallow = (f"<html><body>{'<div>' * n}<p>{TEXT}</p>{'</div>' * n}</body></html>".encode() for n in (300, 200))
    assert text_of([read_web_page(shallow, 1).pages[0].lines]) == TEXT
    with pytest.raises(UnreadableDocument, match="nested more than 255 deep"):
        read_web_page(deep, 1)
