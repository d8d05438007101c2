"""GrabCut between the octagon of the points and seeds within it; it needs no weights.

Sources: Rother et al. 2004; seeds at the points: Papadopoulos et al. 2017. How clicks are taken up is in `clicks.py`.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.segmentation.crop import Crop, SoftMask
from data_engine.segmentation.masks import Mask, iou
from data_engine.segmentation.predictors.shapes import octagon, octagon_of, within_box

_N_ROUNDS = 2
#: The longer side of what the colours are looked at on: time grows with the pixels, and outlines hardly get better.
_SIDE_PX = 96
_SEED = 0
#: The octagon shrunk to this share of its size is surely inside.
_CORE = 0.25
#: A result that agrees less with the octagon than this is a failure.
_LEAST_AGREEMENT = 0.4


def grabcut(crop: Crop) -> SoftMask:
    """What GrabCut finds within the octagon, or the octagon where it finds nothing credible."""
    small = crop.at(_SIDE_PX)
    whole = octagon(small) > 0.5
    found = cut(small, _labels(small, whole))
    return _as_large(crop, found) if iou(found, whole) >= _LEAST_AGREEMENT else octagon(crop)


def cut_small(crop: Crop, labels: NDArray[np.uint8], *, n_rounds: int) -> SoftMask:
    """What `cut` finds on fewer pixels, in the size of the crop: (h, w) in [0, 1]."""
    import cv2

    small = crop.at(_SIDE_PX)
    size = (small.pixels.shape[1], small.pixels.shape[0])
    few = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    return _as_large(crop, cut(small, few, n_rounds=n_rounds))


def _as_large(crop: Crop, found: Mask) -> SoftMask:
    import cv2

    height, width = crop.pixels.shape[:2]
    soft = cv2.resize(found.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft, dtype=np.float32)


def grabcut_from_box(crop: Crop) -> SoftMask:
    """GrabCut as it is usually started: all of the box may be inside."""
    import cv2

    box = within_box(crop, 0)
    labels = np.where(box, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    return cut(crop, labels).astype(np.float32)


def cut(crop: Crop, labels: NDArray[np.uint8], n_rounds: int = _N_ROUNDS) -> Mask:
    """Run GrabCut from labels of pixels (`cv2.GC_*`), which stay as they are. The same labels give the same mask."""
    import cv2

    is_inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if is_inside.all() or not is_inside.any():
        return np.asarray(is_inside)
    cv2.setRNGSeed(_SEED)
    found, no_box = labels.copy(), (0, 0, 0, 0)
    bgr = np.ascontiguousarray(crop.pixels[:, :, ::-1])
    cv2.grabCut(bgr, found, no_box, np.zeros((1, 65)), np.zeros((1, 65)), n_rounds, cv2.GC_INIT_WITH_MASK)
    return np.asarray((found == cv2.GC_FGD) | (found == cv2.GC_PR_FGD))


def _labels(crop: Crop, whole: Mask) -> NDArray[np.uint8]:
    import cv2

    labels = np.full(whole.shape, cv2.GC_BGD, dtype=np.uint8)
    labels[within_box(crop, 1)] = cv2.GC_PR_BGD
    labels[whole] = cv2.GC_PR_FGD
    centre = octagon_of(crop.points).mean(axis=0)
    core = centre + _CORE * (octagon_of(crop.points) - centre)
    seeds = np.zeros(labels.shape, dtype=np.uint8)
    cv2.fillPoly(seeds, [np.round(core - 0.5).astype(np.int32)[:, None]], 1)
    for point in crop.points:
        near = point + 0.06 * (centre - point)
        cv2.circle(seeds, tuple(np.round(near - 0.5).astype(int).tolist()), 1, 1, -1)
    labels[seeds > 0] = cv2.GC_FGD
    return labels
