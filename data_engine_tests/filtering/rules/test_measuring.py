from typing import Any

from data_engine.corpus import FirstPass
from data_engine.filtering.rules.document import Document
from data_engine.filtering.rules.measuring import first_broken, limits_of, measure, measure_of, signal_names


def limits(**settings: Any) -> dict[str, float]:
    """What a corpus with these settings limits."""
    rules = FirstPass(**settings)
    on = limits_of("text", rules.rules, rule_sets=rules.rule_sets, defaults=rules.rule_defaults)
    return {entry.rule.name: entry.limit for entry in on}


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


def test_the_first_broken_limit_decides_in_the_order_of_the_registry() -> None:
    on = limits_of("text", {"few_letters": 0.5})
    (signals,) = measure([Document("12 45")], "text", on)
    assert signals is not None
    broken = first_broken(signals, on)
    assert broken is not None
    assert (broken.rule.name, broken.limit, signals["n_chars"], signals["letter_share"]) == ("too_short", 8, 5, 0)


def test_rules_that_are_off_are_measured_and_costly_ones_only_when_they_are_on() -> None:
    (off,) = measure([Document("The house of the rising sun")], "text", limits_of("text"))
    (on,) = measure([Document("The house of the rising sun")], "text", limits_of("text", {"language": ["en"]}))
    assert off is not None
    assert on is not None
    assert off["stop_words"] == 2
    assert "language" not in off
    assert on["language"] > 0.5


def test_a_subject_that_is_not_there_has_no_signals() -> None:
    assert measure([None], "text", limits_of("text")) == [None]


def test_signals_come_in_the_order_of_their_names_and_one_by_one_as_all_at_once() -> None:
    on = limits_of("text", {"stop_words": 2})
    names, documents = signal_names("text", on), [Document("the cat and the dog, 42!"), None, Document("")]
    signals = [measure_of("text", on)(document) for document in documents]
    assert signals == measure(documents, "text", on)
    assert all(list(found) == [name for name in names if name in found] for found in signals if found is not None)
    assert "stop_words" in names
