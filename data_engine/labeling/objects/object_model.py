"""What is learnt of proposed masks from reviewed objects: how good a mask is, of which class, and how sure that is.

Where the masks come from is in `data_engine.segmentation.point_grid`.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.classifier import Classifier, fit_classifier
from data_engine.labeling.inputs import Integers

KIND = "masks"
"""What the registry calls it in the column `model`."""

LEAST_OBJECTS = 10
"""Objects that a model has to have seen; below, nothing is proposed."""

#: A mask is as good as the object where it shares so much; one that shares less than the other is of nothing.
GOOD_IOU, NOTHING_IOU = 0.75, 0.5
_N_FOLDS = 4
_RIDGE = 1.0
SMALLEST = 1e-4
"""Probabilities count as at least so much."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SeenMasks:
    """The masks that were found in one image.

    Attributes:
        features: (n, f) of `segmentation.point_grid.FEATURES`.
        vectors: (n, dim) unit rows of their crops.
        shares: (n, n) IoU of each with each.
        ious: (n,) IoU of each with the reviewed object that it shares most with; empty where nobody reviewed.
        classes: (n,) number of the class of that object.
        n_objects: Reviewed objects.
    """

    features: NDArray[np.float32]
    vectors: NDArray[np.float32]
    shares: Floats
    ious: Floats
    classes: Integers
    n_objects: int = 0


@dataclass(frozen=True, eq=False)
class ObjectModel:
    """Learnt from reviewed objects; frozen from birth.

    Attributes:
        class_names: The classes of the question.
        classifier: Of crops, its last class is "no object".
        means: (f,) of the features.
        scales: (f,) of the features.
        weights: (1 + 2 f,) of a ridge regression to the IoU, on features and their squares.
        certainty: (4,) logistic: one, expected IoU, its square, log odds of the class.
        least_certainty: Masks from here on are proposed.
        slope: Of the log odds that an image is left as it is.
        offset: Of the same.
    """

    class_names: tuple[str, ...]
    classifier: Classifier
    means: Floats
    scales: Floats
    weights: Floats
    certainty: Floats
    least_certainty: float
    slope: float = 1.0
    offset: float = 0.0

    @property
    def version(self) -> str:
        """Fingerprint of everything that decides a proposal, 16 hex digits."""
        return hashlib.sha256(self.to_bytes()).hexdigest()[:16]

    def expected_ious(self, features: NDArray[np.float32]) -> Floats:
        """(n, f) features to (n,) the IoU that is expected of each mask, in [0, 1]."""
        return np.asarray(np.clip(_design((features - self.means) / self.scales) @ self.weights, 0, 1))

    def judged(self, seen: SeenMasks) -> tuple[Floats, Integers]:
        """(n,) the probability that each mask would do as it is, and (n,) its class."""
        if not len(seen.features):
            return np.zeros(0), np.zeros(0, dtype=np.int64)
        probabilities = self.classifier.predict_proba(seen.vectors).astype(np.float64)
        classes = probabilities[:, :-1].argmax(axis=1)
        expected = self.expected_ious(seen.features)
        of_class = probabilities[np.arange(len(classes)), classes]
        return _logistic(_evidence(expected, of_class) @ self.certainty), classes

    def proposed(self, seen: SeenMasks, *, least_iou: float = NOTHING_IOU) -> tuple[list[int], Integers, float]:
        """Rows of the masks that are proposed, (n,) classes of all, and how likely the image is left as it is.

        The surest mask takes out those that share `least_iou` with it. The image is left as it is where every mask that
        is proposed would do, and none of the others would, were it not for one that is proposed.
        """
        certainty, classes = self.judged(seen)
        chosen, log_odds = chosen_masks(seen.shares, certainty, self.least_certainty, least_iou)
        return chosen, classes, float(_logistic(np.array(self.slope * log_odds + self.offset)))

    def calibrated(self, log_odds: Sequence[float], is_left: Sequence[bool]) -> Self:
        """The model whose probabilities of images suit a random hold-out that was never trained on.

        Args:
            log_odds: (n,) of `chosen_masks`.
            is_left: (n,) whether people left the image as it was.
        """
        slope, offset = _platt(np.asarray(log_odds, dtype=np.float64), np.asarray(is_left, dtype=np.float64))
        return replace(self, slope=slope, offset=offset)

    def to_bytes(self) -> bytes:
        """A NumPy archive without pickled objects; equal models give equal bytes."""
        buffer = io.BytesIO()
        numbers = np.array([self.least_certainty, self.slope, self.offset])
        arrays = {name: getattr(self, name) for name in ("means", "scales", "weights", "certainty")}
        classifier = np.frombuffer(self.classifier.to_bytes(), dtype=np.uint8)
        names = np.array(self.class_names, dtype=np.str_)
        np.savez(buffer, allow_pickle=False, model=np.array(KIND), class_names=names, numbers=numbers,
                 classifier=classifier, **arrays)  # fmt: skip
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, artefact: bytes) -> Self:
        """The model that `to_bytes` wrote. Raises: InvalidInput when the bytes are no such archive."""
        try:
            with np.load(io.BytesIO(artefact), allow_pickle=False) as archive:
                found: dict[str, Any] = {name: archive[name] for name in ("means", "scales", "weights", "certainty")}
                least, slope, offset = archive["numbers"].tolist()
                classifier = Classifier.from_bytes(archive["classifier"].tobytes())
                names = tuple(str(name) for name in archive["class_names"])
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise InvalidInput(
                f"the artefact of {len(artefact)} bytes is no model of masks ({error}); train classifier again"
            ) from error
        return cls(names, classifier, **found, least_certainty=least, slope=slope, offset=offset)


def fit_object_model(images: Sequence[SeenMasks], class_names: Sequence[str], *, seed: int) -> ObjectModel:
    """Learn from images whose objects people reviewed; none of them is of the hold-out.

    What is said of a mask is judged on images that the parts did not learn from: the images are cut into folds, and
    certainty and the least certainty come from what models of the other folds say. The least certainty is the one at
    which most images would be left as they are, and among equals the one with the best F measure.

    Raises: NotEnoughData where fewer than `LEAST_OBJECTS` objects were reviewed, or no mask shares enough with one.
    """
    n_objects = sum(image.n_objects for image in images)
    usable = [image for image in images if len(image.features)]
    n_good = sum(int((image.ious >= NOTHING_IOU).sum()) for image in usable)
    if n_objects < LEAST_OBJECTS:
        raise NotEnoughData(
            f"{n_objects} objects were reviewed outside the hold-out, and {LEAST_OBJECTS} are needed before anything "
            "is proposed: answer the next round"
        )
    if not n_good:
        raise NotEnoughData(
            f"of {n_objects} reviewed objects the grid of points found none, and one is needed before anything is "
            "proposed: name the sizes of your objects in labels.object_proposals.sizes, or raise points_per_side there"
        )
    names = tuple(class_names)
    folds = [number % _N_FOLDS for number in range(len(usable))]
    apart: list[tuple[Floats, Floats, Integers]] = [(np.zeros(0), np.zeros(0), np.zeros(0, np.int64))] * len(usable)
    for fold in sorted(set(folds)):
        others = [image for image, own in zip(usable, folds, strict=True) if own != fold] or usable
        model = _fitted(others, names, seed)
        for row, own in enumerate(folds):
            if own == fold:
                apart[row] = _said(model, usable[row])
    expected, of_class, _ = (np.concatenate(each) for each in zip(*apart, strict=True))
    would_do = [_would_do(image, classes) for image, (_, _, classes) in zip(usable, apart, strict=True)]
    certainty = _fit_logistic(_evidence(expected, of_class), np.concatenate(would_do).astype(np.float64))
    sure = [_logistic(_evidence(ious, odds) @ certainty) for ious, odds, _ in apart]
    model = replace(_fitted(usable, names, seed), certainty=certainty)
    return replace(model, least_certainty=_least_certainty(usable, sure, would_do))


def chosen_masks(shares: Floats, certainty: Floats, least: float, least_iou: float) -> tuple[list[int], float]:
    """Rows that are proposed, and the log odds that all of them would do and that none is missing.

    Args:
        shares: (n, n) IoU of each mask with each.
        certainty: (n,) probability that a mask would do.
        least: Those from here on are proposed.
        least_iou: What shares so much with a surer one is the same object.
    """
    from data_engine.segmentation.point_grid import suppressed

    stays = suppressed(shares, certainty, least_iou)
    chosen = [row for row in stays if certainty[row] >= least]
    left = [row for row in stays if certainty[row] < least]
    logs = np.log(np.clip(certainty[chosen], SMALLEST, 1)).sum()
    logs += np.log(np.clip(1 - certainty[left], SMALLEST, 1)).sum()
    probability = float(np.clip(np.exp(logs), 1e-9, 1 - SMALLEST))
    return chosen, float(np.log(probability / (1 - probability)))


def _fitted(images: Sequence[SeenMasks], names: tuple[str, ...], seed: int) -> ObjectModel:
    features = np.concatenate([image.features for image in images]).astype(np.float64)
    ious = np.concatenate([image.ious for image in images])
    classes = np.concatenate([np.where(i.ious >= NOTHING_IOU, i.classes, len(names)) for i in images])
    means, scales = features.mean(axis=0), features.std(axis=0) + 1e-6
    design = _design((features - means) / scales)
    penalty = _RIDGE * np.eye(design.shape[1])
    penalty[0, 0] = 0
    weights = np.linalg.solve(design.T @ design + penalty, design.T @ ious)
    vectors = np.concatenate([image.vectors for image in images])
    called = (*names, "")
    classifier = fit_classifier(vectors, classes, seed=seed, n_classes=len(called), class_names=called)
    return ObjectModel(names, classifier, means, scales, weights, np.array([0.0, 1.0, 0.0, 0.0]), 0.5)


def _said(model: ObjectModel, image: SeenMasks) -> tuple[Floats, Floats, Integers]:
    """Of each mask the IoU that is expected, the probability of its class, and the class."""
    probabilities = model.classifier.predict_proba(image.vectors).astype(np.float64)
    classes = probabilities[:, :-1].argmax(axis=1)
    return model.expected_ious(image.features), probabilities[np.arange(len(classes)), classes], classes


def _would_do(image: SeenMasks, classes: Integers) -> NDArray[np.bool_]:
    return np.asarray((image.ious >= GOOD_IOU) & (image.classes == classes))


def _least_certainty(
    images: Sequence[SeenMasks], sure: Sequence[Floats], would_do: Sequence[NDArray[np.bool_]]
) -> float:
    tried = np.unique(np.round(np.concatenate(sure), 3))
    best = (-1.0, -1.0, 0.5)
    for least in tried.tolist():
        n_left = n_right = n_proposed = n_objects = 0
        for image, certainty, good in zip(images, sure, would_do, strict=True):
            chosen, _ = chosen_masks(image.shares, certainty, least, NOTHING_IOU)
            n_good = min(int(good[chosen].sum()), image.n_objects)
            n_left += n_good == len(chosen) == image.n_objects
            n_right, n_proposed, n_objects = n_right + n_good, n_proposed + len(chosen), n_objects + image.n_objects
        measure = 2 * n_right / max(1, n_proposed + n_objects)
        best = max(best, (n_left / len(images), measure, least))
    return float(best[2])


def _design(standard: Floats) -> Floats:
    clipped = np.clip(standard, -4, 4)
    return np.concatenate([np.ones((len(clipped), 1)), clipped, clipped**2], axis=1)


def _evidence(expected: Floats, of_class: Floats) -> Floats:
    odds = np.log(np.clip(of_class, SMALLEST, 1)) - np.log(np.clip(1 - of_class, SMALLEST, 1))
    return np.stack([np.ones(len(expected)), expected, expected**2, odds / 4], axis=1)


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))


def _fit_logistic(x: Floats, y: Floats) -> Floats:
    """Weights of a logistic regression with a small ridge, by Newton's method."""
    weights = np.zeros(x.shape[1])
    penalty = 0.1 * np.eye(x.shape[1])
    for _ in range(50):
        p = _logistic(x @ weights)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + penalty
        step = np.linalg.solve(hessian, x.T @ (p - y) + penalty @ weights)
        weights = weights - step
        if float(np.abs(step).max()) < 1e-9:
            break
    return weights


def _platt(log_odds: Floats, y: Floats) -> tuple[float, float]:
    """Slope, above 0 so that the order stays, and offset; targets are drawn to the middle by one count each.

    Source: Platt 1999.
    """
    from scipy.optimize import minimize

    n_yes, n_no = y.sum(), len(y) - y.sum()
    wanted = np.where(y > 0, (n_yes + 1) / (n_yes + 2), 1 / (n_no + 2))

    def loss(at: NDArray[np.float64]) -> float:
        p = np.clip(_logistic(np.exp(at[0]) * log_odds + at[1]), 1e-12, 1 - 1e-12)
        return float(-(wanted * np.log(p) + (1 - wanted) * np.log(1 - p)).mean() + 0.001 * at[0] ** 2)

    slope, offset = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-3, 3), (-20, 20)]).x
    return float(np.exp(slope)), float(offset)
