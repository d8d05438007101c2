import pytest

from data_engine.filtering.rules.phrases import BOILERPLATE, BOILERPLATE_HINTS, STOP_WORDS


def test_the_stop_words_are_the_eight_of_gopher() -> None:
    assert sorted(STOP_WORDS) == ["and", "be", "have", "of", "that", "the", "to", "with"]


@pytest.mark.parametrize(
    "line",
    [
        "we use cookies",
        "privacy policy",
        "terms of service",
        "all rights reserved",
        "subscribe now",
        "sign up",
        "login",
        "log in",
        "newsletter",
        "follow us",
        "share this",
        "read more",
        "click here",
        "contact us",
        "about us",
        "skip to main content",
        "advertising",
        "related posts",
        "leave a comment",
        "back to top",
        "sitemap",
        "powered by",
        "copyright 2020",
        "\u00a9 2020",
    ],
)
def test_a_phrase_of_menus_is_found_and_none_is_without_its_hint(line: str) -> None:
    # What has no hint is never searched, so a phrase without one would be missed.
    assert BOILERPLATE.search(line)
    assert any(hint in line for hint in BOILERPLATE_HINTS)


@pytest.mark.parametrize("line", ["the cookery book", "a private policy", "logging trees", "in terms of size"])
def test_words_that_only_look_like_it_are_no_phrase(line: str) -> None:
    assert not BOILERPLATE.search(line)
