"""The entries of `labels.deciders` of a corpus' YAML: who may decide about a sample, at what cost and precision.

The question is in `labels.py`; what each decider does is in `data_engine.labeling.deciders`.
"""

import re
from statistics import NormalDist
from typing import Any

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic_core import CoreSchema

from data_engine.settings import Settings


def _names() -> list[str]:
    from data_engine.labeling.deciders.registry import DECIDERS

    return list(DECIDERS)


class DeciderSettings(Settings):
    """Who may decide about a sample: a name alone, or a name with its settings."""

    name: str
    """rules: patterns over the text. classifier: the micro-model above its certified threshold. foundation_model: the
    model of the block `foundation_model`. tree: clusters of which people checked a few samples that agree. person: the
    review queue; always the last."""
    cost: float = Field(default=0.0, ge=0)
    """Cost of one decision, in any unit that all entries share; the report adds up what the routes cost."""
    target_precision: float | None = Field(default=None, gt=0.5, lt=1)
    """Precision that its gate must certify; that of the block `labels` by default, and never less."""
    patterns: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """For rules: regular expressions by class. A text is of a class when one is found in it, and none of another's."""

    least_agreement: float = Field(default=0.9, gt=0.5, lt=1)
    """For tree: lower bound (Wilson, at the confidence of the labels) of the agreement of its checked samples that a
    cluster needs; 0.9 needs 15 that all agree. What the labels of such clusters are worth, the gate certifies."""
    checks_per_leaf: int = Field(default=30, ge=2, le=1000)
    """For tree: checks after which a cluster that does not agree splits; sooner where it can no longer agree."""
    checks_per_round: int = Field(default=100, ge=1)
    """For tree: questions that check clusters in a review batch, at most."""

    teaches: bool = False
    """For foundation_model: whether its accepted answers train the classifier, from the next round on. They are never
    held out, and what people answer counts before them."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A name alone is allowed, too."""
        described = handler.resolve_ref_schema(handler(core_schema))
        described["properties"]["name"]["enum"] = _names()
        # An if and not an anyOf: the error then says which name or key is wrong.
        return {"if": {"type": "string"}, "then": {"enum": _names()}, "else": {**described}}

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("name")
    @classmethod
    def _exists(cls, value: str) -> str:
        from data_engine.labeling.deciders.registry import find_decider

        return find_decider(value).name

    @field_validator("patterns")
    @classmethod
    def _are_regular_expressions(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for pattern in (pattern for patterns in value.values() for pattern in patterns):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"pattern {pattern!r} is no regular expression ({error}); correct it") from error
        return value

    @model_validator(mode="after")
    def _fits_its_name(self) -> "DeciderSettings":
        from data_engine.labeling.deciders.registry import find_decider

        decider = find_decider(self.name)
        if decider.reads_patterns and not any(self.patterns.values()):
            raise ValueError(f"decider {self.name} has no patterns and could never decide; give it patterns by class")
        if self.patterns and not decider.reads_patterns:
            raise ValueError(f"decider {self.name} has patterns, which it does not read; give them to rules")
        # A default that is written out is allowed: a release keeps all settings, and they are read again.
        fields = ("checks_per_leaf", "checks_per_round", "least_agreement")
        own = [name for name in fields if getattr(self, name) != type(self).model_fields[name].default]
        if own and not decider.checks_clusters:
            raise ValueError(f"decider {self.name} has {own}, which it does not read; give them to tree")
        if self.teaches and not decider.is_paid_per_call:
            raise ValueError(f"decider {self.name} has teaches, which it does not read; give it to foundation_model")
        if decider.is_paid_per_call and self.cost:
            raise ValueError(
                f"decider {self.name} has cost {self.cost:g}, but its calls are counted one by one; remove it, and "
                "give foundation_model.price_in and price_out"
            )
        if decider.is_person and self.target_precision is not None:
            raise ValueError(f"decider {self.name} has target_precision {self.target_precision} but no gate; remove it")
        return self


def check_order(
    deciders: tuple[DeciderSettings, ...],
    target_precision: float,
    classes: tuple[str, ...] | str,
    confidence: float = 0.9,
) -> None:
    """Compare the deciders with each other and with the question.

    Raises: ValueError when a name comes twice, a person is not the last, a decider promises less than the labels must
        reach, a pattern is for a class that the question does not have, or no cluster could ever pass.
    """
    names = [decider.name for decider in deciders]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"deciders names {twice} more than once; keep each once")
    if not names or names[-1] != "person":
        raise ValueError(f"deciders ends with {names[-1] if names else 'nothing'}; the last must be person")
    for decider in deciders:
        if decider.target_precision is not None and decider.target_precision < target_precision:
            raise ValueError(
                f"target_precision of decider {decider.name} is {decider.target_precision}, below the "
                f"{target_precision} that labels must reach; raise it, or lower labels.target_precision"
            )
        if decider.name == "tree":
            _check_clusters_can_pass(decider, confidence)
        unknown = [] if isinstance(classes, str) else sorted(set(decider.patterns) - set(classes))
        if unknown:
            raise ValueError(f"decider {decider.name} has patterns for {unknown}, which are not among the classes")


def _check_clusters_can_pass(decider: DeciderSettings, confidence: float) -> None:
    """The Wilson bound of n checks that all agree is n / (n + z^2)."""
    n, z = decider.checks_per_leaf, NormalDist().inv_cdf(confidence)
    most = n / (n + z * z)
    if most < decider.least_agreement:
        raise ValueError(
            f"{n} checks that all agree have a lower bound of {most:.3f}, below the {decider.least_agreement} of "
            "least_agreement; raise checks_per_leaf of decider tree, or lower least_agreement"
        )
