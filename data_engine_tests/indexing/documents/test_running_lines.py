from data_engine.indexing.documents.parts import Line
from data_engine.indexing.documents.running_lines import without_running_lines


def _pages(*texts: str) -> list[list[Line]]:
    return [[Line(line) for line in text.split("|")] for text in texts]


def _kept(pages: list[list[Line]]) -> list[str]:
    return ["|".join(line.text for line in page) for page in without_running_lines(pages)]


def test_headers_footers_and_page_numbers_go_and_the_content_stays() -> None:
    pages = _pages(
        *(
            f"The Journal {number}|Content of {name}|more {name}|Page {number} of 4"
            for number, name in enumerate("abcd", 1)
        )
    )
    assert _kept(pages) == [f"Content of {name}|more {name}" for name in "abcd"]


def test_left_and_right_pages_may_have_headers_of_their_own() -> None:
    pages = _pages(*(f"{'Author' if number % 2 else 'Title'}|content {name}" for number, name in enumerate("abcdef")))
    assert _kept(pages) == [f"content {name}" for name in "abcdef"]


def test_a_header_of_two_pages_is_known_by_the_number_that_counts_them() -> None:
    assert _kept(_pages("begin", "Chapter 2 of Ants 14|ants", "Chapter 2 of Ants 15|bees", "end")) == [
        "begin",
        "ants",
        "bees",
        "end",
    ]
    same = _pages("Chapter 2|ants", "Chapter 2|bees", "end")
    assert _kept(same) == ["|".join(line.text for line in page) for page in same]


def test_roman_numbers_count_pages_too() -> None:
    assert _kept(_pages("a|i", "b|ii", "c|iii")) == ["a", "b", "c"]


def test_pages_of_nothing_else_become_empty_and_none_are_lost() -> None:
    assert _kept(_pages("H 1", "H 2", "H 3|text")) == ["", "", "text"]
    assert without_running_lines([]) == []


def test_lines_that_differ_by_other_numbers_are_content() -> None:
    pages = _pages("Total 512|a|Page 1", "Total 77|b|Page 2", "Total 13|c|Page 3", "Total 40|d|Page 4")
    assert _kept(pages) == ["Total 512|a", "Total 77|b", "Total 13|c", "Total 40|d"]
