"""A network for masks as a micro-model: trained on reviewed objects, held against what predicts masks until now.

The network itself is in `data_engine.segmentation.predictors.network`; versions are kept by the corpus at work.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.models.promotion import N_DRAWS, Comparison, interval
from data_engine.segmentation import Segmenter
from data_engine.segmentation.masks import iou
from data_engine.segmentation.predictors.network import MaskNetwork, Reviewed, train_network
from data_engine.segmentation.registry import segmenter_of_network
from data_engine.segmentation.simulated_clicks import simulated_points

FEWEST_TRAINING, FEWEST_HELD_OUT = 40, 20
"""With fewer objects nothing is trained, and nothing is told apart."""
_TREMOR_PX = 1.0


@dataclass(frozen=True, eq=False)
class TrainedMasks:
    """A network, and the (n,) IoUs of it and of what was in service, on the same held-out objects.

    `low` and `high` are the ends of the 90 % interval of the mean difference; `comparison` whether it takes over.
    """

    network: MaskNetwork
    ious: NDArray[np.float64]
    ious_in_service: NDArray[np.float64]
    low: float
    high: float
    comparison: Comparison


def train_masks(
    training: Sequence[Reviewed],
    held_out: Sequence[Reviewed],
    *,
    in_service: Segmenter,
    seed: int,
    n_rounds: int | None = None,
) -> TrainedMasks:
    """Train a network on reviewed objects, and compare it on others with the segmenter in service.

    It takes over where the 90 % interval of the mean difference of the IoUs, by a paired bootstrap, lies above 0: both
    are given the same four extreme points of each held-out object, with a tremor of 1 px.

    Args:
        training: at least 40 objects.
        held_out: at least 20, of other images.
        in_service: what predicts masks now.
        seed: of the training and of the tremor.
        n_rounds: see `train_network`.

    Raises: NotEnoughData for fewer objects.
    """
    for name, given, fewest in (
        ("train on", training, FEWEST_TRAINING),
        ("compare by", held_out, FEWEST_HELD_OUT),
    ):
        if len(given) < fewest:
            raise NotEnoughData(f"{len(given)} reviewed objects are too few to {name}; have at least {fewest} answered")
    network = train_network(training, seed=seed, n_rounds=n_rounds)
    ious = _ious(segmenter_of_network(network), held_out, seed)
    before = _ious(in_service, held_out, seed)
    low, high = interval(ious - before)
    told = (
        f"mean IoU {ious.mean():.3f} against {before.mean():.3f} of {in_service.version} on {len(held_out)} held-out "
        f"objects (90 % interval of the difference {low:+.3f} to {high:+.3f}; paired bootstrap of {N_DRAWS:,} draws)"
    )
    says = "better" if low > 0 else f"not better beyond the interval, so {in_service.version} stays in service"
    return TrainedMasks(network, ious, before, low, high, Comparison(low > 0, f"{told}: {says}"))


def _ious(segmenter: Segmenter, held_out: Sequence[Reviewed], seed: int) -> NDArray[np.float64]:
    """From four extreme points; where a segmenter finds nothing, 0."""
    found = []
    for number, one in enumerate(held_out):
        points = simulated_points(one.mask, tremor_px=_TREMOR_PX, seed=seed + number)
        try:
            found.append(iou(segmenter.predict(one.image, points), one.mask))
        except InvalidInput:
            found.append(0.0)
    return np.array(found)
