import csv
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.records.csv_quotes import Quotes
from data_engine.indexing.source import Batches, Source


def read(folder: Path, content: str) -> list[dict[str, Any]]:
    (folder / "a.csv").write_bytes(content.encode())
    source = Source(kind="csv", path=str(folder))
    (files,) = list_batches(source, Batches(), folder).values()
    rows: list[dict[str, Any]] = read_batch(source, files, batch="b", modality="text").to_pylist()
    return rows


def rows_with(faults: dict[int, str], n: int = 30) -> str:
    rows = [faults.get(number, f"text number {number}") + f"\t{'ab'[number % 2]}" for number in range(n)]
    return "text\tlabel\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({10: '"Herbs', 20: '"Roses and'}, "text follows a closing quote within the 11 lines that a quote in line 12"),
        ({10: '"Herbs', 20: 'said "stop" and'}, "text follows a closing quote within the 11 lines that a quote in"),
        ({10: '"Herbs', 20: 'a board of 12"'}, "a quote in line 12 takes in 11 lines that are whole rows; close or"),
        ({10: '"Herbs'}, "line 12 opens a quote that is never closed, and it takes in all 20 lines from there to the"),
    ],
)
def test_a_stray_quote_never_swallows_rows_in_silence(faults: dict[int, str], expected: str, tmp_path: Path) -> None:
    rows = read(tmp_path, rows_with(faults))
    assert {row["text"] for row in rows if row["is_readable"]} == {f"text number {number}" for number in range(10)}
    (broken,) = [row for row in rows if not row["is_readable"]]
    assert broken["error"].startswith(f"breaks off after row 10 ({expected}")


def test_texts_of_several_lines_are_read(tmp_path: Path) -> None:
    poem = '"Roses, red\nviolets, blue\nand ""so"" on",a'
    rows = read(tmp_path, f"text,label\none,a\ntwo,b\n{poem}\nfour,b\n")
    assert [row["text"] for row in rows] == ["one", "two", 'Roses, red\nviolets, blue\nand "so" on', "four"]


def test_line_ends_of_old_files_are_line_ends_and_a_mixture_is_named(tmp_path: Path) -> None:
    rows = read(tmp_path, 'text,label\rone,a\r"two\rlines",b\rthree,c')
    assert [row["text"] for row in rows] == ["one", "two\nlines", "three"]
    rows = read(tmp_path, "text,label\none,a\ntwo,b\rthree,c\nfour,d\n")
    assert [row["text"] for row in rows if row["is_readable"]] == ["one"]
    error = next(row["error"] for row in rows if not row["is_readable"])
    assert "line 3 holds a carriage return outside quotes; write the file with one kind of line ends" in error


def test_a_file_without_a_row_is_a_row_that_says_so(tmp_path: Path) -> None:
    for content in ("text,label\n", "text,label"):
        (row,) = read(tmp_path, content)
        assert row["error"] == "gives nothing: the file holds no rows; remove it or fetch it again"


FIELDS = st.text(alphabet='ab ,"\n', max_size=12)


@given(st.lists(st.tuples(FIELDS, st.sampled_from(["x", "y"])), min_size=1, max_size=8))
def test_what_is_written_by_the_standard_and_spans_lines_with_other_ends_has_no_fault(
    rows: list[tuple[str, str]],
) -> None:
    quotes = Quotes(",", 2)
    for number, (text, label) in enumerate(rows):
        quoted = text.replace('"', '""')
        said = quotes.fault(f'"{quoted}",{label}', number)
        # Only lines that each look like a whole row are doubted.
        assert said is None or all(line.count(",") == 1 for line in f"{text},{label}".splitlines())


def test_a_stray_quote_is_seen_wherever_the_columns_are_that_other_rows_share(tmp_path: Path) -> None:
    def rows(line: Callable[[int, str], str], stray: int) -> str:
        texts = {stray: '"Herbs', stray + 10: 'a board of 12"'}
        lines = [line(number, texts.get(number, f"text number {number}")) for number in range(40)]
        return "\n".join(lines) + "\n"

    layouts: dict[str, Callable[[int, str], str]] = {
        "label,text": lambda number, text: f"{'ab'[number % 2]},{text}",
        "id,text": lambda number, text: f"{1000 + number},{text}",
        "text,day": lambda number, text: f"{text},2024-01-{number % 28 + 1:02}",
        "id,label,text": lambda number, text: f"n{number},{'ab'[number % 2]},{text}",
    }
    for header, line in layouts.items():
        for stray in (0, 1, 12):
            found = read(tmp_path, f"{header}\n" + rows(line, stray))
            errors = [row["error"] for row in found if not row["is_readable"]]
            assert len(errors) == 1, (header, stray, errors)
            assert f"a quote in line {stray + 2} takes in 11 lines that are whole rows" in errors[0]


def test_texts_of_several_lines_with_commas_of_their_own_are_read(tmp_path: Path) -> None:
    cities = '"Cities:\nAustin, TX\nDallas, TX\nHouston, TX\nPlano, TX\nWaco, TX"'
    content = "id,text\n" + "".join(f"{number},{cities}\n{number + 100},one line\n" for number in range(30))
    assert [row["error"] for row in read(tmp_path, content) if row["error"]] == []
    two = "text,label\n" + '"Roses, red\nviolets blue",a\none,a\n' * 30
    assert next(row["text"] for row in read(tmp_path, two)) == "Roses, red\nviolets blue"


def test_a_text_that_only_begins_with_a_quoted_word_is_read_as_it_stands_and_says_so(tmp_path: Path) -> None:
    content = 'text,label\nplain,a\n"Stop" he said,a\n"He said \\"hi\\"",b\n"Stop, now" he said,a\n'
    rows = read(tmp_path, content)
    assert [row["text"] for row in rows] == ["plain", '"Stop" he said', '"He said \\"hi\\""', None]
    notes = [json.loads(row["metadata"]).get("quotes") for row in rows]
    assert notes == [None, *["as they stand: text follows a closing one"] * 2, None]
    assert rows[3]["error"] == "a.csv line 5: text follows a closing quote; double or remove the quotes within fields"


@given(
    st.lists(st.tuples(st.integers(0, 10**6), FIELDS, st.sampled_from(["x", "y"])), min_size=1, max_size=30),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_standard_library_writes_comes_back_as_it_was(
    rows: list[tuple[int, str, str]], delimiter: str, end: str
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end)
    writer.writerows([("id", "text", "label"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        found = read(Path(folder), stream.getvalue())
    doubted = [row["error"] for row in found if row["error"]]
    assert all("that are whole rows" in error for error in doubted)
    if not doubted:
        expected = [text.strip() for _, text, _ in rows]
        assert sorted(row["text"] for row in found) == sorted(expected)
