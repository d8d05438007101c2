"""A rule: a named, pure measurement of one sample; and a limit, which decides.

The list of all rules is in `registry.py`; holding samples against limits is in `measuring.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

#: A corpus may give a rule a limit, names, true (the published limit), or null and false (off).
Setting = float | bool | Sequence[str] | None
Signals = dict[str, float]


@dataclass(frozen=True)
class Rule:
    """One measurement of a sample.

    Attributes:
        name: The reason that the table and the ledger give; unique within the modality.
        modality: Whose samples it measures.
        measures: The meaning of the score, as a noun phrase that begins with `the` or `how`.
        score: Pure function of the subject (a `Document`, an `ImageLook`) to the score; None where it does not apply.
        direction: A sample stays when its score is `at_least`, or `at_most`, the limit.
        default: The limit where the corpus says nothing; None is off.
        published: The limits that were published, by the rule set that a corpus can ask for; `on` takes the first.
        source: Who proposed it.
        signal: Name of the score among the signals; the rule's own unless two rules share one score.
        score_of_names: For a rule that is given names instead of a limit: the score for such names, held against
            0.5.
        names: The names that such a rule knows.
        is_costly: Measured only while it is on; the others always, so that limits can be chosen by looking.
    """

    name: str
    modality: str
    measures: str
    score: Callable[[Any], float | None]
    direction: Literal["at_least", "at_most"]
    default: float | None
    source: str
    published: Mapping[str, float] = field(default_factory=dict)
    signal: str = ""
    score_of_names: Callable[[Any, frozenset[str]], float | None] | None = None
    names: tuple[str, ...] = ()
    is_costly: bool = False

    def __post_init__(self) -> None:
        if not self.signal:
            object.__setattr__(self, "signal", self.name)

    @property
    def reason(self) -> str:
        """The sentence that a rejected sample is given."""
        side = "below" if self.direction == "at_least" else "above"
        return f"{self.measures[0].upper()}{self.measures[1:]} is {side} its limit."

    def rejects(self, score: float | None, limit: float) -> bool:
        """True for a score beyond the limit; a score that does not apply, or is the limit itself, is not."""
        if score is None:
            return False
        return score < limit if self.direction == "at_least" else score > limit


@dataclass(frozen=True)
class Limit:
    """A rule that is on, and the limit that its score is held against."""

    rule: Rule
    limit: float

    def rejects(self, signals: Mapping[str, float]) -> bool:
        """True for signals that break the limit."""
        return self.rule.rejects(signals.get(self.rule.signal), self.limit)
