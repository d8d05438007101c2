"""The block `labels` of a corpus' YAML: the question, its possible answers, and what labels must reach.

Who is asked, and when, is in `review.py`.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from data_engine.corpus.class_file import check_chains, check_names, check_number, check_renamed, check_special_classes
from data_engine.corpus.deciders import DeciderSettings, check_order
from data_engine.corpus.given_labels import GivenLabels
from data_engine.corpus.kinds import ObjectProposals, check_kind
from data_engine.corpus.known_labels import tidy
from data_engine.corpus.propose_with import ProposeWith
from data_engine.settings import OneOf, Settings, Share


def _strategies() -> Mapping[str, str]:
    from data_engine.labeling.strategies.registry import STRATEGIES

    return {name: strategy.meaning for name, strategy in STRATEGIES.items()}


def _models() -> Mapping[str, str]:
    from data_engine.labeling.models.registry import MODELS

    return {name: kind.meaning for name, kind in MODELS.items()}


#: Not validated, so that a corpus that names none is loaded without the registry of deciders.
_DEFAULT_DECIDERS = tuple(DeciderSettings.model_construct(name=name) for name in ("classifier", "person"))


def _kinds_as_enum(schema: dict[str, Any]) -> None:
    from data_engine.labeling.answers.registry import ASKED_KINDS

    schema["enum"] = list(ASKED_KINDS)


class Labels(Settings):
    """The question that is asked of every sample of the subset."""

    question: str
    """The question as an annotator reads it."""
    kind: str = Field(default="class", json_schema_extra=_kinds_as_enum)
    """What an answer is; class: one of the classes; objects: any number of objects in an image, each with its class and
    its polygons."""
    segmenter: str = "default"
    """What makes masks of the points that somebody clicks, where objects are asked for: a name of
    `data_engine.segmentation.registry`."""
    object_proposals: ObjectProposals = Field(default_factory=ObjectProposals)
    """Where that segmenter is asked for objects that nobody clicked, once some are reviewed; see
    `corpus/kinds.py`."""
    classes: tuple[str, ...] | str
    """The possible answers: a list, or the name of a text file beside the YAML file with one class per line."""
    renamed: Mapping[str, str] = Field(default_factory=dict)
    """Old names of classes and the names of now, `{old: new}`: answers, hold-out, audits, known labels and releases
    follow the new name; taken out again, everything has its old name. Two old names may become one class."""
    out_of_scope: str | None = None
    """The class that means that the sample does not belong here; such samples are labelled and not released."""
    other: str | None = None
    """The class for known labels that are not among the classes."""
    given: GivenLabels | None = None
    """Labels that are in the data already, `{column: NAME}`: answers with the provenance `imported`, which are trained
    on, ranked by the check for wrong labels and released; never in the hold-out unless `in_hold_out` says so. What
    people answer counts before them."""
    deciders: tuple[DeciderSettings, ...] = _DEFAULT_DECIDERS
    """Who may decide about a sample, in this order: names, or names with settings. A sample goes to the next one only
    when the one before is not sure of it by its gate; person is the last."""
    strategy: Annotated[str, OneOf("How the samples of a query batch are chosen.", _strategies)] = "hybrid"
    class_names_as_examples: bool = False
    """Whether the names of the classes are the first examples of each: the encoder embeds them like texts, so that the
    first round already asks where they leave doubt. For texts, where names say what they mean."""
    model: Annotated[str, OneOf("The kind of micro-model that learns from the answers.", _models)] = "softmax"
    propose_with: ProposeWith | None = None
    """A model of another corpus with the same encoder and the same classes, `{corpus: NAME}`: it proposes before this
    corpus has a model, and until one of its own is better on its hold-out."""
    slices: tuple[str, ...] = ()
    """What figures are also given by: `source`, `batch`, `cluster`, or columns of the metadata; of classes always."""
    target_precision: float = Field(default=0.95, gt=0.5, lt=1)
    """Precision that labels accepted without a person must reach."""
    confidence: float = Field(default=0.9, gt=0.5, lt=1)
    """Confidence of the gate's lower bound."""
    gate_per_class: bool = False
    """Whether classes that are proposed often enough on the hold-out have gates of their own, which together keep the
    promise with the same confidence. A class that is not right often enough then goes to people, and does not hide
    behind the others; of many classes, or with a small hold-out, less is accepted."""
    hold_out_size: int = Field(default=300, ge=50)
    """Random samples that are labelled and never trained on."""
    query_batch_size: int = Field(default=200, ge=1)
    """Samples chosen by the query strategy each round; a random control batch of equal size goes with it."""
    rounds: int = Field(default=3, ge=0, le=100)
    """Rounds that a one-command run plays when simulated annotators answer."""
    audit_share: Share = 0.05
    """Share of what the gate would accept that goes to blind review each round."""
    trap_share: Share = 0.02
    """Known-wrong proposals among the tasks, as a share of the query batch."""
    doubtful_share: Share = 0.05
    """Labels that look wrong and are asked about again each round without being shown, as a share of the query batch:
    those of the lowest quality, each once and none of the hold-out. Where objects are asked for, images that were only
    answered with a proposal shown come next, which tells what showing it does. 0 asks about none."""
    synthesised_share: Share = 0
    """Children of answered images that are asked about each round besides, as a share of the query batch: a crop, less
    brightness or less contrast, where the classifier departs most from what people say of the parent. Their answers
    are trained on. Of images only; 0 asks about none."""
    audit_max_age_days: int = Field(default=30, ge=1)
    """The gate shuts when the youngest hold-out or audit answer is older than this."""

    @field_validator("kind")
    @classmethod
    def _kind_exists(cls, value: str) -> str:
        from data_engine.labeling.answers.registry import ASKED_KINDS, answer_kind

        if answer_kind(value).name not in ASKED_KINDS:
            raise ValueError(f"kind is {value!r}, which no step asks for; use {' or '.join(ASKED_KINDS)}")
        return value

    @field_validator("segmenter")
    @classmethod
    def _segmenter_exists(cls, value: str) -> str:
        from data_engine.segmentation.registry import find_segmenter

        find_segmenter(value)
        return value

    @field_validator("slices")
    @classmethod
    def _distinct_slices(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in ("class", "all", ""):
            if name in value:
                raise ValueError(f"slices has {name!r}, which is no column; figures of classes and in all always come")
        if twice := sorted({name for name in value if value.count(name) > 1}):
            raise ValueError(f"slices names {twice} more than once; keep each once")
        return value

    @field_validator("classes")
    @classmethod
    def _are_enough(cls, value: tuple[str, ...] | str, info: ValidationInfo) -> tuple[str, ...] | str:
        if isinstance(value, tuple):
            value = tuple(map(tidy, value))
            if "" in value:
                raise ValueError(f"classes has an empty name at place {value.index('') + 1}; name it, or remove it")
            check_names(value)
            check_number(value, least=1 if info.data.get("kind") == "objects" else 2)
            twice = sorted({name for name in value if value.count(name) > 1})
            if twice:
                raise ValueError(f"classes names {twice} more than once; keep each class once")
        return value

    @model_validator(mode="after")
    def _special_classes_are_classes(self) -> "Labels":
        if isinstance(self.classes, tuple):
            check_special_classes(self.classes, other=self.other, out_of_scope=self.out_of_scope)
            check_renamed(self.renamed, self.classes)
        return self

    @field_validator("renamed")
    @classmethod
    def _tidy_renamed(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        check_chains(tidied := {tidy(old): tidy(new) for old, new in value.items()})
        return tidied

    @field_validator("other", "out_of_scope")
    @classmethod
    def _tidy_name(cls, value: str | None) -> str | None:
        return None if value is None else tidy(value)

    @model_validator(mode="after")
    def _settings_fit_the_kind(self) -> "Labels":
        fields = type(self).model_fields
        given = {
            name
            for name in self.model_fields_set
            if getattr(self, name) != fields[name].get_default(call_default_factory=True)
        }
        is_usual = self.decider_names == tuple(decider.name for decider in _DEFAULT_DECIDERS)
        check_kind(self.kind, given - ({"deciders"} if is_usual else set()))
        return self

    @model_validator(mode="after")
    def _deciders_fit(self) -> "Labels":
        check_order(self.deciders, self.target_precision, self.classes, self.confidence)
        return self

    @classmethod
    def none(cls) -> "Labels":
        """What stands in a corpus that asks no question: no classes, so nothing can be answered."""
        return cls.model_construct(question="", classes=())

    @property
    def decider_names(self) -> tuple[str, ...]:
        """The deciders in their order."""
        return tuple(decider.name for decider in self.deciders)

    def decider(self, name: str) -> DeciderSettings | None:
        """The settings of a decider; None when it may not decide."""
        return next((decider for decider in self.deciders if decider.name == name), None)

    def target_of(self, name: str) -> float:
        """The precision that the gate of a decider must certify."""
        decider = self.decider(name)
        own = None if decider is None else decider.target_precision
        return self.target_precision if own is None else own
