"""Lines and records of files, each with the number of its first line, from 1."""

import csv
import gzip
import io
from pathlib import Path

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from data_engine.indexing.line_records import Record, read_csv_records, read_lines, split_fields
from data_engine.indexing.source_files import open_file


def _buffered(content: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(content))  # type: ignore[arg-type]


def _lines(content: bytes, max_bytes: int = 100) -> list[Record]:
    return list(read_lines(_buffered(content), max_bytes))


def _records(content: bytes, delimiter: str = ",") -> list[tuple[int, bytes | None, int, bool]]:
    found = read_csv_records(_buffered(content), 100, delimiter)
    return [(record.line, record.content, record.n_lines, record.is_closed) for record in found]


def test_lines_are_numbered_from_one_and_lose_their_ends() -> None:
    found = _lines(b"one\r\n\ntwo\nthree")
    assert [(record.line, record.content) for record in found] == [(1, b"one"), (2, b""), (3, b"two"), (4, b"three")]
    assert {record.n_lines for record in found} == {1}
    assert _lines(b"") == []


def test_a_line_above_the_limit_keeps_its_size_and_hash_but_not_its_content() -> None:
    at, above = _lines(b"12345\n123456\n", max_bytes=5)
    assert (at.content, at.n_bytes) == (b"12345", 5)
    assert (above.content, above.n_bytes) == (None, 7)
    assert above.digest == xxhash.xxh3_128_hexdigest(b"123456\n")


def test_a_line_larger_than_what_is_read_at_once_is_one_record() -> None:
    (long, after) = _lines(b"x" * 200_000 + b"\nafter", max_bytes=1_000_000)
    assert (long.n_bytes, long.n_lines, after.line) == (200_000, 1, 2)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_lines_of_files_with_a_byte_order_mark_become_utf8(encoding: str) -> None:
    assert [record.content for record in _lines("Brot\nBäcker".encode(encoding))] == [b"Brot", "Bäcker".encode()]


def test_a_csv_record_goes_on_over_line_ends_within_quotes() -> None:
    assert _records(b'a,"one\ntwo",b\nc,d\n') == [(1, b'a,"one\ntwo",b', 2, True), (3, b"c,d", 1, True)]


def test_quotes_within_a_field_open_nothing_and_doubled_ones_close_nothing() -> None:
    assert _records(b'5" disc\n"say ""hi""\nthere"\n') == [
        (1, b'5" disc', 1, True),
        (2, b'"say ""hi""\nthere"', 2, True),
    ]
    assert _records(b'a;"b\nc"\n', ";") == [(1, b'a;"b\nc"', 2, True)]


def test_a_file_that_ends_within_quotes_says_so() -> None:
    assert _records(b'a\n"b\nc\n') == [(1, b"a", 1, True), (2, b'"b\nc', 2, False)]


def test_packed_files_are_read_as_if_they_were_not(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    with open_file(tmp_path / "a.gz") as stream:
        assert [record.content for record in read_lines(stream, 100)] == [b"one", b"two"]


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ("a,b", ["a", "b"]),
        ("", [""]),
        ("a,", ["a", ""]),
        ('"a,b",c', ["a,b", "c"]),
        ('"say ""hi""",c', ['say "hi"', "c"]),
        ('"a"b,c', ["ab", "c"]),
        ('"never closed,c', ["never closed,c"]),
        ('5" disc,c', ['5" disc', "c"]),
    ],
)
def test_a_record_is_split_at_delimiters_outside_quotes(record: str, fields: list[str]) -> None:
    assert split_fields(record, ",") == fields


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0")), min_size=1, max_size=5))
def test_fields_written_by_the_csv_module_are_read_back(fields: list[str]) -> None:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(fields)
    assert split_fields(stream.getvalue(), ",") == fields


def test_line_ends_that_were_written_twice_are_line_ends() -> None:
    content = b'a,b\r\r\n"x\r\ny",z\r\r\n'
    assert [record.content for record in read_csv_records(_buffered(content), 100, ",")] == [b"a,b", b'"x\r\ny",z']
