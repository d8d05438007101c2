"""Scores of texts: pure functions of a `Document`, each a number or None where it does not apply.

The rules that hold them against limits are in `text_rules.py`.
"""

import re
from collections.abc import Callable

from data_engine.filtering.rules.document import Document
from data_engine.filtering.rules.phrases import BOILERPLATE, BOILERPLATE_HINTS, STOP_WORDS

_ELLIPSES = ("...", "\u2026")
_BULLETS = ("\u2022", "\u2023", "\u25cf", "\u25e6", "\u2043", "\u25aa", "\u25ab", "\u2013", "- ", "* ", "+ ")
_TERMINAL = (".", "!", "?", '"', "'", "\u201d", "\u2019", "\u2026", "\u3002", "\uff01", "\uff1f")
_LETTER = re.compile(r"[^\W\d_]")
_SHORT_LINE_CHARS = 30
# No part may run over the beginning of another link, or a text full of beginnings takes quadratic time.
_LINK = re.compile(r"(?:https?://|www\.)\S+|\]\([^()\s]+\)|<a\s[^<>]*>", re.IGNORECASE)


def n_chars(document: Document) -> float:
    """Characters of the trimmed text."""
    return len(document.text)


def n_words(document: Document) -> float:
    """White-space separated words."""
    return len(document.words)


def n_sentences(document: Document) -> float:
    """Sentences, the last one finished or not."""
    return document.n_sentences


def letter_share(document: Document) -> float | None:
    """Share of letters among the characters that are not white space."""
    return document.n_letters / document.n_solid if document.n_solid else None


def mean_word_length(document: Document) -> float | None:
    """Mean number of characters per word."""
    return document.n_solid / len(document.words) if document.words else None


def symbols_per_word(document: Document) -> float | None:
    """Hashes and ellipses per word."""
    text = document.text
    n_symbols = text.count("#") + text.count("...") + text.count("\u2026")
    return n_symbols / len(document.words) if document.words else None


def alphabetic_words(document: Document) -> float | None:
    """Share of words that hold at least one letter."""
    words = document.words
    return sum(1 for word in words if word.isalpha() or _LETTER.search(word)) / len(words) if words else None


def stop_words(document: Document) -> float:
    """Number of eight English stop words that occur."""
    return len(STOP_WORDS.intersection(document.lower_text.split()))


def bullet_lines(document: Document) -> float | None:
    """Share of lines that begin with a bullet."""
    return _line_share(document, lambda line: line.startswith(_BULLETS))


def ellipsis_lines(document: Document) -> float | None:
    """Share of lines that end in an ellipsis."""
    return _line_share(document, lambda line: line.endswith(_ELLIPSES))


def terminal_lines(document: Document) -> float | None:
    """Share of lines that end in a mark that ends a sentence, or in a closing quotation mark."""
    return _line_share(document, lambda line: line.endswith(_TERMINAL))


def short_lines(document: Document) -> float | None:
    """Share of lines of fewer than 30 characters."""
    return _line_share(document, lambda line: len(line) < _SHORT_LINE_CHARS)


def boilerplate_lines(document: Document) -> float | None:
    """Share of lines with a phrase of menus, banners and footers."""
    lower = document.lower_text
    if not any(hint in lower for hint in BOILERPLATE_HINTS):
        return 0.0 if document.lines else None
    return _line_share(document, lambda line: BOILERPLATE.search(line.lower()) is not None)


def javascript_lines(document: Document) -> float | None:
    """Share of lines that mention JavaScript."""
    if "javascript" not in document.lower_text:
        return 0.0 if document.lines else None
    return _line_share(document, lambda line: "javascript" in line.lower())


def lorem_ipsum(document: Document) -> float:
    """Occurrences of `lorem ipsum`."""
    return document.lower_text.count("lorem ipsum")


def curly_braces(document: Document) -> float:
    """Opening curly braces."""
    return document.text.count("{")


def link_share(document: Document) -> float | None:
    """Share of the solid characters that are in addresses and links."""
    if not document.n_solid:
        return None
    text = document.text
    if "www." not in text and "://" not in text and "](" not in text and "<a" not in text:
        return 0.0
    return sum(len(match.group()) for match in _LINK.finditer(text)) / document.n_solid


def language_probability(document: Document) -> float | None:
    """Probability of the most probable language; None for a text without letters."""
    return max(document.languages.values(), default=None)


def wanted_language(document: Document, codes: frozenset[str]) -> float | None:
    """Probability that the text is in one of the languages of these codes; None for a text without letters."""
    found = document.languages
    return sum(score for code, score in found.items() if code in codes) if found else None


def _line_share(document: Document, holds: Callable[[str], bool]) -> float | None:
    lines = document.lines
    return sum(map(holds, lines)) / len(lines) if lines else None
