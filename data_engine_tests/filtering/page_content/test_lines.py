from pathlib import Path

import numpy as np
import pytest

from data_engine.filtering.page_content.lines import content_lines, line_features, lines_of, marked_lines

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


def test_a_line_is_marked_when_a_part_of_it_is_content_by_its_number_in_the_text() -> None:
    lines, marks = marked_lines(PAGE, {4, 7, 11})
    assert lines == lines_of(PAGE)
    assert [line.split(",")[0] for line, is_content in zip(lines, marks, strict=True) if is_content] == [
        "# The cat sat on the mat",
        "The cat",
        "It stayed there until the evening",
    ]
    assert marked_lines("", {1}) == ([], [])


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
