"""Answers of the kind `objects`: any number of objects in an image, each with its class and its polygons.

Their form is checked in `object_forms.py`. A consensus that nobody gave as it is, pixel by pixel, is in
`data_engine.segmentation.agreement`.
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
from data_engine.labeling.answers.object_forms import OBJECTS, checked_objects, shapes_of
from data_engine.labeling.inputs import EmbeddingsOf, Floats
from data_engine.schemas import answer_text
from data_engine.segmentation.agreement import LEAST_IOU, Matched, match_shares

#: Two outlines that agree so far are one drawn twice; so far has a proposal to agree that would have done.
_SAME_IOU, _RIGHT_IOU = 0.9, 0.75


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
        """The answer that is most similar to the others, which count by how their annotators did at traps."""
        for row in rows:
            checked_objects(row["answer"], classes, of="the corpus")
        decided = decisions_in(rows)
        of_sample: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            of_sample.setdefault(row["sample_id"], []).append(row)
        answers, posteriors = [], []
        for sample_id in sorted(of_sample):
            if sample_id in decided:
                answers.append(decided[sample_id]["answer"])
                posteriors.append(1.0)
            else:
                answer, share = _most_similar(of_sample[sample_id], traps or {})
                answers.append(answer)
                posteriors.append(share)
        given = tuple(tuple(of_sample[sample_id]) for sample_id in sorted(of_sample))
        return Pooled(tuple(sorted(of_sample)), tuple(answers), np.array(posteriors, dtype=np.float64), given)

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
        """One object with another class; where there is one class only, without it; an object where there is none."""
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
        else:
            del objects[draw % len(objects)]
        return answer_text(wrong)

    def exported(self, answers: Sequence[str]) -> dict[str, pa.Array]:
        """Two columns: `objects`, the answer as JSON, and `n_objects`."""
        numbers = [len(json.loads(answer)["objects"]) for answer in answers]
        return {"objects": pa.array(answers, pa.string()), "n_objects": pa.array(numbers, pa.int64())}


def similarity(one: str, other: str) -> float:
    """The IoUs of the objects that two answers share, over all objects of either; 1 for two without objects."""
    matched = _matched(one, other, LEAST_IOU)
    n_objects = len(matched.pairs) + len(matched.only_first) + len(matched.only_second)
    return sum(matched.ious) / n_objects if n_objects else 1.0


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


def _most_similar(rows: Sequence[Mapping[str, Any]], traps: TrapRecords) -> tuple[str, float]:
    """The answer and its mean similarity to the others; one half where there are no others."""
    if len(rows) == 1:
        return rows[0]["answer"], 0.5
    weights = []
    for row in rows:
        caught, missed = traps.get(row["annotator"], (0, 0))
        weights.append((caught + 1) / (caught + missed + 1))
    shares = []
    for number, row in enumerate(rows):
        others = [place for place in range(len(rows)) if place != number]
        found = [similarity(row["answer"], rows[place]["answer"]) for place in others]
        shares.append(float(np.average(found, weights=[weights[place] for place in others])))
    ranked = [share + 1e-6 * weight for share, weight in zip(shares, weights, strict=True)]
    best = int(np.argmax(ranked))
    return rows[best]["answer"], float(np.clip(shares[best], 0.01, 1))
