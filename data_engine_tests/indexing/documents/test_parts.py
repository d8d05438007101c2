from data_engine.indexing.documents.parts import Line, lines_of, text_of


def test_a_plain_text_keeps_its_lines_and_paragraphs() -> None:
    assert text_of([lines_of("one\ntwo  \n\n\nthree\n")]) == "one\ntwo\n\nthree"


def test_a_sentence_that_goes_on_over_the_end_of_a_page_stays_one() -> None:
    first, second, third = ([Line(text)] for text in ("it goes", "on here.", "A new one"))
    assert text_of([first, second, third]) == "it goes on here.\n\nA new one"


def test_pages_without_lines_leave_nothing_behind() -> None:
    assert text_of([[], [Line("a.")], [], [Line("b")]]) == "a.\n\nb"
