"""One answer out of several about the objects of an image: the pixels that most of the weight holds to be inside.

What is done with masks is in `data_engine.segmentation.agreement`; how alike two answers are in `object_answers.py`.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from data_engine.schemas import answer_text
from data_engine.segmentation.agreement import DrawnObject, consensus_objects, match_objects
from data_engine.segmentation.masks import Mask
from data_engine.segmentation.polygons import to_mask, to_polygons
from data_engine.segmentation.rle import decode_rle, encode_rle

#: Below it nobody's pixels have a majority: of two, the one who is right more often is believed.
LEAST_FOR_A_MAJORITY = 3
_MOST_VERTICES = 500


def annotator_qualities(
    given: Sequence[Sequence[Mapping[str, Any]]], similarities: Sequence[Sequence[float]], traps: Mapping[str, Any]
) -> dict[str, float]:
    """How far each annotator is to be believed, from 0 to 1: how alike their answers are to those of others, and traps.

    Args:
        given: For each sample that several answered, the rows of its answers.
        similarities: For each of these rows, its mean similarity to the other answers, from 0 to 1.
        traps: By annotator, traps caught and missed.

    Returns: a share with one half for one observation more, so that little evidence says little.
    """
    total: dict[str, float] = defaultdict(float)
    counted: dict[str, float] = defaultdict(float)
    for rows, shares in zip(given, similarities, strict=True):
        for row, share in zip(rows, shares, strict=True):
            total[row["annotator"]] += share
            counted[row["annotator"]] += 1
    names = {row["annotator"] for rows in given for row in rows}
    found = {}
    for name in names:
        caught, missed = traps.get(name, (0, 0))
        found[name] = (total[name] + caught + 0.5) / (counted[name] + caught + missed + 1)
    return found


def masks_of(answer: str) -> list[DrawnObject]:
    """The objects of a checked answer as masks of the image's size: the exact mask where there is one."""
    found = json.loads(answer)
    height, width = found["size"]
    return [DrawnObject(one["class"], _mask_of(one, (height, width))) for one in found["objects"]]


def with_masks(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A parsed answer whose objects all have their mask: where nobody gave one, that of the polygons."""
    height, width = answer["size"]
    objects = [
        one if "mask" in one else {**one, "mask": encode_rle(to_mask(one["polygons"], (height, width)))}
        for one in answer["objects"]
    ]
    return {**answer, "objects": objects}


def consensus_answer(answers: Mapping[str, str], qualities: Mapping[str, float]) -> tuple[str, float]:
    """The objects that annotators with more than half of the weight drew, as an answer, and how sure it is.

    Args:
        answers: By annotator, checked answers about one image; at least three.
        qualities: By annotator; see `annotator_qualities`.

    Returns: The answer, and the weighted share of the annotators behind each object and behind none that was left
        out, the least of all objects; 1 where all drew the same objects.
    """
    size = json.loads(next(iter(answers.values())))["size"]
    drawn = {name: masks_of(answer) for name, answer in answers.items()}
    agreed = consensus_objects(drawn, qualities)
    objects = [_as_object(one.label, one.mask) for one, _ in agreed]
    sure = [share for _, share in agreed]
    sure += [1 - share for share in _left_out(drawn, [one for one, _ in agreed])]
    return answer_text({"size": size, "objects": [one for one in objects if one]}), min(sure, default=1.0)


def _left_out(drawn: Mapping[str, Sequence[DrawnObject]], agreed: Sequence[DrawnObject]) -> list[float]:
    """Of every object that somebody drew and that is not agreed on, the share of annotators that drew one more."""
    n = [len(match_objects(agreed, objects).only_second) for objects in drawn.values()]
    return [sum(bool(each) for each in n) / len(drawn)] if any(n) else []


def _as_object(label: str, mask: Mask) -> dict[str, Any]:
    if not mask.any():
        return {}
    for least in (0.95, 0.9, 0.8):
        rings = to_polygons(mask, min_iou=least)
        if sum(map(len, rings)) <= _MOST_VERTICES:
            break
    polygons = [np.asarray(ring, dtype=float).tolist() for ring in rings]
    return {"class": label, "polygons": polygons, "mask": encode_rle(mask)}


def _mask_of(one: Mapping[str, Any], size: tuple[int, int]) -> Mask:
    return decode_rle(one["mask"]) if "mask" in one else to_mask(one["polygons"], size)
