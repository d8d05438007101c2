from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.filtering.page_content.line_classifier import LineClassifier, fit_line_classifier
from data_engine.filtering.page_content.line_words import LineWords, fit_line_words, hashed_words
from data_engine.filtering.page_content.lines import content_lines, line_features, lines_of

PAGE = """  * Home
  * Subscribe to our newsletter

# The cat sat on the mat

The cat, which was black, sat down on a mat that
somebody had left there.

## Later

It stayed there until the evening, and then it went home.
We use cookies on this site, and you agree to that by reading it.
Copyright 2024
"""


def test_wrapped_lines_are_one_and_bullets_and_headings_stand_alone() -> None:
    assert lines_of(PAGE)[:5] == [
        "* Home",
        "* Subscribe to our newsletter",
        "# The cat sat on the mat",
        "The cat, which was black, sat down on a mat that somebody had left there.",
        "## Later",
    ]
    assert lines_of("") == lines_of(" \n\n") == []


def test_rules_keep_sentences_and_headings_between_them_and_drop_menus_and_notices() -> None:
    lines = lines_of(
        "Home\n\nThe cat sat on the mat.\n\nLater\n\nThen it went home again.\n\nSee our privacy policy now."
    )
    assert content_lines(lines).tolist() == [False, True, True, True, False]


def test_the_example_of_the_page_about_lines_holds() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "lines.md").read_text("utf-8")
    exec(page.split("```python\n")[1].split("```")[0], {})


def test_a_gap_of_three_lines_is_not_bridged() -> None:
    sentence = "The cat sat on the mat."
    assert content_lines([sentence, "a", "b", sentence]).all()
    assert content_lines([sentence, "a", "b", "c", sentence]).tolist() == [True, False, False, False, True]


@pytest.mark.parametrize("lines", [[], ["one"], ["# a", "b", "", "\u4f60\u597d\u3002"] * 9])
def test_features_are_finite_and_the_same_again(lines: list[str]) -> None:
    features = line_features(lines)
    assert features.shape == (len(lines), 151)
    assert np.isfinite(features).all()
    assert (features == line_features(lines)).all()
    assert len(content_lines(lines)) == len(lines)


def pages(n: int) -> tuple[list[list[str]], list[list[bool]]]:
    generator = np.random.default_rng(0)
    words = ["cat", "mat", "black", "evening", "house", "garden", "slowly", "again", "the", "of", "and"]

    def sentence() -> str:
        return f"The {' '.join(generator.choice(words, 12))}."

    made = []
    for page in range(n):
        menu = [f"Menu {name}" for name in generator.choice(words, 5)]
        made.append([*menu, *(sentence() for _ in range(4 + page % 3)), "Share", *menu])
    return made, [[line.startswith("The ") for line in page] for page in made]


@pytest.fixture(scope="module")
def classifier() -> LineClassifier:
    return fit_line_classifier(*pages(12), seed=0)


def test_what_pages_teach_is_found_on_other_pages(classifier: LineClassifier) -> None:
    texts, marks = pages(14)
    assert [classifier.keep(page).tolist() for page in texts[12:]] == marks[12:]
    assert classifier.keep([]).tolist() == []
    assert not replace(classifier, threshold=99.0).keep(texts[12]).any()


def test_a_classifier_survives_its_bytes_and_is_the_same_again(classifier: LineClassifier) -> None:
    page = pages(13)[0][12]
    assert (LineClassifier.from_bytes(classifier.to_bytes()).score(page) == classifier.score(page)).all()
    assert (fit_line_classifier(*pages(12), seed=0).score(page) == classifier.score(page)).all()
    with pytest.raises(InvalidInput, match="the 3 bytes are no line classifier"):
        LineClassifier.from_bytes(b"abc")
    with np.load(BytesIO(classifier.to_bytes())) as archive:
        kept = {name: archive[name] for name in archive.files}
    older, part = BytesIO(), BytesIO()
    np.savez(older, **{**kept, "numbers": np.array([1.0, 0.5])})
    np.savez(part, **{name: values for name, values in kept.items() if name != "roots"})
    with pytest.raises(InvalidInput, match="has format 1, this code reads 2; fit it again"):
        LineClassifier.from_bytes(older.getvalue())
    with pytest.raises(InvalidInput, match="are no line classifier"):
        LineClassifier.from_bytes(part.getvalue())


def test_a_line_with_half_a_character_is_scored(classifier: LineClassifier) -> None:
    assert classifier.score(["The cat \ud800 sat.", "Share"]).shape == (2,)


def test_too_little_to_learn_from_is_refused() -> None:
    few, marks = pages(9)
    with pytest.raises(NotEnoughData, match="there are 9 pages with 45 lines of content and 99 others"):
        fit_line_classifier(few, marks, seed=0)
    with pytest.raises(InvalidInput, match="give one mark per line"):
        fit_line_classifier(few, marks[:-1], seed=0)


def test_words_that_stand_in_content_score_above_those_of_menus() -> None:
    lines = ["the cat sat", "the cat ran", "share this", "share that"]
    marks, folds = np.array([True, True, False, False]), np.array([0, 1, 0, 1])
    words, unseen = fit_line_words(lines, marks, folds, seed=0)
    assert (words.score(["the cat slept", "share it"]) > 0).tolist() == [True, False]
    assert ((unseen > 0) == marks).all()


def test_where_all_lines_are_of_one_kind_words_say_nothing() -> None:
    words = LineWords.fit(hashed_words(["a b", "c d"]), np.array([True, True]), seed=0)
    assert words.score(["a b", "share this"]).tolist() == [0.0, 0.0]
