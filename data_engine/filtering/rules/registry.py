"""Rules: named, pure measurements of one sample, and the limit that each is held against.

A rule measures; a limit decides. The registries are `text_rules.TEXT_RULES` and `image_rules.IMAGE_RULES`: adding
a rule is adding a line there. The order of a registry is the order in which rules are tried, the first one that
rejects gives the reason, and the configuration of a corpus can name every rule of its modality.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from data_engine.errors import InvalidInput

if TYPE_CHECKING:
    from data_engine.corpus import FirstPass

Modality = Literal["text", "image"]
#: What a corpus may say of a rule: a limit, names, true (the published limit), or null and false (off).
Setting = float | bool | Sequence[str] | None
Signals = dict[str, float]


@dataclass(frozen=True)
class Rule:
    """One measurement of a sample.

    Attributes:
        name: The reason that the table and the ledger give; unique within the modality.
        modality: What it measures, a text or an image.
        measures: What the score is, as a noun phrase that begins with `the` or `how`.
        score: Pure function of the subject (a `Document` or an image) to the score; None where it does not apply.
        direction: Whether a sample stays when its score is `at_least` or `at_most` the limit.
        default: The limit where the corpus says nothing; None is off.
        published: The limits that were published, by the rule set that a corpus can ask for; `on` takes the first.
        source: Who proposed it.
        signal: Name of the score among the signals; the rule's own unless two rules share one score.
        wants: For a rule that is given names instead of a limit: the score for such names, held against 0.5.
        names: The names that `wants` knows.
        is_costly: Measured only while it is on; the others always, so that limits can be chosen by looking.
    """

    name: str
    modality: Modality
    measures: str
    score: Callable[[Any], float | None]
    direction: Literal["at_least", "at_most"]
    default: float | None
    source: str
    published: Mapping[str, float] = field(default_factory=dict)
    signal: str = ""
    wants: Callable[[Any, frozenset[str]], float | None] | None = None
    names: tuple[str, ...] = ()
    is_costly: bool = False

    def __post_init__(self) -> None:
        if not self.signal:
            object.__setattr__(self, "signal", self.name)

    @property
    def reason(self) -> str:
        """Why a sample is rejected by it, as a sentence."""
        side = "below" if self.direction == "at_least" else "above"
        return f"{self.measures[0].upper()}{self.measures[1:]} is {side} its limit."

    def rejects(self, score: float | None, limit: float) -> bool:
        """Whether a score breaks the limit; a score that does not apply, or is the limit itself, does not."""
        if score is None:
            return False
        return score < limit if self.direction == "at_least" else score > limit


@dataclass(frozen=True)
class Limit:
    """A rule that is on, and the limit that its score is held against."""

    rule: Rule
    limit: float

    def rejects(self, signals: Mapping[str, float]) -> bool:
        """Whether these signals break the limit."""
        return self.rule.rejects(signals.get(self.rule.signal), self.limit)


def rules_of(modality: Modality) -> tuple[Rule, ...]:
    """The rules of a modality, in the order in which they are tried."""
    if modality == "text":
        from data_engine.filtering.rules.text_rules import TEXT_RULES

        return TEXT_RULES
    from data_engine.filtering.rules.image_rules import IMAGE_RULES

    return IMAGE_RULES


def rule_sets_of(modality: Modality) -> tuple[str, ...]:
    """The names of the published sets of limits, in order of appearance."""
    return tuple(dict.fromkeys(name for rule in rules_of(modality) for name in rule.published))


def limits_of(first_pass: "FirstPass", modality: Modality) -> tuple[Limit, ...]:
    """The rules that are on and their limits, in the order in which they are tried.

    A setting under `rules` counts before the rule sets, those before the fields with a name of their own
    (`min_chars`, `max_chars`, `min_letter_share`), and those before the registry's defaults.

    Raises: InvalidInput as `check_settings` does.
    """
    check_settings(first_pass.rules, first_pass.rule_sets, modality)
    limits = []
    for rule in rules_of(modality):
        published = [rule.published[name] for name in first_pass.rule_sets if name in rule.published]
        setting: Setting = rule.default if not published else _strictest(rule, published)
        field_name = FIELDS.get(rule.name) if modality == "text" else None
        if field_name is not None and not published:
            setting = getattr(first_pass, field_name)
        limit = _limit(rule, first_pass.rules.get(rule.name, setting))
        if limit is not None:
            limits.append(limit)
    return tuple(limits)


#: Rules of texts whose limits have a field of their own in the configuration.
FIELDS = {"too_short": "min_chars", "too_long": "max_chars", "few_letters": "min_letter_share"}
#: A rule that is given names scores the probability that the sample is one of them.
NAMES_LIMIT = 0.5


def _strictest(rule: Rule, limits: Sequence[float]) -> float:
    return max(limits) if rule.direction == "at_least" else min(limits)


def _limit(rule: Rule, setting: Setting) -> Limit | None:
    if setting is None or setting is False:
        return None
    if setting is True:
        return Limit(rule, next(iter(rule.published.values())))
    if isinstance(setting, float | int):
        return Limit(rule, float(setting))
    wants, names = rule.wants, frozenset(setting)
    return Limit(replace(rule, score=lambda subject: wants(subject, names) if wants else None), NAMES_LIMIT)


def check_settings(settings: Mapping[str, Setting], rule_sets: Iterable[str], modality: Modality) -> None:
    """Refuse what no rule of the modality can mean.

    Raises: InvalidInput for an unknown rule or rule set, names for a rule that takes a number or the other way round,
        names that the rule does not know, and `on` for a rule without a published limit.
    """
    rules = {rule.name: rule for rule in rules_of(modality)}
    _refuse_unknown("rules", settings, rules)
    _refuse_unknown("rule_sets", rule_sets, rule_sets_of(modality))
    for name, setting in settings.items():
        rule = rules[name]
        if isinstance(setting, Sequence) and rule.wants is None:
            raise InvalidInput(f"rule {name} is given {list(setting)}; it takes a number: {rule.direction} what?")
        if not isinstance(setting, Sequence) and rule.wants is not None and setting not in (None, False):
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
    for modality in ("text", "image"):
        for rule in rules_of(modality):
            kind: dict[str, Any] = {"type": ["number", "boolean", "null"]}
            if rule.wants:
                kind = {"type": ["array", "boolean", "null"], "items": {"enum": list(rule.names)}, "minItems": 1}
            if not rule.published:
                # `off` can be said of it, but not `on`.
                kind["not"] = {"const": True}
            entries[rule.name] = {**kind, "description": f"{rule.direction}: {rule.measures}. {rule.source}"}
    return {"type": "object", "properties": entries}


def names_schema(modality: Modality) -> dict[str, Any]:
    """JSON schema of what `first_pass` may name in a corpus of this modality: rules and rule sets."""
    return {
        "rules": {"propertyNames": {"enum": [rule.name for rule in rules_of(modality)]}},
        "rule_sets": {"items": {"enum": list(rule_sets_of(modality))}},
    }


def measure(subjects: Iterable[Any], modality: Modality, limits: Sequence[Limit]) -> list[Signals | None]:
    """The signals of every subject: every cheap rule, and the costly ones that are on.

    Args:
        subjects: What the rules measure; None where there is nothing, such as an unreadable sample.
        modality: Whose rules.
        limits: The rules that are on.

    Returns: One mapping of signal to score per subject, without the scores that do not apply.
    """
    on = {limit.rule.name: limit.rule for limit in limits}
    rules = [on.get(rule.name, rule) for rule in rules_of(modality) if not rule.is_costly or rule.name in on]
    scores = {rule.signal: rule.score for rule in rules}
    return [None if subject is None else _signals(subject, scores) for subject in subjects]


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
