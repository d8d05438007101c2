import math
import time

import pytest

from data_engine.filtering.rules.document import Document
from data_engine.filtering.rules.text_rules import TEXT_RULES

BY_NAME = {rule.name: rule for rule in TEXT_RULES}
CASES = [
    ("too_short", "  nine char ", 9),
    ("too_long", "caf\u00e9", 4),
    ("few_words", "one two  three\nfour", 4),
    ("many_words", "one two  three\nfour", 4),
    ("few_sentences", "One. Two! Is it 3.5? And a rest", 4),
    ("few_sentences", 'He said "no." Then e.g. this', 3),
    ("few_sentences", "\u4e00\u3002\u4e8c\u3002", 2),
    ("few_letters", "ab 12", 2 / 4),
    ("few_letters", "\u4f60\u597d!", 2 / 3),
    ("short_words", "a bc def", 2),
    ("long_words", "a bc def", 2),
    ("alphabetic_words", "a 1 b2 -- ...", 2 / 5),
    ("symbols_per_word", "#one two... three\u2026 four", 3 / 4),
    ("stop_words", "The cat, and THE dog and that", 3),
    ("bullet_lines", "* one\n- two\n\u2022 three\nfour -", 3 / 4),
    ("ellipsis_lines", "more ...\nmore\u2026 \nno more.", 2 / 3),
    ("terminal_lines", 'An end.\n"Said."\nHome\nWhy?', 3 / 4),
    ("short_lines", "x" * 29 + "\n" + "y" * 30, 1 / 2),
    ("duplicate_lines", "a\nb\na\na", 2 / 4),
    ("duplicate_paragraphs", "a\nb\n\nc\n \na\nb", 1 / 3),
    ("duplicate_line_chars", "aaa\nb\naaa\n", 3 / 7),
    ("duplicate_paragraph_chars", "aaa\n\nb\n\naaa", 3 / 7),
    # 'a b' occurs twice: 4 of the 6 solid characters.
    ("top_2_gram", "a b c a b d", 4 / 6),
    # 'a a' overlaps itself: its words are counted once.
    ("top_2_gram", "a a a b", 3 / 4),
    ("top_3_gram", "a b c x a b c", 6 / 7),
    ("top_4_gram", "a b c d", 0),
    ("duplicate_5_grams", "a b c d e x a b c d e", 10 / 11),
    ("duplicate_6_grams", "a b c d e x a b c d e", 0),
    ("duplicate_10_grams", " ".join("abcdefghij" * 2), 1),
    ("lorem_ipsum", "Lorem ipsum dolor, LOREM IPSUM", 2),
    ("curly_braces", "if (x) { y = {}; }", 2),
    ("javascript_lines", "Please enable JavaScript\nA text", 1 / 2),
    ("boilerplate_lines", "We use cookies\nSubscribe now\nA text about baking", 2 / 3),
    ("boilerplate_lines", "She described the cookery book", 0),
    ("link_share", "see http://a.b/c", 12 / 15),
    ("emails", "mail a.b+c@example.org or x@y.co.uk, not @home or a@b", 2),
    ("phone_numbers", "call +49 30 123456 or (030) 123 45 67 or 555-234-5678", 3),
    ("phone_numbers", "version 1.2.3.4567, 2024-01-02, ISBN 978-3-16-148410-0, 10 000 000", 0),
    ("secrets", "password = hunter2hunter2\nAKIAABCDEFGHIJKLMNOP and the token itself", 2),
    ("language_probability", "123 !!", None),
    ("perplexity", "no model has read anything", None),
    ("content_share", "nobody has marked a page", None),
]


@pytest.mark.parametrize(("name", "text", "expected"), CASES, ids=[f"{case[0]}-{i}" for i, case in enumerate(CASES)])
def test_a_rule_measures_what_can_be_counted_by_hand(name: str, text: str, expected: float | None) -> None:
    score = BY_NAME[name].score(Document(text))
    assert score == (expected if expected is None else pytest.approx(expected))


def test_every_rule_has_a_case() -> None:
    # The n-gram rules between the lengths shown differ in n only; the language rules have tests of their own.
    shown = {name for name, _, _ in CASES} | {f"duplicate_{n}_grams" for n in (7, 8, 9)} | {"language"}
    assert shown == set(BY_NAME)


def test_a_rule_that_learns_asks_what_was_learnt_for_it() -> None:
    document = Document(" abc ", {"perplexity": lambda text: float(len(text)), "content_share": lambda _: 0.25})
    assert (BY_NAME["perplexity"].score(document), BY_NAME["content_share"].score(document)) == (3, 0.25)


TEXTS = ["", " \n\t ", "a", "\u4f60\u597d\u3002" * 50, "\U0001f600 " * 40, "\x00\ufffd\u202e", "x" * 5000, "a\n" * 500]
TEXTS += ["The same words again and again. " * 60, "1 2 3", "\u0645\u0631\u062d\u0628\u0627 " * 9, "{" * 100]


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.name)
def test_every_rule_is_pure_finite_not_negative_and_a_share_stays_a_share(rule) -> None:
    for text in TEXTS:
        first, second = rule.score(Document(text)), rule.score(Document(text))
        assert first == second
        if first is None:
            continue
        assert math.isfinite(first)
        assert first >= 0
        if "share" in rule.measures or "probability" in rule.measures:
            assert first <= 1


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.name)
def test_every_limit_has_the_side_its_direction_says(rule) -> None:
    for limit in rule.published.values():
        below, above = rule.rejects(limit - 0.01, limit), rule.rejects(limit + 0.01, limit)
        assert (below, above) == ((True, False) if rule.direction == "at_least" else (False, True))
        assert not rule.rejects(limit, limit)


def test_plain_prose_passes_every_published_limit_but_the_one_on_its_words_and_a_menu_does_not() -> None:
    prose = (
        "The engine reads what people have written, and it keeps the part of it that is worth reading. "
        "To be kept, a text has to look like one: whole sentences, words of a usual length, and few symbols. "
        "Nothing of that is new; it is what others have published."
    )
    document = Document(prose)
    broken = {
        rule.name
        for rule in TEXT_RULES
        for limit in rule.published.values()
        if rule.rejects(rule.score(document), limit)
    }
    # It has 49 words, one fewer than Gopher asks for.
    assert broken == {"few_words"}
    menu = Document("Home | News | #Sport | Login\n" * 20)
    broken = {
        rule.name for rule in TEXT_RULES for limit in rule.published.values() if rule.rejects(rule.score(menu), limit)
    }
    assert {
        "alphabetic_words",
        "stop_words",
        "duplicate_lines",
        "terminal_lines",
        "short_lines",
        "top_2_gram",
    } <= broken


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("This file is released under the terms of the licence beside it.", "en"),
        ("Diese Datei steht unter der Lizenz, die daneben liegt.", "de"),
        ("\u8fd9\u4e2a\u6587\u4ef6\u6309\u7167\u65c1\u8fb9\u7684\u8bb8\u53ef\u8bc1\u53d1\u5e03\u3002", "zh"),
    ],
)
def test_the_language_of_a_sentence_is_found_without_a_hub(text: str, code: str) -> None:
    score_of_names = BY_NAME["language"].score_of_names
    assert score_of_names is not None
    assert score_of_names(Document(text), frozenset({code, "xx"})) > 0.5
    assert score_of_names(Document(text), frozenset({"xx"})) == 0


#: What sends a careless pattern from every place of the text to its end.
HOSTILE = (
    "[a](", "](", "<a ", "www.", "http://", "-----BEGIN PRIVATE KEY-----", "eyJ-", "eyJhbGciOiJI.", "sk-", "ghp_",
    "secret_", "password: ", "token = ", "bearer ", "x@", "a@b.", "a.", "+1 ", "+1", "1-", "01 ", "(030) ", "0 ",
    ".", ".\"", "\u3002", " ", "\n", "\n ", "#", "\u2026", "{", "a ", "word",
)  # fmt: skip


def _seconds(text: str) -> float:
    """Processor time of all rules that are always measured; the least of three tries."""
    times = []
    for _ in range(3):
        document, start = Document(text), time.process_time()
        for rule in TEXT_RULES:
            if not rule.is_costly:
                rule.score(document)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_rule_takes_more_than_linear_time_on_a_hostile_text(piece: str) -> None:
    short, long = (_seconds("x" + (piece * n)[:n] + "x") for n in (5_000, 40_000))
    assert long < 24 * max(short, 0.001), "8 times the text may take 8 times as long; quadratic time would be 64 times"
