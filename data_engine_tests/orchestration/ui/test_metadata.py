from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa

from data_engine.orchestration.ui.metadata import (
    image,
    inline_image,
    markdown_table,
    preview,
    shown_value,
    verbatim,
)


def test_a_preview_cuts_ids_and_texts_and_gives_bytes_by_their_length() -> None:
    table = pa.table(
        {
            "sample_id": ["0123456789abcdef"],
            "text": ["x" * 61],
            "sketch": [b"1234"],
            "names": [["a", "b"]],
            "score": [0.123456],
            "large": [12345.678],
            "n": [7],
            "is_kept": [True],
            "nothing": pa.nulls(1, pa.string()),
            "at": [datetime(2026, 3, 1, tzinfo=UTC)],
        }
    )
    shown = preview(table)
    assert isinstance(shown, dg.TableMetadataValue)
    assert shown.records[0].data == {
        "sample_id": "0123456789ab",
        "text": "x" * 60 + " ... (61 characters)",
        "sketch": "4 bytes",
        "names": "a, b",
        "score": 0.1235,
        "large": 12345.7,
        "n": 7,
        "is_kept": True,
        "nothing": None,
        "at": "2026-03-01 00:00:00+00:00",
    }
    kinds = {column.name: column.type for column in shown.schema.columns}
    assert (kinds["n"], kinds["score"], kinds["is_kept"], kinds["sketch"]) == ("int", "float", "bool", "string")


def test_a_preview_holds_the_first_rows_and_says_where_there_are_none() -> None:
    table = pa.table({"n": range(20)})
    eight = preview(table)
    assert isinstance(eight, dg.TableMetadataValue)
    assert [record.data["n"] for record in eight.records] == list(range(8))
    assert preview(table.slice(0, 0)) == dg.MetadataValue.md("*no rows*")


def test_tables_become_previews_of_18_rows_paths_links_and_all_else_stays() -> None:
    shown = shown_value(pa.table({"n": range(20)}))
    assert isinstance(shown, dg.TableMetadataValue)
    assert len(shown.records) == 18
    assert shown_value(Path("/a/b")) == dg.MetadataValue.path("/a/b")
    assert shown_value(7) == 7


def test_rows_become_a_table_of_markdown() -> None:
    assert markdown_table(["a", "b"], [["1", "2"]]).md_str == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_text_in_a_cell_is_no_markup() -> None:
    assert verbatim("a `b` | <i>c</i>\n https://d") == "`a 'b' \\| <i>c</i> https://d`"
    assert verbatim(" ") == ""


def test_an_image_is_shown_in_place_up_to_100_kb_and_named_above() -> None:
    assert image(b"\xff\xd8x").value == "![plot](data:image/jpeg;base64,/9h4)"
    assert inline_image(b"png", "a disc") == "![a disc](data:image/png;base64,cG5n)"
    assert str(image(b"x" * 100_000).value).startswith("![plot]")
    assert image(b"x" * 100_001).value == "image of 100,001 bytes; see the HTML report"
