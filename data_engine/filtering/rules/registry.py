"""Registry of rules: the only list of their names, and of the published sets of limits.

The configuration of a corpus is checked against it. A rule is added by a line in `text_rules.TEXT_RULES`,
`image_rules.IMAGE_RULES` or whatever the declaration of a modality names; their order is that in which rules are tried.
Measuring is in `measuring.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data_engine.errors import InvalidInput
from data_engine.filtering.rules.rule import Rule, Setting
from data_engine.modalities import find_modality, load, modality_names


def rules_of(modality: str) -> tuple[Rule, ...]:
    """The rules of a modality, in the order in which they are tried."""
    rules: tuple[Rule, ...] = load(find_modality(modality).rules)
    return rules


def rule_sets_of(modality: str) -> tuple[str, ...]:
    """The names of the published sets of limits, in order of appearance."""
    return tuple(dict.fromkeys(name for rule in rules_of(modality) for name in rule.published))


def check_settings(settings: Mapping[str, Setting], rule_sets: Iterable[str], modality: str) -> None:
    """Refuse what no rule of the modality can mean.

    Raises: InvalidInput for an unknown rule or rule set, names for a rule that takes a number or the other way round,
        names that the rule does not know, and `on` for a rule without a published limit.
    """
    rules = {rule.name: rule for rule in rules_of(modality)}
    _refuse_unknown("rules", settings, rules)
    _refuse_unknown("rule_sets", rule_sets, rule_sets_of(modality))
    for name, setting in settings.items():
        rule = rules[name]
        if isinstance(setting, Sequence) and rule.score_of_names is None:
            raise InvalidInput(f"rule {name} is given {list(setting)}; it takes a number: {rule.direction} what?")
        if not isinstance(setting, Sequence) and rule.score_of_names is not None and setting not in (None, False):
            raise InvalidInput(f"rule {name} is {setting}; it takes a list of names, such as [en, de]")
        if isinstance(setting, Sequence):
            _refuse_unknown(f"rules.{name}", setting, rule.names)
            if not setting:
                raise InvalidInput(f"rule {name} is given no name and would reject everything; name some, or say off")
        if setting is True and not rule.published:
            raise InvalidInput(f"rule {name} is on, but nobody has published a limit for it; give a number")


def _refuse_unknown(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidInput(f"first_pass.{what} names {unknown}; the known ones are {', '.join(known)}")


def settings_schema() -> dict[str, Any]:
    """JSON schema of `first_pass.rules`: what the rules of every modality measure, and what they can be given."""
    entries: dict[str, Any] = {}
    for modality in modality_names():
        for rule in rules_of(modality):
            kind: dict[str, Any] = {"type": ["number", "boolean", "null"]}
            if rule.score_of_names:
                kind = {"type": ["array", "boolean", "null"], "items": {"enum": list(rule.names)}, "minItems": 1}
            if not rule.published:
                # `off` can be said of it, but not `on`.
                kind["not"] = {"const": True}
            entries[rule.name] = {**kind, "description": f"{rule.direction}: {rule.measures}. {rule.source}"}
    return {"type": "object", "properties": entries}


def names_schema(modality: str) -> dict[str, Any]:
    """JSON schema of what `first_pass` may name in a corpus of this modality: rules and rule sets."""
    return {
        "rules": {"propertyNames": {"enum": [rule.name for rule in rules_of(modality)]}},
        "rule_sets": {"items": {"enum": list(rule_sets_of(modality))}},
    }
