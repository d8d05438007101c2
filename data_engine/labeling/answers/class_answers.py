"""Answers of the kind `class`: one of the classes of the question, as `{"label": "mit"}`.

The other kinds are in files beside this one; which answers count is in `counted.py`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling.agreement import krippendorff_alpha
from data_engine.labeling.answers.counted import decisions_in, is_decision
from data_engine.labeling.answers.kind import Pooled, TrapRecords
from data_engine.labeling.consensus import consensus
from data_engine.labeling.inputs import EmbeddingsOf, Floats, Integers, find_embeddings
from data_engine.labeling.quality import label_quality, out_of_fold_probabilities
from data_engine.schemas import answer_text

CLASS = "class"
"""The name of this kind."""

_MAX_NAMED = 10


@dataclass(frozen=True)
class ClassAnswers:
    """An answer is one class; see `kind.AnswerKind` for what each method promises."""

    name: str = CLASS

    def check_classes(self, classes: Sequence[str]) -> None:
        """Raises: InvalidInput for fewer than two classes, or one that comes twice."""
        if len(classes) < 2 or len(set(classes)) != len(classes):
            twice = sorted({name for name in classes if list(classes).count(name) > 1})[:_MAX_NAMED]
            named = f", and {twice} more than once" if twice else ""
            raise InvalidInput(
                f"classes names {len(set(classes))}{named}; give at least 2 different answers, each once"
            )

    def validate(self, answer: object, classes: Sequence[str], *, of: str) -> str:
        """The answer in canonical form; its label is one of the classes."""
        label = _label_in(answer)
        if label not in classes:
            raise UnknownLabel(_no_class(label, classes, of))
        return self.from_label(label)

    def check_place(self, answer: str, payload: Mapping[str, Any]) -> None:
        """A class can be said of any sample."""

    def from_label(self, label: str) -> str:
        """The answer that is this class."""
        return answer_text({"label": label})

    def label_of(self, answer: str) -> str:
        """The class."""
        return _label_in(answer)

    def shown(self, answer: str) -> str:
        """The class."""
        return _label_in(answer)

    def is_same(self, one: str, other: str) -> bool:
        """The same class."""
        return one == other

    def is_right(self, proposed: str, truth: str) -> bool:
        """The same class."""
        return proposed == truth

    def agreement(self, given: Sequence[Mapping[str, str]]) -> float:
        """Krippendorff's alpha for nominal answers."""
        annotators = sorted({name for answers in given for name in answers})
        number = {answer: i for i, answer in enumerate(sorted({x for answers in given for x in answers.values()}))}
        ratings = np.full((len(annotators), len(given)), np.nan)
        for column, answers in enumerate(given):
            for name, answer in answers.items():
                ratings[annotators.index(name), column] = number[answer]
        return krippendorff_alpha(ratings)

    def pool(
        self,
        rows: Sequence[Mapping[str, Any]],
        classes: Sequence[str],
        *,
        embeddings_of: EmbeddingsOf,
        seed: int,
        traps: TrapRecords | None = None,
    ) -> Pooled:
        """The consensus of the answers, pooled with a classifier that was trained without them (out of fold)."""
        first = agree(rows, classes, traps=traps)
        known, embeddings = find_embeddings(embeddings_of, first.sample_ids)
        opinions = np.full((len(known), len(classes)), 1 / len(classes), dtype=np.float32)
        if known.any():
            opinions[known] = out_of_fold_probabilities(
                embeddings, first.classes[known], seed=seed, n_classes=len(classes)
            )
        agreed = agree(rows, classes, probabilities=opinions, traps=traps)
        answers = tuple(self.from_label(classes[number]) for number in agreed.classes.tolist())
        return Pooled(agreed.sample_ids, answers, agreed.posteriors, agreed.answers)

    def qualities(
        self, answers: Sequence[str], classes: Sequence[str], embeddings: Floats, *, seed: int
    ) -> NDArray[np.float64]:
        """How far each label fits its neighbourhood and an out-of-fold classifier; see `quality.label_quality`."""
        number_of = {name: number for number, name in enumerate(classes)}
        numbers = np.array([number_of[_label_in(answer)] for answer in answers], dtype=np.int64)
        return label_quality(embeddings, numbers, seed=seed)

    def wrong_answer(
        self, answer: str, classes: Sequence[str], *, probabilities: NDArray[Any] | None, draw: int
    ) -> str:
        """The most probable wrong class where there are probabilities, else a drawn one."""
        known = list(classes).index(_label_in(answer))
        if probabilities is not None:
            order = np.argsort(-probabilities, kind="stable")
            wrong = int(order[order != known][0])
        else:
            wrong = (known + 1 + draw % (len(classes) - 1)) % len(classes)
        return self.from_label(classes[wrong])

    def exported(self, answers: Sequence[str]) -> dict[str, pa.Array]:
        """One column, `label`."""
        return {"label": pa.array([_label_in(answer) for answer in answers], pa.string())}


@dataclass(frozen=True, eq=False)
class Agreed:
    """One label per answered sample, in the order of `sample_ids` (ascending).

    `classes` (n,) class numbers, `posteriors` (n,) their probability by the answers (and the classifier, where one
    took part), `answers` the table rows behind each.
    """

    sample_ids: tuple[str, ...]
    classes: Integers
    posteriors: NDArray[np.float64]
    answers: tuple[tuple[Mapping[str, Any], ...], ...]


def agree(
    rows: Sequence[Mapping[str, Any]],
    class_names: Sequence[str],
    *,
    probabilities: Floats | None = None,
    traps: TrapRecords | None = None,
) -> Agreed:
    """One label per sample: what a reviewer decided, else the most probable of the labels that somebody gave.

    Args:
        rows: answers of this kind as `counted_answers` returns them.
        class_names: the possible labels.
        probabilities: (n_samples, n_classes) of a classifier that did not learn from these answers, samples in
            ascending order of their id; None to go by the answers alone.
        traps: how annotators did at traps; see `consensus.consensus`.

    Raises: UnknownLabel naming labels that are not among the classes.
    """
    number_of = {name: number for number, name in enumerate(class_names)}
    labels = [_label_in(row["answer"]) for row in rows]
    unknown = sorted(set(labels) - set(number_of))
    if unknown:
        raise UnknownLabel(
            f"{len(unknown)} answered labels are not among the {len(class_names)} classes: "
            f"{', '.join(unknown[:_MAX_NAMED])}; add them to the corpus' classes or correct the answers"
        )
    sample_ids, sample = np.unique([row["sample_id"] for row in rows], return_inverse=True)
    # What somebody says as a reviewer tells nothing of what they say as an annotator.
    names, annotator = np.unique([f"{is_decision(row):d}{row['annotator']}" for row in rows], return_inverse=True)
    label = np.array([number_of[name] for name in labels], dtype=np.int64)
    decided = {key: number_of[_label_in(row["answer"])] for key, row in decisions_in(rows).items()}
    posterior = consensus(
        {"sample": sample, "annotator": annotator, "label": label},
        n_classes=len(class_names),
        probabilities=probabilities,
        known={number: decided[key] for number, key in enumerate(sample_ids.tolist()) if key in decided},
        traps={number: (traps or {}).get(name[1:], (0, 0)) for number, name in enumerate(names.tolist())},
    ).posterior
    was_given = np.zeros(posterior.shape, dtype=bool)
    was_given[sample, label] = True
    classes = np.where(was_given, posterior, -1.0).argmax(axis=1)
    grouped: list[list[Mapping[str, Any]]] = [[] for _ in sample_ids]
    for number, row in zip(sample.tolist(), rows, strict=True):
        grouped[number].append(row)
    posteriors = posterior[np.arange(len(classes)), classes]
    return Agreed(tuple(sample_ids.tolist()), classes, posteriors, tuple(map(tuple, grouped)))


def _label_in(answer: object) -> str:
    """The label of `{"label": "mit"}`, given as an object or as its text.

    Raises: InvalidInput for anything else.
    """
    found = answer
    if isinstance(answer, str):
        try:
            found = json.loads(answer)
        except json.JSONDecodeError:
            found = None
    if not isinstance(found, Mapping) or set(found) != {"label"} or not isinstance(found["label"], str):
        raise InvalidInput(
            f"answer is {str(answer)[:200]!r}; an answer of the kind {CLASS} is a JSON object with one text, such as "
            '{"label":"mit"}: give that, or the label alone as label'
        )
    return found["label"]


def _no_class(label: str, classes: Sequence[str], of: str) -> str:
    near = get_close_matches(label, classes, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(map(repr, near))}?" if near else f"the classes begin with {list(classes[:3])}"
    return (
        f"label {label!r} is not one of the {len(classes)} classes of {of}; {hint}; a batch keeps the "
        "classes it was opened with, so where labels.classes has changed since, put them back until it is answered"
    )
