import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_engine.indexing import line_records, list_batches, read_batch
from data_engine.indexing.records.json_arrays import is_json_array, read_json_arrays
from data_engine.indexing.source import Batches, Source


def read(folder: Path, content: bytes, **settings: Any) -> list[dict[str, Any]]:
    (folder / "a.json").write_bytes(content)
    source = Source(kind="jsonl", path=str(folder), **settings)
    (files,) = list_batches(source, Batches(), folder).values()
    rows: list[dict[str, Any]] = read_batch(source, files, batch="b", modality="text").to_pylist()
    return rows


OBJECTS = [{"text": f'text "{n}" ]}}\\ é', "inner": [{"a": [n, "],["]}]} for n in range(9)]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(OBJECTS).encode(),
        json.dumps(OBJECTS, indent=2).encode(),
        json.dumps(OBJECTS, ensure_ascii=False, indent=2).replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf \n" + json.dumps(OBJECTS).encode() + b"\n",
        json.dumps(OBJECTS).encode("utf-16"),
        (json.dumps(OBJECTS[:4]) + "\n" + json.dumps(OBJECTS[4:])).encode(),
    ],
)
def test_the_objects_of_an_array_are_samples_numbered_from_one(content: bytes, tmp_path: Path) -> None:
    rows = read(tmp_path, content)
    assert [(row["uri"], row["text"], row["error"]) for row in rows] == [
        (f"a.json#{number}", str(item["text"]), None) for number, item in enumerate(OBJECTS, start=1)
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'[{"text": "one"}, {"text": "two"', "breaks off after row 1 (the JSON array is not closed at the end of"),
        (b'[{"text": "one"},', "breaks off after row 1 (the JSON array is not closed at the end of the file, after 1"),
        (b'[{"text": "one"}] more', "breaks off after row 1 (something stands outside the JSON array, after 1 items)"),
        (b'[{"text": "one"}] ] [', "breaks off after row 1 ("),
    ],
)
def test_an_array_that_breaks_off_says_where(content: bytes, expected: str, tmp_path: Path) -> None:
    rows = read(tmp_path, content)
    assert [row["text"] for row in rows if row["is_readable"]] == ["one"]
    (broken,) = [row for row in rows if not row["is_readable"]]
    assert broken["error"].startswith(expected)


def test_an_item_that_is_no_object_or_too_large_is_one_unreadable_row(tmp_path: Path) -> None:
    items = b'[{"text": "one"}, 5, {"text": "' + b"x" * 200_000 + b'"}, {"text": "four"}]'
    errors = [row["error"] for row in read(tmp_path, items, max_sample_bytes=1000)]
    assert errors[0] is errors[3] is None
    assert errors[1] == "a.json line 2 holds a JSON int, not an object with named columns"
    assert errors[2].startswith("a.json line 3 has 200012 bytes, max_sample_bytes is 1000")


def test_lines_that_are_arrays_are_no_array_of_objects() -> None:
    for content, expected in ((b"[1, 2]\n[3]\n", False), (b'{"a": [{}]}', False), (b' [ {"a": 1}]', True)):
        assert is_json_array(io.BufferedReader(io.BytesIO(content))) is expected  # type: ignore[type-var]


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), min_size=1, max_size=5), st.booleans())
def test_any_array_is_split_into_its_items_wherever_pieces_end(items: list[Any], is_indented: bool) -> None:
    content = json.dumps(items, indent=1 if is_indented else None).encode()
    size = line_records._PIECE_BYTES
    try:
        line_records._PIECE_BYTES = 3
        stream = io.BufferedReader(io.BytesIO(content))  # type: ignore[type-var]
        records = list(read_json_arrays(stream, 10_000))
    finally:
        line_records._PIECE_BYTES = size
    assert [json.loads(record.content or b"") for record in records] == items
