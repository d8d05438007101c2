"""The deciders by name; this is the only list of them.

How a sample finds its decider is in `cascade.py`.
"""

from dataclasses import dataclass

from data_engine.errors import InvalidInput
from data_engine.labeling.provenance import FOUNDATION_AUTO, MODEL_AUTO, RULE_AUTO

RULES, CLASSIFIER, TREE, PERSON = "rules", "classifier", "tree", "person"
FOUNDATION_MODEL = "foundation_model"


@dataclass(frozen=True)
class Decider:
    """Who may decide about a sample.

    `provenance` is that of a label that it decides alone, None for a person, whose answers say it themselves.
    `has_version`: its labels name the version of the classifier. `reads_patterns`: the corpus gives it patterns.
    `checks_clusters`: people check samples of clusters for it. `is_paid_per_call`: it is asked only about what is left,
    and what it costs is counted call by call.
    """

    name: str
    provenance: str | None
    has_version: bool = False
    reads_patterns: bool = False
    checks_clusters: bool = False
    is_paid_per_call: bool = False

    @property
    def is_person(self) -> bool:
        """Whether it decides by being asked."""
        return self.provenance is None


DECIDERS: dict[str, Decider] = {
    decider.name: decider
    for decider in (
        Decider(RULES, RULE_AUTO, reads_patterns=True),
        Decider(CLASSIFIER, MODEL_AUTO, has_version=True),
        Decider(TREE, MODEL_AUTO, checks_clusters=True),
        Decider(FOUNDATION_MODEL, FOUNDATION_AUTO, is_paid_per_call=True),
        Decider(PERSON, None),
    )
}
"""All deciders. One that is added here can be named in `labels.deciders`; who proposes gives `propose` its opinion."""


def find_decider(name: str) -> Decider:
    """The decider of this name.

    Raises: InvalidInput listing the names that there are.
    """
    if name not in DECIDERS:
        raise InvalidInput(f"decider is {name!r}, which does not exist; use one of {', '.join(DECIDERS)}")
    return DECIDERS[name]
