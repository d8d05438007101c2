import random

import pytest

from data_engine.indexing.documents.layout import Box, reading_order
from data_engine.indexing.documents.parts import text_of

LEFT = ["Left column one is", "here and goes on to", "its third line here", "where it ends."]
RIGHT = ["Right column begins", "on the other side &", "it has a third line", "and a fourth one."]


def _box(x: float, y: float, text: str) -> Box:
    return Box(x, y, x + 5 * len(text), y + 10, text)


def _column(x: float, top: float, texts: list[str]) -> list[Box]:
    return [_box(x, top - 12 * number, text) for number, text in enumerate(texts)]


@pytest.mark.parametrize("seed", range(3))
def test_columns_are_read_one_after_the_other_below_what_spans_them(seed: int) -> None:
    title, note = _box(50, 700, "A title that spans " * 2 + "both"), _box(50, 400, "A note below " * 3 + "both")
    boxes = [title, *_column(50, 650, LEFT), *_column(200, 650, RIGHT), note]
    random.Random(seed).shuffle(boxes)
    text = " ".join(text_of([reading_order(boxes)]).split())
    assert text == " ".join([title.text, *LEFT, *RIGHT, note.text])


def test_the_rows_of_a_table_are_not_torn_apart() -> None:
    boxes = [
        _box(x, 700 - 12 * row, f"{name}{row}") for row in range(5) for x, name in ((50, "a"), (150, "b"), (250, "c"))
    ]
    assert text_of([reading_order(boxes)]).splitlines() == [f"a{row} b{row} c{row}" for row in range(5)]


def test_lines_that_were_full_are_joined_and_those_that_end_on_purpose_are_not() -> None:
    full = "A line that is full of words and ends where the page does"
    lines = [full, full[:-3] + "so.", "Short end.", "Next sentence of this paragraph which is full again, now"]
    assert text_of([reading_order(_column(50, 700, lines))]).splitlines() == [" ".join(lines[:3]), lines[3]]


def test_a_wider_distance_begins_a_paragraph() -> None:
    boxes = [*_column(50, 700, LEFT), *_column(50, 640, RIGHT)]
    assert text_of([reading_order(boxes)]) == " ".join(LEFT) + "\n\n" + " ".join(RIGHT)


@pytest.mark.parametrize("hyphen", ["-", "\u00ad", "\ufffe"])
def test_a_word_that_the_end_of_a_line_hyphenates_is_made_whole(hyphen: str) -> None:
    boxes = _column(50, 700, [f"the long line has an exam{hyphen}", "ple in it, with Jean-", "Paul in the last line"])
    assert text_of([reading_order(boxes)]) == "the long line has an example in it, with Jean- Paul in the last line"


def test_entries_of_lists_and_of_a_table_of_contents_begin_lines() -> None:
    boxes = _column(
        50,
        700,
        [
            "• first entry which is long",
            "• second entry which is so",
            "Introduction . . . . . . . 3",
            "Methods . . . . . . . . . 14",
        ],
    )
    lines = text_of([reading_order(boxes)]).splitlines()
    assert lines == ["• first entry which is long", "• second entry which is so Introduction 3", "Methods 14"]


def test_a_page_without_text_has_no_lines() -> None:
    assert reading_order([]) == reading_order([Box(1, 1, 2, 2, " ")]) == ()
