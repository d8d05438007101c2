"""Corpus: the whole of a corpus' YAML as one frozen, validated object.

Nothing here knows Dagster or reads data. Every field says its unit and its bounds, because the schema is what
`dg check yaml`, the Launchpad and the docs show. Each block of the YAML has a file of its own beside this one.
"""

import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from data_engine.corpus.alarms import Alarms
from data_engine.corpus.class_file import read_classes
from data_engine.corpus.drift import DriftAlarm
from data_engine.corpus.first_pass import FirstPass
from data_engine.corpus.foundation_model import FoundationModel
from data_engine.corpus.given_labels import with_one_group
from data_engine.corpus.kinds import (
    EXAMPLES,
    OBJECTS,
    PairEmbedding,
    check_alone,
    check_modality,
    check_packages,
    filled_in,
    first_pass_schema,
    modality_meanings,
)
from data_engine.corpus.known_labels import ClassNames
from data_engine.corpus.labels import Labels
from data_engine.corpus.questions import (
    Question,
    listed_as_questions,
    named_once,
    schema_of_labels,
)
from data_engine.corpus.release import Release
from data_engine.corpus.review import Review
from data_engine.corpus.subset import Subset
from data_engine.corpus.tree import Tree
from data_engine.errors import InvalidInput
from data_engine.errors.secret_texts import without_secrets
from data_engine.indexing.source import Batches, Source
from data_engine.modalities import Modality, find_modality, modality_names
from data_engine.settings import Name, OneOf, Settings, Share


def _with_names_of_modality(schema: dict[str, Any]) -> None:
    """What can be named depends on the modality; the filters that learn from examples learn from texts."""
    schema["allOf"] = [
        {
            "if": {"properties": {"modality": {"const": name}}, "required": [] if name == "text" else ["modality"]},
            "then": {"properties": {"first_pass": first_pass_schema(find_modality(name))}},
        }
        for name in modality_names()
    ]
    properties = schema["properties"]
    properties["labels"] = schema_of_labels(properties)
    properties.pop("questions")


class Corpus(Settings):
    """A named pool of raw data with its own configuration and asset graph."""

    model_config = ConfigDict(json_schema_extra=_with_names_of_modality)

    name: Name
    """Lower case letters, digits and underscores; the first part of every asset key."""
    modality: Annotated[str, OneOf("What a sample is.", modality_meanings)] = "text"
    """What a sample is."""
    source: Source
    batches: Batches = Batches()
    first_pass: FirstPass = FirstPass()
    encoder: str = "all-MiniLM-L6-v2"
    """Name or path of an encoder, see `data_engine.embedding.load_encoder`. For texts all-MiniLM-L6-v2 is the
    default, for images efficientnet-lite0; both come with the demo's packages."""
    embedding: PairEmbedding | None = Field(default=None, exclude=True)
    """Of modality image_text: in which shares image and caption count; half each. It becomes part of `encoder`."""
    max_failed_share: Share = 0.01
    """Share of the kept samples of a batch that the encoder may fail on; above it the batch is held back."""
    tree: Tree = Tree()
    subset: Subset
    labels: Labels = Labels.none()
    """The question that is asked of every chosen sample, or a list of such blocks with a `name` each; without it the
    release is the balanced subset, unlabelled."""
    questions: tuple[Question, ...] = Field(default=(), exclude=True)
    """The blocks of a list under `labels`."""
    review: Review = Review()
    foundation_model: FoundationModel | None = None
    """The model behind a chat API that `labels.deciders` names as `foundation_model`."""
    drift: DriftAlarm = DriftAlarm()
    alarms: Alarms = Alarms()
    release: Release = Release()
    known_label_column: str | None = None
    """Metadata column with labels known beforehand: for evaluation and simulated annotators only, never trained on."""
    known_label_pattern: str | None = None
    """Regular expression on the whole known label; its first group is the class. Labels that it does not match, and
    classes outside the list, count as `labels.other`. Without it the known label itself is the class."""
    folder: str = Field(default="", exclude=True)
    """Folder of the YAML file; filled in by the loader."""
    seed: int = Field(default=0, ge=0)
    """The one seed from which every other is derived."""

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_modality(cls, value: Any) -> Any:
        """Each modality has an encoder of its own, and limits."""
        return filled_in(value)

    @model_validator(mode="before")
    @classmethod
    def _no_labels(cls, value: Any) -> Any:
        """An empty block is none."""
        if isinstance(value, dict) and value.get("labels", "") is None:
            return {name: block for name, block in value.items() if name != "labels"}
        return listed_as_questions(value)

    @field_validator("questions")
    @classmethod
    def _each_name_once(cls, value: tuple[Question, ...]) -> tuple[Question, ...]:
        return named_once(value)

    @model_validator(mode="after")
    def _rules_are_known(self) -> "Corpus":
        if self.first_pass.rules or self.first_pass.rule_sets:
            from data_engine.filtering.rules.registry import check_settings

            check_settings(self.first_pass.rules, self.first_pass.rule_sets, self.modality)
        return self

    @model_validator(mode="after")
    def _examples_are_of_texts(self) -> "Corpus":
        for block in EXAMPLES.values():
            if block not in self.samples.examples and getattr(self.first_pass, block) is not None:
                raise ValueError(
                    f"first_pass.{block} learns from texts but modality is {self.modality}; remove first_pass.{block} "
                    f"and give limits to the rules of {self.samples.plural} (docs/rules.md)"
                )
        return self

    @model_validator(mode="after")
    def _rules_that_learn_have_examples(self) -> "Corpus":
        for rule, block in EXAMPLES.items():
            setting = self.first_pass.rules.get(rule)
            if setting not in (None, False) and getattr(self.first_pass, block) is None:
                raise ValueError(
                    f"rule {rule} is {setting} but first_pass.{block} names no examples for it to learn from; give "
                    "them, or switch the rule off"
                )
        return self

    @model_validator(mode="after")
    def _a_foundation_model_decides(self) -> "Corpus":
        is_named = any("foundation_model" in each.decider_names for each in self.questions or (self.labels,))
        if is_named != (self.foundation_model is not None):
            what = "has no block that says which" if self.foundation_model is None else "is not among labels.deciders"
            raise ValueError(
                f"foundation_model {what}; give both the block foundation_model and its name in labels.deciders, "
                "or neither"
            )
        return self

    @model_validator(mode="after")
    def _a_simulated_model_needs_truth(self) -> "Corpus":
        is_simulated = self.foundation_model is not None and self.foundation_model.simulated is not None
        if is_simulated and self.known_label_column is None:
            raise ValueError(
                "foundation_model.simulated answers from labels known beforehand; set known_label_column, or name a "
                "server in the place of simulated"
            )
        return self

    @model_validator(mode="after")
    def _labels_fit_the_modality(self) -> "Corpus":
        check_packages(self.samples)
        check_modality(self.labels, self.samples)
        for question in self.questions:
            check_alone(question.kind)
        return self

    @model_validator(mode="after")
    def _models_come_from_elsewhere(self) -> "Corpus":
        if self.labels.propose_with is not None and self.labels.propose_with.corpus == self.name:
            raise ValueError(
                f"labels.propose_with names the corpus {self.name} itself, whose own model proposes anyway; name "
                "another corpus, or remove labels.propose_with"
            )
        return self

    @model_validator(mode="after")
    def _method_fits_the_tree(self) -> "Corpus":
        if self.subset.method == "hierarchical" and self.tree.n_resamples:
            raise ValueError(
                f"subset.method is hierarchical but tree.n_resamples is {self.tree.n_resamples}; choose from that tree "
                "by the method hierarchical_resampled, or remove n_resamples"
            )
        return self

    @model_validator(mode="after")
    def _simulation_needs_truth(self) -> "Corpus":
        if self.review.simulated and not self.has_labels and not self.questions:
            raise ValueError(
                "review.simulated answers a question but there is no block labels that asks one; add labels, or remove "
                "review.simulated"
            )
        if self.review.simulated and self.known_label_column is None and not self.questions:
            raise ValueError(
                "review.simulated needs the truth to answer from; set known_label_column or remove review.simulated"
            )
        return self

    @field_validator("known_label_pattern")
    @classmethod
    def _has_one_group(cls, value: str | None) -> str | None:
        return with_one_group("known_label_pattern", value)

    @model_validator(mode="after")
    def _a_label_is_given_or_known(self) -> "Corpus":
        given = self.labels.given
        if given is not None and given.column == self.known_label_column:
            raise ValueError(
                f"labels.given.column and known_label_column both name {given.column!r}: labels that are given are "
                "answers, which are trained on and released; those of known_label_column are only compared with, and "
                "nothing is trained on them; remove one of the two"
            )
        return self

    def shown(self) -> dict[str, Any]:
        """The description as values of JSON for people: without secrets of the source, and of URLs anywhere in it."""
        shown: dict[str, Any] = _without_secrets({**self.model_dump(mode="json"), "source": self.source.shown()})
        if self.questions:
            shown["labels"] = [question.model_dump(mode="json") for question in self.questions]
        left_out = set() if self.has_labels or self.questions else {"labels", "review"}
        left_out |= {"foundation_model"} if self.foundation_model is None else set()
        return {name: value for name, value in shown.items() if name not in left_out}

    @model_validator(mode="after")
    def _questions_fit(self) -> "Corpus":
        for question in self.questions:
            values = {name: getattr(self, name) for name in type(self).model_fields}
            values = {name: value for name, value in values.items() if name not in ("folder", "questions")}
            try:
                # The rules about labels and their corpus are those of a corpus with one block.
                type(self).model_validate({**values, **question.blocks(self.foundation_model)})
            except ValidationError as error:
                said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
                raise ValueError(f"question {question.name} of labels: {said}") from error
        return self

    def of_question(self, name: str) -> "Corpus":
        """The corpus as if it asked one of its questions alone; its name is `corpus.question`.

        Raises: InvalidInput for a question that it does not ask.
        """
        for question in self.questions:
            if question.name == name:
                one = {"questions": (), "name": f"{self.name}.{question.name}"}
                return self.model_copy(update={**question.blocks(self.foundation_model), **one})
        known = ", ".join(question.name for question in self.questions) or "none with a name"
        raise InvalidInput(f"corpus {self.name} has no question {name!r}; there are: {known}")

    @property
    def asks_for_objects(self) -> bool:
        """Whether an answer is the objects of an image, and no class."""
        return self.labels.kind == OBJECTS

    @property
    def has_labels(self) -> bool:
        """Whether it asks a question, so that its samples get labels."""
        return bool(self.labels.classes)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The possible labels, in a fixed order.

        Raises: SourceMissing when the file that `classes` names is not beside the YAML file; InvalidInput for one that
            lists no classes.
        """
        if isinstance(self.labels.classes, tuple):
            return self.labels.classes
        return read_classes(Path(self.folder or ".") / self.labels.classes)

    def known_class(self, known_label: str | None) -> str | None:
        """The class of a label known beforehand: itself, `other` for one outside the classes, out of scope for none.

        A label that differs from one class only, and by case or white space only, is that class.
        """
        if not self.has_labels:
            return known_label or None
        if not known_label:
            return self.labels.out_of_scope
        return self.named_class(known_label) or self.labels.other

    def given_class(self, value: str | None) -> str | None:
        """The class of a value of `labels.given`: itself, or `other` for one outside the classes; None for no label."""
        return (self.named_given_class(value) or self.labels.other) if value else None

    def named_given_class(self, value: str) -> str | None:
        """The class that a value of `labels.given` names; None where it names none."""
        return None if self.labels.given is None else self._named(value, self.labels.given.pattern)

    def named_class(self, known_label: str) -> str | None:
        """The class that a label known beforehand names; None where it names none."""
        return self._named(known_label, self.known_label_pattern)

    def _named(self, label: str, pattern: str | None) -> str | None:
        name: str | None = label
        if pattern is not None:
            match = re.fullmatch(pattern, label)
            name = match.group(1) if match else None
        if name is None:
            return None
        old = self._finder_of_old_names.find(name)
        return self._class_finder.find(name) or (None if old is None else self.labels.renamed[old])

    @cached_property
    def _class_finder(self) -> ClassNames:
        return ClassNames(self.class_names)

    @cached_property
    def _finder_of_old_names(self) -> ClassNames:
        return ClassNames(self.labels.renamed)

    @property
    def samples(self) -> Modality:
        """What its samples are, and what the engine has to know of them."""
        return find_modality(self.modality)

    @property
    def is_of_images(self) -> bool:
        """Whether its samples are shown as images; `samples` says more."""
        return self.samples.has_image

    def seed_for(self, *purpose: str | int) -> int:
        """A seed for one purpose, derived from the corpus' seed; the same purpose gives the same seed."""
        text = ":".join(map(str, (self.seed, *purpose)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {name: _without_secrets(entry) for name, entry in value.items()}
    return [_without_secrets(entry) for entry in value] if isinstance(value, list) else value
