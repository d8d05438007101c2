import gzip
import json
import os
import tracemalloc
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
from PIL import Image

from data_engine.errors import SourceError
from data_engine.indexing import list_batches, read_batch, row_files, sample_id_of_text
from data_engine.indexing.source import Batches, Source


def read(path: Path, content: bytes | None = None, modality: Any = "text", **settings: Any) -> list[dict[str, Any]]:
    if content is not None:
        path.write_bytes(content)
    source = Source(kind=path.suffix[1:], path=str(path), **settings)
    (files,) = list_batches(source, Batches(), path.parent).values()
    return read_batch(source, files, batch="b", modality=modality).to_pylist()


def test_a_jsonl_row_is_a_sample_with_its_line_number(tmp_path: Path) -> None:
    lines = b'{"text": " one\\r\\n", "id": 5, "lang": "en", "score": NaN}\n\n{"text": null, "id": null}\r\n{"text": 3}'
    rows = read(tmp_path / "a.jsonl", lines)
    assert [(row["uri"], row["text"]) for row in rows] == [("a.jsonl#1", "one"), ("a.jsonl#3", ""), ("a.jsonl#4", "3")]
    assert json.loads(rows[0]["metadata"]) == {"id": 5, "lang": "en", "score": None}
    assert rows[0]["sample_id"] == sample_id_of_text("one")
    assert rows[0]["n_bytes"] == 6


def test_the_id_column_of_rows_becomes_the_source_id(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.jsonl", b'{"text": "one", "id": 5}\n{"text": "two", "id": null}\n', id_column="id")
    assert [(row["source_id"], row["metadata"]) for row in rows] == [("5", "{}"), (None, "{}")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"text": "a"', "a.jsonl line 2 is not JSON: Expecting ',' delimiter at character 13"),
        (b"[1]", "a.jsonl line 2 holds a JSON list, not an object with named columns"),
        (b'{"txt": "a"}', "row 2 has no column 'text', only 'txt'"),
        (b'{"text": true}', "column 'text' holds a bool in row 2, not a text"),
        (b'{"text": {"a": 1}}', "column 'text' holds a dict in row 2, not a text"),
        (b'{"text": "a\\u0000b, a longer text"}', "row 2: NUL byte at character 2; remove it from the source"),
        (b'{"text": "a\\ud800"}', "row 2: half a surrogate pair at character 2; repair it in the source"),
        (b"\x00\x01\x02\x03", "a.jsonl line 2: binary content"),
        (b"[" * 100_000, "a.jsonl line 2 is not JSON that can be read: "),
        (b"9" * 5000, "a.jsonl line 2 is not JSON that can be read: "),
    ],
)
def test_a_broken_line_is_an_unreadable_sample_and_the_others_are_read(
    tmp_path: Path, line: bytes, expected: str
) -> None:
    first, broken, last = read(tmp_path / "a.jsonl", b'{"text": "one"}\n' + line + b'\n{"text": "three"}\n')
    assert (first["text"], last["text"]) == ("one", "three")
    assert broken["uri"] == "a.jsonl#2"
    assert broken["error"].startswith(expected)
    assert broken["sample_id"] == xxhash.xxh3_128_hexdigest(line + b"\n")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_a_huge_row_is_never_loaded_whole(tmp_path: Path, name: str) -> None:
    huge = b"x" * 20_000_000
    content = {
        "a.jsonl": b'{"text": "one"}\n{"text": "' + huge + b'"}\n{"text": "three"}\n',
        "a.csv": b'text\none\n"' + huge + b'"\nthree\n',
    }[name]
    (tmp_path / name).write_bytes(content)
    tracemalloc.start()
    first, large, last = read(tmp_path / name, max_sample_bytes=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000
    assert (first["text"], last["text"]) == ("one", "three")
    n_bytes = len(content.split(b"\n")[2 if name == "a.csv" else 1]) + 1
    line = 3 if name == "a.csv" else 2
    assert large["error"] == (
        f"{name} line {line} has {n_bytes} bytes, max_sample_bytes is 100000; "
        "split the sample or raise max_sample_bytes"
    )
    assert large["n_bytes"] == n_bytes


def test_rows_in_utf16_and_windows_1252_are_read(tmp_path: Path) -> None:
    text = '{"text": "Größe"}\n{"text": "zwei\u2028drei"}\n'
    (first, second) = read(tmp_path / "a.jsonl", b"\xff\xfe" + text.encode("utf-16-le"))
    assert (first["text"], second["text"]) == ("Größe", "zwei\u2028drei")
    (first,) = read(tmp_path / "b.csv", "text,n\nGröße,1\n".encode("cp1252"))
    assert (first["text"], json.loads(first["metadata"])) == ("Größe", {"n": "1", "encoding": "cp1252"})
    (first,) = read(tmp_path / "c.csv", b"\xef\xbb\xbftext\none\n")
    assert first["text"] == "one"


def test_a_column_that_no_row_has_is_an_error_that_names_what_there_is(tmp_path: Path) -> None:
    expected = r"a\.jsonl has no column 'text', it has 'txt', 'id'; name one of them in the source"
    with pytest.raises(SourceError, match=expected):
        read(tmp_path / "a.jsonl", b'{"txt": "one", "id": 1}\n')
    with pytest.raises(SourceError, match="has no column 'key', it has 'text'"):
        read(tmp_path / "a.csv", b"text\none\n", id_column="key")
    pq.write_table(pa.table({"body": ["one"]}), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="has no column 'text', it has 'body'"):
        read(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="has column 'text' 2 times; keep one"):
        read(tmp_path / "b.csv", b"text,text\none,two\n")
    with pytest.raises(SourceError, match="has no column 'text', it has no columns"):
        read(tmp_path / "c.csv", b"")


def test_csv_rows_are_numbered_from_one_and_quotes_hold_line_ends(tmp_path: Path) -> None:
    content = b'\nid,text,note\n1,"one\nand ""more"", yes",a\n\n2,two,\n3,5" pipe,"x"y\n'
    rows = read(tmp_path / "a.csv", content, id_column="id")
    assert [(row["uri"], row["text"]) for row in rows] == [
        ("a.csv#1", 'one\nand "more", yes'),
        ("a.csv#2", "two"),
        ("a.csv#3", '5" pipe'),
    ]
    assert [row["source_id"] for row in rows] == ["1", "2", "3"]
    assert [json.loads(row["metadata"])["note"] for row in rows] == ["a", "", '"x"y']


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_found_by_the_header(tmp_path: Path, delimiter: str) -> None:
    (row,) = read(tmp_path / "a.csv", f"n{delimiter}text\n1{delimiter}one, two\n".encode())
    assert (row["text"], row["metadata"]) == ("one, two", '{"n": "1"}')


def test_csv_rows_of_another_width_are_unreadable_with_their_line(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", b'text,n\n"a\nb",1\nonly\none,two,three\n')
    assert [row["error"] for row in rows] == [
        None,
        "a.csv line 4 has 1 fields but the header names 2 columns",
        "a.csv line 5 has 3 fields but the header names 2 columns",
    ]


def test_a_quote_that_is_never_closed_is_named_with_its_line(tmp_path: Path) -> None:
    (lost, one) = read(tmp_path / "a.csv", b'text\none\n"two\nthree')
    assert (one["text"], lost["uri"]) == ("one", "a.csv")
    assert lost["error"] == (
        "breaks off after row 1 (line 3 opens a quote that is never closed, and it takes in all 2 lines from there to "
        "the end); what follows is lost: repair the file or fetch it again"
    )
    (lost,) = read(tmp_path / "b.csv", b'text\n"two\n' + b"three\n" * 100, max_sample_bytes=100)
    assert lost["error"].startswith("breaks off after its start (line 2 opens a quote")
    assert "all 101 lines" in lost["error"]


def test_rows_that_a_packed_file_lost_are_one_row_that_says_after_which(tmp_path: Path) -> None:
    lines = b"".join(b'{"text": "%d"}\n' % n for n in range(3000))
    whole = gzip.compress(lines, mtime=0)
    (tmp_path / "a.jsonl").write_bytes(whole[: len(whole) // 2])
    *lost, last = sorted(read(tmp_path / "a.jsonl"), key=lambda row: int(row["uri"].partition("#")[2] or 0))
    assert [row["uri"] for row in lost if not row["is_readable"]] == ["a.jsonl"]
    assert 0 < len(lost) <= 3000
    number = last["uri"].partition("#")[2]
    assert lost[0]["error"].startswith(f"breaks off after row {number} (Compressed file ended")
    assert [row["text"] for row in (*lost[1:], last)] == [str(n) for n in range(int(number))]


def test_columns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (row,) = read(tmp_path / "a.csv", b"text,n,n\none,1,2\n")
    assert json.loads(row["metadata"]) == {"n": "1", "n.3": "2"}


def test_parquet_rows_keep_their_other_columns_as_json(tmp_path: Path) -> None:
    columns = {
        "text": ["one", None, "x" * 50],
        "when": [datetime(2024, 1, 31), None, None],
        "amount": [Decimal("1.50"), None, None],
        "blob": [b"\x01\xff", b"y" * 2000, None],
        "tags": [["a"], [], None],
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    first, second, large = read(tmp_path / "a.parquet", max_sample_bytes=20)
    assert (first["text"], second["text"]) == ("one", "")
    assert json.loads(first["metadata"]) == {
        "when": "2024-01-31T00:00:00",
        "amount": "1.50",
        "blob": "01ff",
        "tags": ["a"],
    }
    assert json.loads(second["metadata"])["blob"] == "<2000 bytes>"
    assert large["error"].startswith("a.parquet row 3 has 50 bytes, max_sample_bytes is 20")
    assert large["sample_id"] == xxhash.xxh3_128_hexdigest(b"x" * 50)


def test_a_file_that_is_no_parquet_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a\.parquet cannot be read as Parquet: .*repair or remove it"):
        read(tmp_path / "a.parquet", b"no parquet")


def test_only_rows_with_a_wanted_column_true_are_read(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", b"text,good\none,TRUE\ntwo,0\nthree,\nfour,yes\n", keep_where_any=("good",))
    assert [row["uri"] for row in rows] == ["a.csv#1", "a.csv#4"]


def test_rows_can_name_images(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    Image.new("L", (4, 3)).save(tmp_path / "sub" / "p.png")
    lines = b'{"file": "sub/p.png", "label": "x"}\n{"file": "gone.png"}\n{"file": null}\n{"file": "a\\u0000b"}\n'
    rows = read(tmp_path / "a.jsonl", lines, modality="image", path_column="file")
    assert (rows[0]["width_px"], rows[0]["height_px"], rows[0]["media_type"]) == (4, 3, "image/png")
    assert json.loads(rows[0]["metadata"]) == {"file": "sub/p.png", "label": "x"}
    assert rows[0]["sample_id"] == xxhash.xxh3_128_hexdigest((tmp_path / "sub" / "p.png").read_bytes())
    assert rows[1]["error"] == "row 2 names file 'gone.png', which is not beside a.jsonl"
    assert rows[2]["error"] == "column 'file' holds no path in row 3"
    assert rows[3]["error"].startswith("row 4 names file 'a\\x00b'")
    with pytest.raises(SourceError, match="name the column that holds their paths in path_column"):
        read(tmp_path / "a.jsonl", modality="image")


def test_same_input_gives_the_same_table(tmp_path: Path) -> None:
    content = b"".join(b'{"text": "%d"}\n' % number for number in range(50))
    assert read(tmp_path / "a.jsonl", content) == read(tmp_path / "a.jsonl")


def test_a_text_that_is_no_number_is_empty(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.jsonl", b'{"text": NaN}\n{"text": "nan"}\n{"text": 1.5}\n')
    assert [row["text"] for row in rows] == ["", "nan", "1.5"]


def test_a_column_that_a_row_names_twice_is_kept_twice(tmp_path: Path) -> None:
    (row,) = read(tmp_path / "a.jsonl", b'{"text": "one", "x": 1, "x": 2, "text": "two"}\n')
    assert (row["text"], json.loads(row["metadata"])) == ("one", {"x": 1, "x.3": 2, "text.4": "two"})


def test_a_file_without_rows_says_so(tmp_path: Path) -> None:
    for content in (b"", b"\n\n"):
        (row,) = read(tmp_path / "a.jsonl", content)
        assert row["error"] == "gives nothing: the file holds no rows; remove it or fetch it again"


def test_a_row_cannot_name_a_pipe_a_link_that_leads_out_or_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("L", (4, 3)).save(tmp_path / "secret.png")
    Image.new("L", (4, 3)).save(tmp_path / "in" / "fine.png")
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(tmp_path / "in" / "pipe.png")
    names = ["link.png", "pipe.png", "x" * 300, "fine.png"]
    lines = "".join(json.dumps({"file": name}) + "\n" for name in names).encode()
    rows = read(tmp_path / "in" / "a.jsonl", lines, modality="image", path_column="file")
    assert rows[0]["error"].startswith("row 1: file 'link.png' is a link that leads out of the source, to ")
    assert rows[1]["error"] == "row 2 names file 'pipe.png', which is not beside a.jsonl"
    assert rows[2]["error"].startswith("row 3 names file 'xxxx")
    assert rows[2]["error"].endswith("and no file can be called so")
    assert rows[3]["is_readable"]


def test_what_nobody_foresaw_holds_its_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_bytes(b'{"text": "one"}\n{"text": "two"}\n')
    source = Source(kind="jsonl", path=str(tmp_path))
    (files,) = list_batches(source, Batches(), tmp_path).values()
    decode = row_files.decode

    def fail(content: bytes) -> Any:
        if b"two" in content and not failed:
            failed.append(content)
            raise ZeroDivisionError("by zero")
        return decode(content)

    failed: list[bytes] = []
    monkeypatch.setattr(row_files, "decode", fail)
    rows = read_batch(source, files, batch="b", modality="text").to_pylist()
    assert [row["uri"] for row in rows if row["is_readable"]] == ["a.jsonl#1", "b.jsonl#1", "b.jsonl#2"]
    error = next(row["error"] for row in rows if not row["is_readable"])
    assert error.startswith("breaks off after a.jsonl#1 (its reader failed: ZeroDivisionError: by zero); ")
