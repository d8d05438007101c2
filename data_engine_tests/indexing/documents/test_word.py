import io
import zipfile
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

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
    with pytest.raises(
        UnreadableDocument, match=r"unpacks to 3,000,000 bytes, more than 200 times its size: .* remove it"
    ):
        read_word(stream.getvalue(), 1)


def test_tracked_changes_are_accepted_and_content_controls_and_tables_in_tables_are_read() -> None:
    document: Any = docx.Document()
    paragraph = document.add_paragraph("It ")
    runs = {"ins": "was ", "del": "is ", "moveFrom": "gone ", "hyperlink": "linked ", "sdt": "filled in"}
    for around, text in runs.items():
        run = f"<w:r><w:t xml:space='preserve'>{text}</w:t></w:r>"
        inner = f"<w:sdtContent>{run}</w:sdtContent>" if around == "sdt" else run
        paragraph._p.append(parse_xml(f"<w:{around} {nsdecls('w')}>{inner}</w:{around}>"))
    block = "<w:sdtContent><w:p><w:r><w:t>In a control.</w:t><w:br/><w:t>Below.</w:t></w:r></w:p></w:sdtContent>"
    document.element.body.insert(1, parse_xml(f"<w:sdt {nsdecls('w')}>{block}</w:sdt>"))
    outer = document.add_table(1, 2)
    outer.cell(0, 0).text = "outer"
    inner_table = outer.cell(0, 1).add_table(1, 2)
    inner_table.cell(0, 0).text, inner_table.cell(0, 1).text = "in a", "table"
    stream = io.BytesIO()
    document.save(stream)
    part = read_word(stream.getvalue(), 1)
    assert text_of([part.pages[0].lines]) == ("It was linked filled in\n\nIn a control.\nBelow.\n\nouter\tin a table")
