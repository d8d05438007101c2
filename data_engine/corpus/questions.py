"""Several questions about one corpus: the block `labels` of its YAML as a list of named blocks.

What one block holds is in `labels.py`. A question has the name `corpus.question` wherever a corpus is named.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import field_validator, model_validator

from data_engine.corpus.foundation_model import FoundationModel
from data_engine.corpus.given_labels import with_one_group
from data_engine.corpus.labels import Labels
from data_engine.corpus.review import Review
from data_engine.schemas import RELEASE, TABLES
from data_engine.settings import Name

#: What a released sample says of the answer to each question; a column of its file is `<question>_<one of these>`.
OF_A_QUESTION = ("label", "provenance", "posterior", "quality")
#: What stands in an asset key where a question would: steps, tables, and the layers of SQL models.
_TAKEN = frozenset({*TABLES, "review_batches", "staging", "intermediate", "marts", "ref", "questions"})


class Question(Labels):
    """One of several questions that are asked of every sample of the subset."""

    name: Name
    """A short name in lower case letters, digits and underscores: part of asset keys, folders, and of the columns of a
    release."""
    required: bool = False
    """Whether a sample that has no label of this question yet stays out of the release; without it the sample is
    released as soon as any question has a label for it, and the columns of this one are empty."""
    known_label_column: str | None = None
    """Metadata column with labels known beforehand of this question; as that of the corpus, which stands for the
    question without one."""
    known_label_pattern: str | None = None
    """As that of the corpus, for the column of this question."""
    review: Review | None = None
    """When people are asked this question, and what they are told; without it the block `review` of the corpus."""

    @model_validator(mode="before")
    @classmethod
    def _has_a_name(cls, value: Any) -> Any:
        if isinstance(value, dict) and "name" not in value:
            raise ValueError("a question in a list has no name; give it a short one, such as `name: topic`")
        return value

    @field_validator("name")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if value in _TAKEN:
            raise ValueError(f"name is {value!r}, which is the name of a step, table or folder; choose another name")
        taken = sorted({f"{value}_{column}" for column in OF_A_QUESTION} & set(RELEASE.names))
        if taken:
            raise ValueError(f"name is {value!r}, but a release has a column {taken[0]} already; choose another name")
        return value

    @field_validator("known_label_pattern")
    @classmethod
    def _has_one_group(cls, value: str | None) -> str | None:
        return with_one_group("known_label_pattern", value)

    def blocks(self, foundation_model: FoundationModel | None = None) -> dict[str, Any]:
        """What is otherwise in a corpus that asks this question alone: values of its fields by name.

        Args:
            foundation_model: of the corpus; a question that does not name it among its deciders has none.
        """
        found: dict[str, Any] = {
            "labels": Labels.model_construct(**{name: getattr(self, name) for name in Labels.model_fields}),
            "foundation_model": foundation_model if "foundation_model" in self.decider_names else None,
        }
        if self.known_label_column is not None:
            found |= {"known_label_column": self.known_label_column, "known_label_pattern": self.known_label_pattern}
        return found if self.review is None else {**found, "review": self.review}


def listed_as_questions(value: Any) -> Any:
    """The values of a YAML file, with a list under `labels` moved to the field `questions`.

    Raises: ValueError where the file has that key itself.
    """
    if not isinstance(value, dict) or isinstance(value.get("labels"), Labels):
        return value
    if "questions" in value:
        raise ValueError("there is no key 'questions'; give the list of questions under labels")
    if not isinstance(value.get("labels"), list | tuple):
        return value
    return {**{name: block for name, block in value.items() if name != "labels"}, "questions": value["labels"]}


def named_once(questions: Sequence[Question]) -> tuple[Question, ...]:
    """The questions. Raises: ValueError where there are none, naming those of one name."""
    if not questions:
        raise ValueError("labels is an empty list; give a block with a name for each question, or remove labels")
    names = [question.name for question in questions]
    twice = {name: [str(n) for n, each in enumerate(names, start=1) if each == name] for name in names}
    for name, places in twice.items():
        if len(places) > 1:
            raise ValueError(
                f"the blocks {' and '.join(places)} of labels have the name {name!r}; give each a name of its own"
            )
    return tuple(questions)


def schema_of_labels(properties: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of the block `labels`: one block, or a list of named ones.

    Args:
        properties: The schemas of the fields `labels` and `questions` of a corpus.
    """
    one = {name: value for name, value in properties["labels"].items() if name not in ("description", "default")}
    listed = {"type": "array", "minItems": 1, "items": properties["questions"]["items"]}
    # An if and not an anyOf: the error then names the key that is wrong, and its line.
    described = properties["labels"]["description"]
    return {"if": {"type": "array"}, "then": listed, "else": one, "description": described}
