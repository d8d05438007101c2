"""The rules of texts, in the order in which they are tried.

What they measure is in `text_scores.py` and `document.py`. Most limits that were published were found on English web
pages of at least fifty words; on shorter texts they reject nearly everything. So they are off until a corpus asks for
them, by `rule_sets` or one by one under `rules`.

Sources:
    Gopher: Rae et al. 2021, Scaling Language Models, appendix A.1.1 (quality filtering, repetition removal).
    C4: Raffel et al. 2020, Exploring the Limits of Transfer Learning, section 2.2.
    FineWeb: Penedo et al. 2024, The FineWeb Datasets, section 3.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

from data_engine.filtering.rules import personal_data
from data_engine.filtering.rules import text_scores as scores
from data_engine.filtering.rules.document import (
    Document,
    duplicate_chars_share,
    duplicate_ngram_share,
    duplicate_share,
    top_ngram_share,
)
from data_engine.filtering.rules.languages import CODES
from data_engine.filtering.rules.rule import Rule

_GOPHER, _C4, _FINEWEB = "Rae et al. 2021 (Gopher)", "Raffel et al. 2020 (C4)", "Penedo et al. 2024 (FineWeb)"
_ENGINE = "this engine"


def _rule(
    direction: Literal["at_least", "at_most"],
    name: str,
    score: Callable[[Document], float | None],
    measures: str,
    source: str = _ENGINE,
    *,
    default: float | None = None,
    signal: str = "",
    **published: float,
) -> Rule:
    return Rule(name, "text", measures, score, direction, default, source, published, signal)


# fmt: off
_at_least, _at_most = partial(_rule, "at_least"), partial(_rule, "at_most")

_LENGTH = (
    _at_least("too_short", scores.n_chars, "the number of characters", default=8, signal="n_chars"),
    _at_most("too_long", scores.n_chars, "the number of characters", default=100_000, signal="n_chars"),
    _at_least("few_words", scores.n_words, "the number of words", _GOPHER, signal="n_words", gopher=50),
    _at_most("many_words", scores.n_words, "the number of words", _GOPHER, signal="n_words", gopher=100_000),
    _at_least("few_sentences", scores.n_sentences, "the number of sentences", _C4, signal="n_sentences", c4=3),
)

_WORDS = (
    _at_least(
        "few_letters", scores.letter_share, "the share of letters in what is not white space",
        default=0.3, signal="letter_share",
    ),
    _at_least(
        "short_words", scores.mean_word_length, "the mean number of characters per word", _GOPHER,
        signal="mean_word_length", gopher=3,
    ),
    _at_most(
        "long_words", scores.mean_word_length, "the mean number of characters per word", _GOPHER,
        signal="mean_word_length", gopher=10,
    ),
    _at_least(
        "alphabetic_words", scores.alphabetic_words, "the share of words that hold a letter", _GOPHER, gopher=0.8
    ),
    _at_most(
        "symbols_per_word", scores.symbols_per_word, "the number of hashes and ellipses per word", _GOPHER, gopher=0.1
    ),
    _at_least(
        "stop_words", scores.stop_words, "how many of the, be, to, of, and, that, have, with occur", _GOPHER, gopher=2
    ),
)

_LINES = (
    _at_most(
        "bullet_lines", scores.bullet_lines, "the share of lines that begin with a bullet", _GOPHER, gopher=0.9
    ),
    _at_most(
        "ellipsis_lines", scores.ellipsis_lines, "the share of lines that end in an ellipsis", _GOPHER, gopher=0.3
    ),
    _at_least(
        "terminal_lines", scores.terminal_lines, "the share of lines that end as a sentence does",
        f"{_FINEWEB}, after {_C4}", fineweb=0.12,
    ),
    _at_most(
        "short_lines", scores.short_lines, "the share of lines of fewer than 30 characters", _FINEWEB, fineweb=0.67
    ),
)

_REPETITION = (
    _at_most(
        "duplicate_lines", lambda document: duplicate_share(document.lines),
        "the share of lines that repeat an earlier line", _GOPHER, gopher=0.3,
    ),
    _at_most(
        "duplicate_paragraphs", lambda document: duplicate_share(document.paragraphs),
        "the share of paragraphs that repeat an earlier one", _GOPHER, gopher=0.3,
    ),
    _at_most(
        "duplicate_line_chars", lambda document: duplicate_chars_share(document.lines),
        "the share of characters in lines that repeat an earlier line", f"{_GOPHER}; {_FINEWEB}",
        gopher=0.2, fineweb=0.1,
    ),
    _at_most(
        "duplicate_paragraph_chars", lambda document: duplicate_chars_share(document.paragraphs),
        "the share of characters in paragraphs that repeat an earlier one", _GOPHER, gopher=0.2,
    ),
    *(
        _at_most(
            f"top_{n}_gram", partial(top_ngram_share, n=n),
            f"the share of characters in the {n}-gram of words that repeats most", _GOPHER, gopher=limit,
        )
        for n, limit in ((2, 0.20), (3, 0.18), (4, 0.16))
    ),
    *(
        _at_most(
            f"duplicate_{n}_grams", partial(duplicate_ngram_share, n=n),
            f"the share of characters in {n}-grams of words that occur more than once", _GOPHER, gopher=limit,
        )
        for n, limit in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
    ),
)

_BOILERPLATE = (
    _at_most("lorem_ipsum", scores.lorem_ipsum, "how often lorem ipsum occurs", _C4, c4=0),
    _at_most("curly_braces", scores.curly_braces, "the number of opening curly braces", _C4, c4=0),
    _at_most(
        "javascript_lines", scores.javascript_lines, "the share of lines that mention JavaScript",
        f"{_C4}, which drops the lines",
    ),
    _at_most("boilerplate_lines", scores.boilerplate_lines, "the share of lines with a phrase of menus and footers"),
    _at_most("link_share", scores.link_share, "the share of characters in addresses and links"),
)

_PERSONAL = (
    _at_most("emails", partial(personal_data.count_in, kind="email"), "the number of e-mail addresses"),
    _at_most("phone_numbers", partial(personal_data.count_in, kind="phone"), "the number of phone numbers"),
    _at_most("secrets", partial(personal_data.count_in, kind="secret"), "the number of keys, tokens and passwords"),
)

_LANGUAGE = (
    Rule(
        "language", "text", "the probability that the text is in a language wanted", scores.language_probability,
        "at_least", None, f"{_ENGINE}, by fastText lid.176", score_of_names=scores.wanted_language, names=CODES,
        is_costly=True,
    ),
    Rule(
        "language_probability", "text", "the probability of the most probable language", scores.language_probability,
        "at_least", None, f"{_FINEWEB}, for English", {"fineweb": 0.65}, is_costly=True,
    ),
)

_LEARNED = (
    Rule(
        "perplexity", "text", "the perplexity per character under a model of the good examples",
        lambda document: document.learned_score("perplexity"), "at_most", None,
        f"{_ENGINE}, after Wenzek et al. 2020 (CCNet), who cut at shares of their corpus", is_costly=True,
    ),
    Rule(
        "content_share", "text", "the share of characters in lines that are content of a web page",
        lambda document: document.learned_score("content_share"), "at_least", None,
        f"{_ENGINE}, after Kohlschuetter et al. 2010", is_costly=True,
    ),
)

#: Every rule of texts, in the order in which they are tried.
TEXT_RULES: tuple[Rule, ...] = (
    *_LENGTH, *_WORDS, *_LINES, *_REPETITION, *_BOILERPLATE, *_PERSONAL, *_LANGUAGE, *_LEARNED
)
