"""A chooser over predictors: every candidate mask gets the IoU that can be expected of it, the best one is taken.

Its weights are numbers in `chooser_weights.json`, which `benchmarks/mask_chooser.py` writes with what they were trained
on.
"""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.segmentation.crop import Crop, SoftMask
from data_engine.segmentation.masks import Mask, bounding_box, iou
from data_engine.segmentation.predictors.dense_layers import DenseLayers, layers_from_json
from data_engine.segmentation.predictors.fusion import fused
from data_engine.segmentation.predictors.grabcut import cut_small, grabcut
from data_engine.segmentation.predictors.shapes import box_of, octagon, quadrilateral, within_box

WEIGHTS_FILE = Path(__file__).with_name("chooser_weights.json")
CANDIDATES = ("fused", "refined", "grabcut", "octagon", "salient", "salient_and_fused")
N_MASK_FEATURES = 14 + len(CANDIDATES)

_SURE_OUTSIDE, _SURE_INSIDE = 0.15, 0.85

#: Candidates count by how far their expected IoU lies below the best one; at this distance about a third as much.
_NEARLY_AS_GOOD = 0.04

Saliency = Callable[[Crop], SoftMask]


@dataclass(frozen=True)
class ChooserWeights:
    """`pixels` gives logits of pixels to be inside, `masks` the expected IoU of a mask."""

    pixels: DenseLayers
    masks: DenseLayers


def choose(crop: Crop, saliency: Saliency | None, weights: ChooserWeights) -> tuple[str, SoftMask, float]:
    """Name and expected IoU of the best candidate; between them the soft mask of all that are nearly as good."""
    by_colour, salient = _opinions(crop, saliency)
    found = candidates(crop, by_colour, salient, weights.pixels)
    expected = weights.masks(mask_features(crop, found))
    best = int(expected.argmax())
    shares = np.exp((expected - expected[best]) / _NEARLY_AS_GOOD)
    blended = np.tensordot(shares / shares.sum(), np.stack(list(found.values())), 1).astype(np.float32)
    return list(found)[best], blended, float(np.clip(expected[best], 0, 1))


def _opinions(crop: Crop, saliency: Saliency | None) -> tuple[SoftMask, SoftMask | None]:
    """What GrabCut finds and what stands out, at the same time: neither holds the interpreter while it works."""
    if saliency is None:
        return grabcut(crop), None
    with ThreadPoolExecutor(1) as beside:
        salient = beside.submit(saliency, crop)
        return grabcut(crop), salient.result()


def candidates(crop: Crop, by_colour: SoftMask, salient: SoftMask | None, pixels: DenseLayers) -> dict[str, SoftMask]:
    """The soft masks to choose from, by name.

    Args:
        crop: What they are of.
        by_colour: What GrabCut found.
        salient: What stands out; None where nobody looked, and then there are two candidates less.
        pixels: What weighs the two and the points, pixel by pixel.
    """
    weighed = fused(crop, by_colour, salient, pixels)
    found: dict[str, SoftMask] = {
        "fused": weighed,
        "refined": _refined(crop, weighed),
        "grabcut": by_colour,
        "octagon": octagon(crop),
    }
    if salient is not None:
        found |= {"salient": salient, "salient_and_fused": (salient + weighed) * np.float32(0.5)}
    return found


def mask_features(crop: Crop, found: dict[str, SoftMask]) -> NDArray[np.float32]:
    """What is known of each candidate: (n_candidates, n_features)."""
    allowed = within_box(crop, 1.5)
    masks = {name: (soft > 0.5) & allowed for name, soft in found.items()}
    edges = _gradients(crop)
    agreement = np.array([[iou(one, other) for other in masks.values()] for one in masks.values()])
    spread = agreement.sum(axis=1) - 1
    rows = []
    for number, (name, soft) in enumerate(found.items()):
        others = np.delete(agreement[number], number)
        is_this = [float(name == other) for other in CANDIDATES]
        own = _own_features(crop, soft, masks[name], allowed, edges)
        rows.append([spread[number] / len(others), others.max(), agreement[number, 0], *own, *is_this])
    return np.array(rows, dtype=np.float32)


@cache
def shipped_weights(*, has_saliency: bool) -> tuple[ChooserWeights, str]:
    """The weights that come with the engine, and a fingerprint of them.

    Raises: InvalidInput for a file of another form.
    """
    text = WEIGHTS_FILE.read_text("utf-8")
    key = "with_saliency" if has_saliency else "without_saliency"
    try:
        found: dict[str, Any] = json.loads(text)[key]
        weights = ChooserWeights(layers_from_json(found["pixels"]), layers_from_json(found["masks"]))
    except (KeyError, ValueError, TypeError) as error:
        raise InvalidInput(
            f"{WEIGHTS_FILE.name} holds no weights for {key} ({error}); install the engine anew"
        ) from error
    return weights, hashlib.sha256(text.encode()).hexdigest()[:8]


def _own_features(crop: Crop, soft: SoftMask, mask: Mask, allowed: Mask, edges: SoftMask) -> list[float]:
    """Eleven numbers of one candidate: where it lies, how sure it is of itself, where its edge runs."""
    if not mask.any():
        return [0.0] * 11
    left, top, right, bottom = box_of(crop.points)
    area, box_area = float(np.count_nonzero(mask)), max((right - left) * (bottom - top), 1.0)
    to_points = _distances(mask, crop)
    outside = float(np.count_nonzero((soft > 0.5) & ~allowed))
    return [
        area / box_area,
        iou(mask, octagon(crop) > 0.5),
        iou(mask, quadrilateral(crop) > 0.5),
        to_points[0],
        to_points[1],
        _box_agreement(mask, crop),
        outside / (area + outside),
        float(np.abs(soft[allowed] - 0.5).mean() * 2),
        iou((soft > 0.3) & allowed, (soft > 0.7) & allowed),
        _edge_contrast(mask, edges),
        _largest_share(mask),
    ]


def _refined(crop: Crop, weighed: SoftMask) -> SoftMask:
    """GrabCut once more, between what the fusion is sure of."""
    import cv2

    labels = np.where(weighed > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[weighed > _SURE_INSIDE] = cv2.GC_FGD
    labels[(weighed < _SURE_OUTSIDE) | ~within_box(crop, 1)] = cv2.GC_BGD
    return cut_small(crop, labels, n_rounds=1)


def _distances(mask: Mask, crop: Crop) -> tuple[float, float]:
    """Mean and largest distance of the four points to the mask, in shares of the crop's longer side."""
    import cv2

    away = cv2.distanceTransform(1 - mask.astype(np.uint8), cv2.DIST_L2, 5) / max(mask.shape)
    columns = np.clip(crop.points[:, 0].astype(int), 0, mask.shape[1] - 1)
    rows = np.clip(crop.points[:, 1].astype(int), 0, mask.shape[0] - 1)
    found = away[rows, columns]
    return float(found.mean()), float(found.max())


def _box_agreement(mask: Mask, crop: Crop) -> float:
    """IoU of the mask's bounding box and the box of the points."""
    left, top, right, bottom = bounding_box(mask)
    box_left, box_top, box_right, box_bottom = box_of(crop.points)
    width = max(0.0, min(right, box_right) - max(left, box_left))
    height = max(0.0, min(bottom, box_bottom) - max(top, box_top))
    both = (right - left) * (bottom - top) + (box_right - box_left) * (box_bottom - box_top)
    return width * height / max(both - width * height, 1.0)


def _gradients(crop: Crop) -> SoftMask:
    import cv2

    grey = cv2.cvtColor(crop.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(np.hypot(across, down), dtype=np.float32)


def _edge_contrast(mask: Mask, edges: SoftMask) -> float:
    """Gradient along the mask's edge, as a multiple of that of the whole crop; at most 5."""
    import cv2

    inside = mask.astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    is_edge = cv2.dilate(inside, kernel) != cv2.erode(inside, kernel)
    return float(min(edges[is_edge].mean() / (edges.mean() + 1), 5.0)) if is_edge.any() else 0.0


def _largest_share(mask: Mask) -> float:
    """The largest connected part, as a share of the mask."""
    import cv2

    _, _, figures, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    return float(figures[1:, cv2.CC_STAT_AREA].max() / figures[1:, cv2.CC_STAT_AREA].sum())
