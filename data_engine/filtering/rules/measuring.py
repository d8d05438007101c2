"""Measures samples by the rules and holds the scores against the limits of a corpus.

What a rule is stands in `rule.py`; the list of all rules is in `registry.py`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from data_engine.filtering.rules.registry import check_settings, rules_of
from data_engine.filtering.rules.rule import Limit, Rule, Setting, Signals

#: A rule that is given names scores the probability that the sample is one of them.
NAMES_LIMIT = 0.5
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def limits_of(
    modality: str,
    settings: Mapping[str, Setting] = _NOTHING,
    *,
    rule_sets: Sequence[str] = (),
    defaults: Mapping[str, float] = _NOTHING,
) -> tuple[Limit, ...]:
    """The rules that are on and their limits, in the order in which they are tried.

    Args:
        modality: whose rules.
        settings: what the corpus says of single rules; counts before everything else.
        rule_sets: published sets of limits; of several limits for one rule the strictest counts.
        defaults: limits by rule, in the place of the registry's, where neither settings nor sets name the rule.

    Raises: InvalidInput as `check_settings` does.
    """
    check_settings(settings, rule_sets, modality)
    limits = []
    for rule in rules_of(modality):
        published = [rule.published[name] for name in rule_sets if name in rule.published]
        fallback = _strictest(rule, published) if published else defaults.get(rule.name, rule.default)
        limit = _limit(rule, settings.get(rule.name, fallback))
        if limit is not None:
            limits.append(limit)
    return tuple(limits)


def _strictest(rule: Rule, limits: Sequence[float]) -> float:
    return max(limits) if rule.direction == "at_least" else min(limits)


def _limit(rule: Rule, setting: Setting) -> Limit | None:
    if setting is None or setting is False:
        return None
    if setting is True:
        return Limit(rule, next(iter(rule.published.values())))
    if isinstance(setting, float | int):
        return Limit(rule, float(setting))
    score_of_names, names = rule.score_of_names, frozenset(setting)
    score = (lambda subject: score_of_names(subject, names)) if score_of_names else rule.score
    return Limit(replace(rule, score=score), NAMES_LIMIT)


def measure(subjects: Iterable[Any], modality: str, limits: Sequence[Limit]) -> list[Signals | None]:
    """The signals of every subject: every cheap rule, and the costly ones that are on.

    Args:
        subjects: What the rules measure; None where there is nothing, such as an unreadable sample.
        modality: Whose rules.
        limits: The rules that are on.

    Returns: One mapping of signal to score per subject, without the scores that do not apply.
    """
    measured = measure_of(modality, limits)
    return [measured(subject) for subject in subjects]


def measure_of(modality: str, limits: Sequence[Limit]) -> Callable[[Any], Signals | None]:
    """Returns what measures one subject, as `measure` does."""
    scores = _scores(modality, limits)
    return lambda subject: None if subject is None else _signals(subject, scores)


def signal_names(modality: str, limits: Sequence[Limit]) -> list[str]:
    """The signals that are measured, in their order."""
    return list(_scores(modality, limits))


def _scores(modality: str, limits: Sequence[Limit]) -> dict[str, Callable[[Any], float | None]]:
    on = {limit.rule.name: limit.rule for limit in limits}
    rules = [on.get(rule.name, rule) for rule in rules_of(modality) if not rule.is_costly or rule.name in on]
    return {rule.signal: rule.score for rule in rules}


def _signals(subject: Any, scores: Mapping[str, Callable[[Any], float | None]]) -> Signals:
    signals: Signals = {}
    for name, score in scores.items():
        measured = score(subject)
        if measured is not None:
            signals[name] = measured
    return signals


def first_broken(signals: Mapping[str, float], limits: Iterable[Limit]) -> Limit | None:
    """The first limit that these signals break, or None."""
    return next((limit for limit in limits if limit.rejects(signals)), None)
