"""Masks that nobody clicked: a grid of points prompts a segmenter, and what it says again and again is kept.

Which of these masks are proposed as objects is learnt in `data_engine.labeling.objects`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.segmentation.masks import Mask, bounding_box, iou
from data_engine.segmentation.segmenter import Segmenter
from data_engine.segmentation.simulated_clicks import simulated_points

FEATURES = ("stability", "votes", "log_area", "fill", "contrast", "at_border", "roundness", "as_rough")
"""What is measured of each mask, in this order; see `_measured`."""

#: Larger images are worked on at this size: no crop shows more of them.
MOST_SIDE_PX = 1024
#: What predictors look at: first of every prompt, then of the masks that are left.
_ROUGH_PX, _FINE_PX = 48, 96
#: Masks that share so much are one; rough ones are compared on a board of so many cells.
_SAME_IOU, _BOARD = 0.7, 64
#: How far the ends move when it is tried whether a mask is stable, as a share of its box.
_JITTER_SHARE, _N_JITTERS = 0.08, 2
_LEAST_STABILITY = 0.5
_LEAST_PART = 0.1


@dataclass(frozen=True)
class PointGrid:
    """Where a segmenter is asked, and which of its masks are looked at.

    Attributes:
        points_per_side: Points along each side of the image.
        sizes: Widths of the boxes around each point, as shares of the image's shorter side.
        least_area: Smallest mask, as a share of the image.
        most_area: Largest one.
        most_masks: At most so many are kept of an image: those that most prompts agree on.
    """

    points_per_side: int = 8
    sizes: tuple[float, ...] = (0.15, 0.3, 0.5, 0.85)
    least_area: float = 0.002
    most_area: float = 0.9
    most_masks: int = 24

    def prompts(self, height: int, width: int) -> NDArray[np.float64]:
        """(n, 4, 2) xy of the four ends of each box, cut to the image: left, top, right, bottom."""
        steps = (np.arange(self.points_per_side) + 0.5) / self.points_per_side
        radii = np.array(self.sizes) * min(height, width) / 2
        y, x, radius = (each.ravel() for each in np.meshgrid(steps * height, steps * width, radii, indexing="ij"))
        left, right = np.maximum(x - radius, 0), np.minimum(x + radius, width)
        top, bottom = np.maximum(y - radius, 0), np.minimum(y + radius, height)
        return _ends(left, top, right, bottom)


@dataclass(frozen=True, eq=False)
class GridMasks:
    """What a grid found in an image.

    Attributes:
        masks: n masks (h, w) of the image at working size; the surest first.
        features: (n, len(FEATURES)) float32.
        scale: Pixels of the image per pixel of a mask.
        n_prompts: How often the segmenter was asked from the grid.
        n_left_out: Masks beyond `most_masks`.
    """

    masks: tuple[Mask, ...]
    features: NDArray[np.float32]
    scale: float
    n_prompts: int
    n_left_out: int = 0


class TookTooLong(InvalidInput):
    """A segmenter needs more time for an image than it may."""


def masks_from_grid(
    image: NDArray[np.uint8],
    segmenter: Segmenter,
    grid: PointGrid,
    *,
    seed: int = 0,
    is_over: Callable[[], bool] = lambda: False,
) -> GridMasks:
    """Ask a segmenter at every point of a grid, and measure what is left of its masks.

    Of masks that share most of their pixels the one stays that most others repeat. Those that are left are predicted
    again, larger, from their own ends and from ends that tremble; one that changes much is dropped, as is one that is
    too small or too large.

    Args:
        image: (h, w, 3) uint8, RGB, of any size.
        segmenter: A loaded one.
        grid: Where it is asked.
        seed: Of the trembling.
        is_over: Asked before every prediction: whether there is no time left.

    Raises: InvalidInput where the segmenter fails at every prompt, with what it said; TookTooLong.
    """
    working, scale = _reduced(image)
    height, width = working.shape[:2]
    prompts = grid.prompts(height, width)
    rough, failures = _asked(working, segmenter, prompts, _ROUGH_PX, is_over)
    if failures and len(failures) == len(prompts):
        raise InvalidInput(
            f"the segmenter {segmenter.name!r} failed at all {len(prompts)} prompts of the image ({failures[0]}); mend "
            "its weights, or name another in labels.segmenter"
        )
    fits = [mask for mask in rough if _fits(mask, grid)]
    chosen, votes = _repeated(working, fits)
    n_left_out = max(0, len(chosen) - grid.most_masks)
    kept, measured = [], []
    random = np.random.default_rng(seed)
    for row in chosen[: grid.most_masks]:
        found = _fine(working, segmenter, fits[row], random, is_over)
        if found is None or not _fits(found[0], grid) or found[1] < _LEAST_STABILITY:
            continue
        kept.append(found[0])
        measured.append(_measured(working, found[0], fits[row], stability=found[1], votes=votes[row] / len(fits)))
    features = np.array(measured, dtype=np.float32).reshape(len(kept), len(FEATURES))
    left = suppressed(shares_of(kept), features[:, 0] + features[:, 1], _SAME_IOU)
    return GridMasks(tuple(kept[row] for row in left), features[left], scale, len(prompts), n_left_out)


def suppressed(shares: NDArray[np.float64], scores: NDArray[Any], least_iou: float) -> list[int]:
    """Rows that stay of (n, n) IoUs when each takes out those of a lower score that share so much: the best first."""
    stays: list[int] = []
    for row in np.argsort(-np.asarray(scores), kind="stable").tolist():
        if all(shares[row, other] < least_iou for other in stays):
            stays.append(row)
    return stays


def shares_of(masks: "list[Mask] | tuple[Mask, ...]", others: "list[Mask] | None" = None) -> NDArray[np.float64]:
    """(n, m) IoU of every mask with every other one of the same shape; of all with all without others."""
    one = _flat(masks)
    other = one if others is None else _flat(others)
    if not len(one) or not len(other):
        return np.zeros((len(one), len(other)))
    shared = (one @ other.T).astype(np.float64)
    together = one.sum(axis=1)[:, None] + other.sum(axis=1)[None] - shared
    return np.asarray(np.where(together > 0, shared / np.maximum(together, 1), 1.0))


def _flat(masks: "list[Mask] | tuple[Mask, ...]") -> NDArray[np.float32]:
    return np.array([mask.ravel() for mask in masks], dtype=np.float32) if len(masks) else np.zeros((0, 0), np.float32)


def _reduced(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    import cv2

    scale = max(1.0, max(image.shape[:2]) / MOST_SIDE_PX)
    if scale == 1:
        return image, 1.0
    size = max(2, round(image.shape[1] / scale)), max(2, round(image.shape[0] / scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8), scale


def _asked(
    image: NDArray[np.uint8],
    segmenter: Segmenter,
    prompts: NDArray[np.float64],
    side_px: int,
    is_over: Callable[[], bool],
) -> tuple[list[Mask], list[str]]:
    """The masks of these prompts, and what the segmenter said where it failed."""
    masks: list[Mask] = []
    failures: list[str] = []
    for prompt in prompts:
        if is_over():
            raise TookTooLong(
                f"the segmenter {segmenter.name!r} was asked at {len(masks) + len(failures)} of {len(prompts)} prompts "
                "when the time for an image was over; raise labels.object_proposals.most_seconds, ask at fewer points, "
                "or name a faster one in labels.segmenter"
            )
        try:
            masks.append(segmenter.mask_at(image, prompt, side_px))
        except Exception as error:  # Weights that people bring fail in every way.
            failures.append(f"{type(error).__name__}: {error}")
    return masks, failures


def _fits(mask: Mask, grid: PointGrid) -> bool:
    share = np.count_nonzero(mask) / mask.size
    return bool(share > 0 and grid.least_area <= share <= grid.most_area)


def _repeated(image: NDArray[np.uint8], masks: list[Mask]) -> tuple[list[int], NDArray[np.int64]]:
    """Rows of masks that differ, those first that stand out and that most others repeat; and (n,) how many do."""
    import cv2

    size = (_BOARD, _BOARD)
    boards = [cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5 for mask in masks]
    shares = shares_of([np.asarray(board) for board in boards])
    votes = (shares >= _SAME_IOU).sum(axis=1)
    scores = np.log1p(votes) * np.array([_contrast(image, mask) for mask in masks])
    return suppressed(shares, scores, _SAME_IOU), votes


def _fine(
    image: NDArray[np.uint8],
    segmenter: Segmenter,
    rough: Mask,
    random: np.random.Generator,
    is_over: Callable[[], bool],
) -> tuple[Mask, float] | None:
    """The mask from the ends of a rough one, and how alike it is to those from ends that tremble; None for none."""
    ends = simulated_points(rough)
    left, top, right, bottom = bounding_box(rough)
    reach = _JITTER_SHARE * np.array([right - left, bottom - top])
    limits = (image.shape[1], image.shape[0])
    moved = [np.clip(ends + random.uniform(-1, 1, (4, 2)) * reach, 0, limits) for _ in range(_N_JITTERS)]
    masks, _ = _asked(image, segmenter, np.array([ends, *moved]), _FINE_PX, is_over)
    if len(masks) < 1 + _N_JITTERS or not masks[0].any():
        return None
    whole = without_specks(masks[0])
    return whole, float(np.mean([iou(whole, without_specks(other)) for other in masks[1:]]))


def without_specks(mask: Mask) -> Mask:
    """The mask without parts of less than a tenth of its largest one, such as what is left at the ends of a prompt."""
    import cv2

    n_parts, parts, figures, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if n_parts <= 2:
        return mask
    areas = figures[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return np.asarray((areas >= _LEAST_PART * areas.max())[parts] & mask)


def _measured(image: NDArray[np.uint8], mask: Mask, rough: Mask, *, stability: float, votes: float) -> list[float]:
    """What tells a mask of an object from one of nothing, in the order of `FEATURES`."""
    import cv2

    left, top, right, bottom = bounding_box(mask)
    area, width, height = np.count_nonzero(mask), right - left, bottom - top
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    length = sum(cv2.arcLength(outline, True) for outline in outlines)
    n_at_border = sum(int(edge.sum()) for edge in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    return [
        stability,
        votes,
        float(np.log(area / mask.size)),
        area / (width * height),
        _contrast(image, mask),
        n_at_border / (2 * (width + height)),
        min(1.0, 4 * np.pi * area / max(1.0, length) ** 2),
        iou(mask, rough),
    ]


def _contrast(image: NDArray[np.uint8], mask: Mask) -> float:
    """How far the colours on both sides of the edge differ, in units of how much they vary there."""
    import cv2

    left, top, right, bottom = bounding_box(mask)
    reach = max(1, round(0.05 * max(right - left, bottom - top)))
    window = np.s_[max(0, top - reach) : bottom + reach, max(0, left - reach) : right + reach]
    inside, brush = mask[window].astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    within = mask[window] & ~(cv2.erode(inside, brush) > 0)
    around = (cv2.dilate(inside, brush) > 0) & ~mask[window]
    if not within.any() or not around.any():
        return 0.0
    pixels = image[window].astype(np.float64)
    spread = pixels[within].std(axis=0) + pixels[around].std(axis=0) + 8
    return float((np.abs(pixels[within].mean(axis=0) - pixels[around].mean(axis=0)) / spread).mean())


def _ends(left: Any, top: Any, right: Any, bottom: Any) -> NDArray[np.float64]:
    across, down = (left + right) / 2, (top + bottom) / 2
    ends = ((left, down), (across, top), (right, down), (across, bottom))
    return np.stack([np.stack(end, axis=-1) for end in ends], axis=-2)
