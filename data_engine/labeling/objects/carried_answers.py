"""Masks carried along a video as a proposal, and how far people agreed with such proposals.

Which frames they are carried through is followed in `data_engine.runtime.objects.carried_masks`.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from data_engine.labeling.answers.carried_from import CARRIED, CarriedFrom
from data_engine.labeling.answers.counted import counted_answers, is_decision
from data_engine.labeling.answers.object_forms import OBJECTS, shapes_of
from data_engine.labeling.objects.proposed_answers import proposed_answer
from data_engine.schemas import CARRIED_MASKS, answer_text
from data_engine.segmentation.masks import Mask

LEFT_IOU = 0.75
"""An object is as people say where it shares more than this."""

_N_DRAWS = 1_000
_Row = Mapping[str, Any]


def carried_answer(
    masks: Sequence[Mask], labels: Sequence[str], ways: Sequence[CarriedFrom], *, class_names: Sequence[str]
) -> str | None:
    """What is proposed of a frame, in canonical form; None where no outline is an answer.

    Args:
        masks: (h, w) each, of the size of the frame.
        labels: The class of each.
        ways: Where each comes from.
        class_names: The classes of the question.
    """
    objects: list[dict[str, Any]] = []
    for mask, label, way in zip(masks, labels, ways, strict=True):
        size = (mask.shape[0], mask.shape[1])
        answer, n_lost = proposed_answer([mask], [label], size=size, class_names=class_names)
        if not n_lost:
            objects += [{**one, CARRIED: way.said()} for one in json.loads(answer)["objects"]]
    return answer_text({"size": list(masks[0].shape), "objects": objects}) if objects else None


def carried_figures(reviewed: pa.Table, *, question: str = "") -> pa.Table:
    """How carried objects agree with what people answered who saw them, by the number of frames that they came.

    The IoU of a carried object is that with the most alike object of its class in the answer; 0 where it was deleted.
    The interval is of the mean, by a bootstrap over images.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        question: of several questions, the name of this one.

    Returns: rows of `schemas.CARRIED_MASKS`.
    """
    answers = [row for row in counted_answers(reviewed) if not is_decision(row) and row["arm"] != "trap"]
    measured: dict[tuple[bool, int], dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for row in answers:
        if row["kind"] != OBJECTS or row["proposed_answer"] is None:
            continue
        for way, share in carried_ious(row["proposed_answer"], row["answer"]):
            of_image = measured[row["is_simulated"], abs(way["n_frames"])][row["annotation_id"]]
            of_image.append((share, way["consistency"]))
    rows = [
        {"question": question, "is_simulated": is_simulated, "n_frames": n, **_figures(list(of_images.values()))}
        for (is_simulated, n), of_images in sorted(measured.items())
    ]
    return pa.Table.from_pylist(rows, schema=CARRIED_MASKS)


def carried_ious(proposed: str, answer: str) -> list[tuple[dict[str, Any], float]]:
    """Of each carried object of a proposal, where it came from and its IoU with what was answered."""
    found, drawn = [], shapes_of(answer)
    for one, (label, shape) in zip(json.loads(proposed)["objects"], shapes_of(proposed), strict=True):
        if one.get(CARRIED) is None:
            continue
        shares = [0.0]
        for other_label, other in drawn:
            shared = shape.intersection(other).area if label == other_label else 0.0
            shares.append(shared / (shape.area + other.area - shared))
        found.append((one[CARRIED], max(shares)))
    return found


def _figures(of_images: list[list[tuple[float, float]]]) -> dict[str, Any]:
    values = np.array([pair for image in of_images for pair in image])
    sums = np.array([[sum(share for share, _ in image), len(image)] for image in of_images])
    drawn = sums[np.random.default_rng(0).integers(0, len(sums), (_N_DRAWS, len(sums)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.05, 0.95])
    return {
        "n_images": len(of_images),
        "n_objects": len(values),
        "mean_iou": float(values[:, 0].mean()),
        "low": float(low),
        "high": float(high),
        "left_share": float((values[:, 0] > LEFT_IOU).mean()),
        "mean_consistency": float(values[:, 1].mean()),
    }
