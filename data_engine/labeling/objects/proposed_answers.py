"""The masks that are proposed of an image as an answer of the kind `objects`, and reviewed answers as masks.

Which masks are proposed is decided by `object_model.py`.
"""

import json
from collections.abc import Sequence

import numpy as np

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.object_forms import MOST_OBJECTS, MOST_VERTICES, checked_objects
from data_engine.labeling.provenance import MODEL_AUTO
from data_engine.schemas import answer_text
from data_engine.segmentation.masks import Mask
from data_engine.segmentation.polygons import to_mask, to_polygons


def proposed_answer(
    masks: Sequence[Mask], labels: Sequence[str], *, size: tuple[int, int], class_names: Sequence[str]
) -> tuple[str, int]:
    """The answer in canonical form, and how many masks it lacks because their outline is no answer.

    Args:
        masks: (h, w) each, the surest first; smaller than the image where that is large.
        labels: The class of each.
        size: Height and width of the image in pixels.
        class_names: The classes of the question.
    """
    objects, n_lost = [], max(0, len(masks) - MOST_OBJECTS)
    for mask, label in zip(masks[:MOST_OBJECTS], labels[:MOST_OBJECTS], strict=True):
        one = {"class": label, "polygons": _polygons(mask, size), "provenance": MODEL_AUTO}
        try:
            checked_objects({"size": list(size), "objects": [one]}, class_names, of="the corpus")
        except InvalidInput:
            n_lost += 1
            continue
        objects.append(one)
    return answer_text({"size": list(size), "objects": objects}), n_lost


def reviewed_masks(answer: str, shape: tuple[int, int], class_names: Sequence[str]) -> tuple[list[Mask], list[int]]:
    """The objects of an answer as masks of this shape, and the number of the class of each; empty ones are left out."""
    found = json.loads(answer)
    factor = np.array([shape[1] / found["size"][1], shape[0] / found["size"][0]])
    masks, classes = [], []
    for one in found["objects"]:
        mask = to_mask([np.asarray(ring, dtype=float) * factor for ring in one["polygons"]], shape)
        if mask.any() and one["class"] in class_names:
            masks.append(mask)
            classes.append(list(class_names).index(one["class"]))
    return masks, classes


def _polygons(mask: Mask, size: tuple[int, int]) -> list[list[list[float]]]:
    rings = []
    for least in (0.95, 0.9, 0.8):
        rings = to_polygons(mask, min_iou=least)
        if sum(map(len, rings)) <= MOST_VERTICES:
            break
    factor = np.array([size[1] / mask.shape[1], size[0] / mask.shape[0]])
    return [(np.asarray(ring, dtype=float) * factor).tolist() for ring in rings]
