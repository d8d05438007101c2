"""Answers of the kind `objects`: any number of objects in an image, each with its class and its polygons.

Their form is checked in `object_forms.py`; what is agreed of several is in `object_consensus.py`.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.answers.counted import decisions_in
from data_engine.labeling.answers.kind import Pooled, TrapRecords
from data_engine.labeling.answers.object_consensus import (
    LEAST_FOR_A_MAJORITY,
    annotator_qualities,
    consensus_answer,
    with_masks,
)
from data_engine.labeling.answers.object_forms import OBJECTS, checked_objects, shape_of, shapes_of
from data_engine.labeling.inputs import EmbeddingsOf, Floats
from data_engine.schemas import answer_text
from data_engine.segmentation.agreement import LEAST_IOU, Matched, match_shares

#: Two outlines that agree so far are one drawn twice; so far has a proposal to agree that would have done.
_SAME_IOU, _RIGHT_IOU = 0.9, 0.75
#: So far has an answer to agree with the consensus of pixels to stand for it.
_AS_GIVEN_IOU = 0.97


@dataclass(frozen=True)
class ObjectAnswers:
    """An answer is the objects of an image; see `kind.AnswerKind` for what each method promises."""

    name: str = OBJECTS

    def check_classes(self, classes: Sequence[str]) -> None:
        """Raises: InvalidInput for no class, or one that comes twice."""
        if not classes or len(set(classes)) != len(classes):
            raise InvalidInput(f"classes are {list(classes)[:10]}; give at least 1, each once")

    def validate(self, answer: object, classes: Sequence[str], *, of: str) -> str:
        """The answer in canonical form: every object inside the image, of an area, of one of the classes."""
        return answer_text(checked_objects(answer, classes, of=of))

    def check_place(self, answer: str, payload: Mapping[str, Any]) -> None:
        """Raises: InvalidInput for objects in an image of another size than that of the task."""
        said, size = json.loads(answer)["size"], payload.get("size")
        if size is not None and said != list(size):
            raise InvalidInput(
                f"the answer is about an image of {said[1]} x {said[0]} px, but the image of the task has {size[1]} x "
                f"{size[0]} px; give the objects in pixels of this image, with size [{size[0]}, {size[1]}]"
            )

    def from_label(self, label: str) -> str:
        """Raises: InvalidInput always: a class says nothing of where the objects are."""
        raise InvalidInput(
            f"the class {label!r} alone is no answer of the kind {OBJECTS}; give the objects with their polygons"
        )

    def label_of(self, answer: str) -> str | None:  # noqa: ARG002
        """None: the objects are more than a class."""
        return None

    def shown(self, answer: str) -> str:
        """How many objects of which class: `2 coin, 1 ring`."""
        counted = Counter(one["class"] for one in json.loads(answer)["objects"])
        return ", ".join(f"{n} {name}" for name, n in sorted(counted.items())) or "no objects"

    def is_same(self, one: str, other: str) -> bool:
        """The same objects, with outlines that share nine tenths of their area."""
        return _is_matched(one, other, _SAME_IOU)

    def is_right(self, proposed: str, truth: str) -> bool:
        """Every object is there with three quarters of its area shared, and no other one."""
        return _is_matched(proposed, truth, _RIGHT_IOU)

    def agreement(self, given: Sequence[Mapping[str, str]]) -> float:
        """Krippendorff's alpha with one less the similarity of two answers as their difference."""
        twice = [list(answers.values()) for answers in given if len(answers) > 1]
        if not twice:
            raise NotEnoughData("no sample has two answers; ask a second annotator about some samples")
        observed = [
            np.mean([1 - similarity(one, other) for one, other in combinations(answers, 2)]) for answers in twice
        ]
        weights = [len(answers) for answers in twice]
        pairs = combinations([answer for answers in twice for answer in answers], 2)
        expected = float(np.mean([1 - similarity(one, other) for one, other in pairs]))
        return 1 - float(np.average(observed, weights=weights)) / expected if expected else 1.0

    def pool(
        self,
        rows: Sequence[Mapping[str, Any]],
        classes: Sequence[str],
        *,
        embeddings_of: EmbeddingsOf,  # noqa: ARG002
        seed: int,  # noqa: ARG002
        traps: TrapRecords | None = None,
    ) -> Pooled:
        """The objects that most annotators drew, pixel by pixel; of two answers that of who is more often right.

        Annotators weigh by how alike their answers are to those of others, and by how they did at traps. A consensus
        of three or more is the answer of one of them where that says the same; see `object_consensus.py`.
        """
        for row in rows:
            checked_objects(row["answer"], classes, of="the corpus")
        decided = decisions_in(rows)
        of_sample: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            of_sample.setdefault(row["sample_id"], []).append(row)
        ids = sorted(of_sample)
        several = [of_sample[key] for key in ids if key not in decided and len(of_sample[key]) > 1]
        qualities = annotator_qualities(several, [_similarities(given) for given in several], traps or {})
        pooled = [
            (decided[key]["answer"], 1.0) if key in decided else _pooled(of_sample[key], qualities) for key in ids
        ]
        answers, posteriors = zip(*pooled, strict=True) if pooled else ((), ())
        given = tuple(tuple(of_sample[key]) for key in ids)
        return Pooled(tuple(ids), tuple(answers), np.array(posteriors, dtype=np.float64), given)

    def qualities(
        self,
        answers: Sequence[str],
        classes: Sequence[str],  # noqa: ARG002
        embeddings: Floats,  # noqa: ARG002
        *,
        seed: int,  # noqa: ARG002
    ) -> NDArray[np.float64]:
        """One half of each: embeddings of whole images say nothing of the outlines in them."""
        return np.full(len(answers), 0.5)

    def wrong_answer(
        self,
        answer: str,
        classes: Sequence[str],
        *,
        probabilities: NDArray[Any] | None,  # noqa: ARG002
        draw: int,
    ) -> str:
        """One object with another class; where there is one class only, without it or with its outline drawn in by two
        fifths; an object where there is none."""
        wrong = json.loads(answer)
        objects = wrong["objects"]
        if not objects:
            height, width = wrong["size"]
            ring = [[width / 4, height / 4], [width / 2, height / 4], [width / 2, height / 2], [width / 4, height / 2]]
            objects.append({"class": classes[draw % len(classes)], "polygons": [ring]})
        elif len(classes) > 1:
            one = objects[draw % len(objects)]
            step = 1 + draw % (len(classes) - 1)
            one["class"] = classes[(list(classes).index(one["class"]) + step) % len(classes)]
        elif (draw // len(objects)) % 2:
            del objects[draw % len(objects)]
        else:
            objects[draw % len(objects)] = _drawn_in(objects[draw % len(objects)])
        return answer_text(wrong)

    def exported(self, answers: Sequence[str]) -> dict[str, pa.Array]:
        """One column, `objects`: the answer as JSON, every object with its polygons and its mask as run lengths."""
        return {"objects": pa.array([answer_text(with_masks(json.loads(answer))) for answer in answers], pa.string())}


def _drawn_in(one: Mapping[str, Any]) -> dict[str, Any]:
    """The object with its outline drawn in towards its middle, so that it shares far less than half of its area."""
    (left, top, right, bottom), kept = shape_of(one["polygons"]).bounds, {"class": one["class"]}
    middle = np.array([left + right, top + bottom]) / 2
    rings = [(middle + 0.6 * (np.asarray(ring, dtype=float) - middle)).tolist() for ring in one["polygons"]]
    return {**kept, "polygons": rings}


def similarity(one: str, other: str) -> float:
    """The IoUs of the objects that two answers share, over all objects of either; 1 for two without objects."""
    matched = _matched(one, other, LEAST_IOU)
    n_objects = len(matched.pairs) + len(matched.only_first) + len(matched.only_second)
    return sum(matched.ious) / n_objects if n_objects else 1.0


def matched_objects(one: str, other: str) -> Matched:
    """The objects of two answers in pairs of one class that share half of their area at least."""
    return _matched(one, other, LEAST_IOU)


def _is_matched(one: str, other: str, least_iou: float) -> bool:
    matched = _matched(one, other, least_iou)
    return not matched.only_first and not matched.only_second


def _matched(one: str, other: str, least_iou: float) -> Matched:
    first, second = shapes_of(one), shapes_of(other)
    shares = np.zeros((len(first), len(second)))
    for row, (label, shape) in enumerate(first):
        for column, (other_label, other_shape) in enumerate(second):
            if label == other_label and shape.intersects(other_shape):
                shared = shape.intersection(other_shape).area
                shares[row, column] = shared / (shape.area + other_shape.area - shared)
    return match_shares(shares, least_iou=least_iou)


def _similarities(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """The mean similarity of each of several answers to the others."""
    shares = np.zeros((len(rows), len(rows)))
    for one, other in combinations(range(len(rows)), 2):
        shares[one, other] = shares[other, one] = similarity(rows[one]["answer"], rows[other]["answer"])
    return list((shares.sum(axis=1) / (len(rows) - 1)).tolist())


def _pooled(rows: Sequence[Mapping[str, Any]], qualities: Mapping[str, float]) -> tuple[str, float]:
    """The agreed answer of a sample and how sure it is; one half where nobody else said anything."""
    answers = {row["annotator"]: row["answer"] for row in rows}
    if len(answers) == 1:
        return rows[-1]["answer"], 0.5
    if len(answers) < LEAST_FOR_A_MAJORITY:
        best = max(sorted(answers), key=lambda name: qualities[name])
        return answers[best], float(np.clip(min(_similarities(rows)), 0.01, 1))
    agreed, sure = consensus_answer(answers, qualities)
    alike, name = max((similarity(answer, agreed), name) for name, answer in sorted(answers.items()))
    # As somebody gave it, with its clicks and few vertices, where that says the same.
    return (answers[name] if alike >= _AS_GIVEN_IOU else agreed), sure
