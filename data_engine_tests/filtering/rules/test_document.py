import pytest

from data_engine.filtering.rules import languages
from data_engine.filtering.rules.document import (
    Document,
    duplicate_chars_share,
    duplicate_ngram_share,
    duplicate_share,
    top_ngram_share,
)


def test_a_text_is_cut_into_words_lines_and_paragraphs_without_its_margins() -> None:
    document = Document("  One two,\n three  \n \n\tFour!\n")
    assert document.text == "One two,\n three  \n \n\tFour!"
    assert document.words == ["One", "two,", "three", "Four!"]
    assert document.lines == ["One two,", "three", "Four!"]
    assert document.paragraphs == ["One two,\n three", "Four!"]
    assert (document.n_solid, document.n_letters, document.n_sentences) == (17, 15, 1)
    assert document.lower_text == "one two,\n three  \n \n\tfour!"


def test_a_text_of_white_space_has_nothing() -> None:
    document = Document(" \n ")
    assert (document.words, document.lines, document.paragraphs) == ([], [], [])
    assert (document.n_sentences, document.n_solid) == (0, 0)


def test_a_run_of_marks_that_ends_nothing_is_no_sentence() -> None:
    texts = ["Wait...what", "...", 'a.")b', "\u4e00\u3002\u3002x"]
    assert [Document(text).n_sentences for text in texts] == [1, 1, 1, 3]


def test_the_language_is_known_only_once_somebody_has_asked_for_the_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "probabilities_of", lambda _: {"de": 0.75, "nl": 0.25})
    document = Document("Guten Abend")
    assert document.language is None
    assert document.languages == {"de": 0.75, "nl": 0.25}
    assert document.language == "de"


def test_a_filter_that_learns_is_asked_for_its_own_rule_alone() -> None:
    document = Document(" text ", {"perplexity": len})
    assert document.learned_score("perplexity") == 4
    assert document.learned_score("content_share") is None


def test_repeated_words_and_places_of_repeated_ngrams() -> None:
    document = Document("a b c a b d a")
    assert document.repeated_words == {"a", "b"}
    assert document.repeated_starts[2] == [0, 3]
    assert document.repeated_starts[3] == []
    assert Document("a b c").repeated_words == frozenset()


def test_shares_of_repeated_parts() -> None:
    assert duplicate_share(["a", "b", "a", "a"]) == 2 / 4
    assert duplicate_chars_share(["aaa", "b", "aaa"]) == pytest.approx(3 / 7)
    assert (duplicate_share([]), duplicate_chars_share([]), duplicate_chars_share([""])) == (None, None, None)


def test_shares_of_ngrams_count_a_character_once() -> None:
    # `a b` twice is 4 of 6 solid characters; `a a a` is two overlapping `a a`, 3 of 4.
    assert top_ngram_share(Document("a b c a b d"), 2) == 4 / 6
    assert top_ngram_share(Document("a a a b"), 2) == 3 / 4
    assert duplicate_ngram_share(Document("a a a b"), 2) == 3 / 4
    assert (top_ngram_share(Document("a b c"), 2), top_ngram_share(Document("a"), 2)) == (0, None)
    assert duplicate_ngram_share(Document("a"), 2) is None
