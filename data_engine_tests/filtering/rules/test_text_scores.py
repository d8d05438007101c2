"""Scores beside those that the rules' own cases count: where they do not apply, and languages."""

from collections.abc import Callable

import pytest

from data_engine.filtering.rules import text_scores
from data_engine.filtering.rules.document import Document
from data_engine.filtering.rules.text_scores import language_probability, letter_share, link_share, wanted_language


@pytest.mark.parametrize(
    ("score", "of_nothing"),
    [
        (text_scores.n_chars, 0),
        (text_scores.n_words, 0),
        (text_scores.n_sentences, 0),
        (text_scores.stop_words, 0),
        (text_scores.lorem_ipsum, 0),
        (text_scores.curly_braces, 0),
        (text_scores.letter_share, None),
        (text_scores.mean_word_length, None),
        (text_scores.symbols_per_word, None),
        (text_scores.alphabetic_words, None),
        (text_scores.bullet_lines, None),
        (text_scores.ellipsis_lines, None),
        (text_scores.terminal_lines, None),
        (text_scores.short_lines, None),
        (text_scores.boilerplate_lines, None),
        (text_scores.javascript_lines, None),
        (text_scores.link_share, None),
        (text_scores.language_probability, None),
    ],
)
def test_a_text_of_nothing_has_counts_of_zero_and_no_shares(
    score: Callable[[Document], float | None], of_nothing: float | None
) -> None:
    assert score(Document(" \n ")) == of_nothing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see http://a.b/c", 12 / 15),
        ("www.a.b and HTTPS://C", (7 + 9) / 19),
        ("[text](page)", 7 / 12),
        ("no link at all", 0.0),
    ],
)
def test_addresses_and_links_count_by_their_characters(text: str, expected: float) -> None:
    assert link_share(Document(text)) == pytest.approx(expected)


def test_letters_of_any_script_are_letters() -> None:
    assert letter_share(Document("\u0436 \u4e00 9")) == 2 / 3


def test_languages_that_are_wanted_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Document, "languages", {"de": 0.5, "nl": 0.25, "en": 0.125})
    assert language_probability(Document("x")) == 0.5
    assert wanted_language(Document("x"), frozenset({"en", "nl", "fr"})) == 0.375
    monkeypatch.setattr(Document, "languages", {})
    assert wanted_language(Document("x"), frozenset({"en"})) is None
