"""A simulated annotator of objects: clicks where the truth says, trembles, misses objects, mends what is proposed.

One that answers with classes is in `data_engine.labeling.simulated`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.object_consensus import masks_of
from data_engine.labeling.answers.object_forms import MOST_VERTICES
from data_engine.labeling.provenance import SIMULATED
from data_engine.segmentation.agreement import DrawnObject, match_objects
from data_engine.segmentation.masks import Mask, iou
from data_engine.segmentation.polygons import to_polygons
from data_engine.segmentation.segmenter import Segmenter
from data_engine.segmentation.simulated_clicks import corrective_click, simulated_points

#: A mask that agrees so far with the truth is left as it is; one that is proposed and agrees less than the other is
#: taken for none.
_GOOD_IOU, _MENDED_FROM_IOU = 0.85, 0.3
_MOST_CLICKS = 4
_FEWEST_PX = 12


@dataclass(frozen=True)
class SimulatedClicker:
    """Answers from the truth through a segmenter, as somebody would who sees it.

    Attributes:
        name: Two of different names tremble and miss differently.
        error_rate: Share of the objects that it does not see, and of the wrong proposals that it lets pass.
        tremor_px: Standard deviation of its clicks along x and along y, in pixels.
        seed: Of all that is random.
        segmenter: What makes masks of its clicks.
    """

    name: str
    error_rate: float
    tremor_px: float
    seed: int
    segmenter: Segmenter

    def __post_init__(self) -> None:
        """Raises: InvalidInput for a share outside [0, 1], or clicks that miss by a negative distance."""
        if not 0 <= self.error_rate <= 1 or self.tremor_px < 0:
            raise InvalidInput(
                f"error_rate is {self.error_rate} and tremor_px {self.tremor_px}; give a share from 0 to 1, and a "
                "distance of at least 0"
            )

    def answer(self, sample_id: str, image: NDArray[np.uint8], truth: str, proposed: str | None = None) -> Any:
        """The objects of an image as this clicker answers; always the same for the same image and proposal.

        Without a proposal every object that it sees is clicked. With one, what agrees with an object is left, what
        agrees a little is mended by clicks, the rest is deleted, and what is missing is clicked.

        Args:
            sample_id: Of the image.
            image: (h, w, 3) uint8, RGB.
            truth: The objects known beforehand, as an answer.
            proposed: What is shown, as an answer; None where nothing is.
        """
        known = masks_of(truth)
        seen = [one for number, one in enumerate(known) if self._draw(sample_id, "sees", number) >= self.error_rate]
        shown = masks_of(proposed) if proposed is not None else []
        said = json.loads(proposed)["objects"] if proposed is not None else []
        matched = match_objects(shown, seen, least_iou=_MENDED_FROM_IOU)
        objects = [self._mended(image, said[at], shown[at], seen[to], sample_id, to) for at, to in matched.pairs]
        objects += [said[at] for at in matched.only_first if self._draw(sample_id, "lets pass", at) < self.error_rate]
        objects += [self._clicked(image, seen[to], sample_id, to) for to in matched.only_second]
        return {"size": list(image.shape[:2]), "objects": [one for one in objects if one is not None]}

    def _mended(
        self, image: NDArray[np.uint8], said: Mapping[str, Any], shown: DrawnObject, truth: DrawnObject, *draw: object
    ) -> dict[str, Any] | None:
        """What is proposed where it is good enough, else with clicks."""
        if iou(shown.mask, truth.mask) >= _GOOD_IOU:
            return {**said, "n_edits": 0, "provenance": SIMULATED}
        points = simulated_points(shown.mask)
        mask, clicks = self._corrected(image, points.tolist(), shown.mask, truth.mask, *draw)
        return _as_object(truth.label, mask, points.tolist(), clicks, n_edits=max(1, len(clicks)))

    def _clicked(self, image: NDArray[np.uint8], truth: DrawnObject, *draw: object) -> dict[str, Any] | None:
        seed = int(self._draw(*draw, "points") * 2**31)
        points = simulated_points(truth.mask, tremor_px=self.tremor_px, seed=seed).tolist()
        mask, clicks = self._corrected(image, points, self.segmenter.predict(image, points), truth.mask, *draw)
        return _as_object(truth.label, mask, points, clicks, n_edits=len(clicks))

    def _corrected(
        self, image: NDArray[np.uint8], points: Sequence[Any], mask: Mask, truth: Mask, *draw: object
    ) -> tuple[Mask, list[Any]]:
        """The mask after clicks on its largest errors, until it is good enough."""
        clicks: list[Any] = []
        random = np.random.default_rng(int(self._draw(*draw, "clicks") * 2**31))
        while iou(mask, truth) < _GOOD_IOU and len(clicks) < _MOST_CLICKS:
            click = corrective_click(mask, truth)
            if click is None:
                break
            height, width = truth.shape
            x, y = (np.array(click[:2]) + random.normal(0, 1, 2) * self.tremor_px / 2).tolist()
            clicks.append((min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0), click[2]))
            mask = self.segmenter.predict(image, points, clicks=clicks, previous=mask)
        return mask, clicks

    def _draw(self, *parts: object) -> float:
        """A number in [0, 1) that depends on nothing but the arguments, the name and the seed."""
        text = "\x00".join(map(str, (self.seed, self.name, *parts)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


def _as_object(
    label: str, mask: Mask, points: Sequence[Any], clicks: Sequence[Any], *, n_edits: int
) -> dict[str, Any] | None:
    """The object as an answer has it; None for a mask of next to nothing."""
    if np.count_nonzero(mask) < _FEWEST_PX:
        return None
    for least in (0.95, 0.9, 0.8):
        rings = to_polygons(mask, min_iou=least)
        if sum(map(len, rings)) <= MOST_VERTICES:
            break
    return {
        "class": label,
        "polygons": [np.asarray(ring, dtype=float).tolist() for ring in rings],
        "extreme_points": [list(map(float, point)) for point in points],
        "clicks": [list(click) for click in clicks],
        "provenance": SIMULATED,
        "n_edits": n_edits,
    }
