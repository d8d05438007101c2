import io
import zipfile

import pytest

from data_engine.indexing.documents.parts import UnreadableDocument, text_of
from data_engine.indexing.documents.word import read_word
from data_engine_tests.support.written_documents import word_of


def test_paragraphs_and_tables_stand_in_their_order_without_headers() -> None:
    content = word_of(["Before the table.", "After it."], [["a", "b"], ["1", "2"]], header="Company secret")
    part = read_word(content, 3)
    assert text_of([part.pages[0].lines]) == "Before the table.\n\na\tb\n1\t2\n\nAfter it."
    assert (part.record, part.metadata["author"]) == (3, "python-docx")


def test_damage_and_bombs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    content = word_of(["text"])
    with pytest.raises(UnreadableDocument, match=r"the Word file is damaged: .*repair it"):
        read_word(content[: len(content) // 2], 1)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 3_000_000)
    monkeypatch.setattr("data_engine.indexing.documents.word._ALWAYS_ALLOWED_BYTES", 1_000)
    with pytest.raises(UnreadableDocument, match="unpacks to 3,000,000 bytes, 200 times its size or more"):
        read_word(stream.getvalue(), 1)
