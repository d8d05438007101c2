"""How far annotators agree about the objects of an image, and the mask that most of them draw.

Agreement about classes is in `data_engine.labeling.agreement`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.segmentation.masks import Mask, iou

#: Objects that share less are two objects, not one drawn differently.
LEAST_IOU = 0.5


@dataclass(frozen=True, eq=False)
class DrawnObject:
    """One object as one annotator drew it: its class, and `mask` (h, w) bool."""

    label: str
    mask: Mask


Drawn = Mapping[str, Sequence[DrawnObject]]
"""By annotator, the objects that they drew on one image; none for an image that they found empty."""


@dataclass(frozen=True)
class Matched:
    """Objects of two annotators: `pairs` of places in each, `ious` of the pairs, what is left over of each."""

    pairs: tuple[tuple[int, int], ...]
    ious: tuple[float, ...]
    only_first: tuple[int, ...]
    only_second: tuple[int, ...]


@dataclass(frozen=True)
class MaskAgreement:
    """Mean IoU over pairs of annotators, objects that only one of them drew counted as 0.

    `mean` of all, `by_class` and `by_annotator` of those that concern a class or a person; `n_pairs` compared.
    """

    mean: float
    by_class: dict[str, float]
    by_annotator: dict[str, float]
    n_pairs: int


def match_objects(
    first: Sequence[DrawnObject], second: Sequence[DrawnObject], *, least_iou: float = LEAST_IOU
) -> Matched:
    """Pair the objects of two annotators so that the sum of the IoUs is highest (Hungarian assignment).

    Args:
        first: Objects of one annotator.
        second: Objects of another, on the same image.
        least_iou: Pairs below are no pairs; nor are objects of different classes.
    """
    shares = np.array(
        [[iou(one.mask, other.mask) if one.label == other.label else 0.0 for other in second] for one in first]
    )
    return match_shares(shares.reshape(len(first), len(second)), least_iou=least_iou)


def match_shares(shares: NDArray[np.float64], *, least_iou: float = LEAST_IOU) -> Matched:
    """Pair objects by the IoU of each with each, so that the sum is highest.

    Args:
        shares: (n_first, n_second), 0 for two that can be no pair.
        least_iou: Pairs below are no pairs.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(np.where(shares >= least_iou, shares, 0), maximize=True)
    pairs = [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if shares[r, c] >= max(least_iou, 1e-12)]
    paired = [{pair[side] for pair in pairs} for side in (0, 1)]
    return Matched(
        tuple(pairs),
        tuple(float(shares[pair]) for pair in pairs),
        tuple(place for place in range(shares.shape[0]) if place not in paired[0]),
        tuple(place for place in range(shares.shape[1]) if place not in paired[1]),
    )


def mask_agreement(images: Sequence[Drawn], *, least_iou: float = LEAST_IOU) -> MaskAgreement:
    """How far annotators agree, over images that at least two of them answered; higher is better.

    Args:
        images: For each image, the objects by annotator.
        least_iou: See `match_objects`.

    Raises: NotEnoughData where no image has two answers, or nobody drew anything.
    """
    found: list[tuple[float, str, tuple[str, str]]] = []
    for drawn in images:
        for one, other in combinations(sorted(drawn), 2):
            matched = match_objects(drawn[one], drawn[other], least_iou=least_iou)
            shares = zip(matched.pairs, matched.ious, strict=True)
            found += [(share, drawn[one][pair[0]].label, (one, other)) for pair, share in shares]
            found += [(0.0, drawn[one][place].label, (one, other)) for place in matched.only_first]
            found += [(0.0, drawn[other][place].label, (one, other)) for place in matched.only_second]
    if not found:
        raise NotEnoughData("no image has objects of two annotators; ask a second one about some images")
    classes = sorted({label for _, label, _ in found})
    people = sorted({name for _, _, pair in found for name in pair})
    return MaskAgreement(
        mean=_mean([share for share, _, _ in found]),
        by_class={name: _mean([share for share, label, _ in found if label == name]) for name in classes},
        by_annotator={name: _mean([share for share, _, pair in found if name in pair]) for name in people},
        n_pairs=len(found),
    )


def consensus_mask(masks: Sequence[Mask], qualities: Sequence[float] | None = None) -> Mask:
    """The pixels that annotators with more than half of all weight hold to be inside.

    Args:
        masks: (h, w) each, of one object by several annotators.
        qualities: How often each of them is right, from 0 to 1; a weight is the logarithm of the odds, so that who is
            right half of the time says nothing. None for one weight for all.

    Returns: (h, w) bool; a pixel of which as much weight says inside as outside is outside.

    Raises: InvalidInput without masks, for masks of different shapes, or another number of qualities.
    """
    if not masks or any(mask.shape != masks[0].shape for mask in masks):
        raise InvalidInput(f"masks of {[mask.shape for mask in masks]} have no consensus; give those of one image")
    weights = _weights(qualities, len(masks))
    inside = np.zeros(masks[0].shape, dtype=np.float64)
    for mask, weight in zip(masks, weights.tolist(), strict=True):
        inside += weight * mask
    return np.asarray(inside > weights.sum() / 2 + 1e-9)


def consensus_objects(
    drawn: Drawn, qualities: Mapping[str, float] | None = None, *, least_iou: float = LEAST_IOU
) -> list[tuple[DrawnObject, float]]:
    """One list of objects out of several: those that annotators with more than half of all weight drew.

    Args:
        drawn: Objects by annotator, of one image.
        qualities: How often each annotator is right; see `consensus_mask`.
        least_iou: See `match_objects`.

    Returns: Each object with the share of the weight that drew it; the first annotator's order, by name.
    """
    names = sorted(drawn)
    weights = _weights(None if qualities is None else [qualities[name] for name in names], len(names))
    groups: list[list[tuple[int, DrawnObject]]] = []
    for number, name in enumerate(names):
        heads = [group[0][1] for group in groups]
        matched = match_objects(heads, drawn[name], least_iou=least_iou)
        for head, place in matched.pairs:
            groups[head].append((number, drawn[name][place]))
        groups += [[(number, drawn[name][place])] for place in matched.only_second]
    agreed = []
    for group in groups:
        members = [number for number, _ in group]
        share = float(weights[members].sum() / weights.sum())
        if share > 0.5 + 1e-9:
            own = None if qualities is None else [qualities[names[number]] for number in members]
            mask = consensus_mask([one.mask for _, one in group], own)
            agreed.append((DrawnObject(group[0][1].label, mask), share))
    return agreed


def _weights(qualities: Sequence[float] | None, n: int) -> NDArray[np.float64]:
    if qualities is None:
        return np.ones(n)
    found = np.asarray(qualities, dtype=np.float64)
    if found.shape != (n,) or not (np.isfinite(found).all() and (found >= 0).all() and (found <= 1).all()):
        raise InvalidInput(f"the qualities are {list(qualities)} for {n} annotators; give one share from 0 to 1 each")
    clipped = np.clip(found, 0.5, 0.99)
    weights = np.log(clipped / (1 - clipped))
    return weights if weights.any() else np.ones(n)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
