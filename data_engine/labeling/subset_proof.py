"""What a subset is worth: a classifier is trained on it and judged on samples that nobody could choose.

The ways to choose are in `data_engine.sampling`; how even a subset is, without a classifier, is compared there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.labeling.classifier import fit_classifier
from data_engine.labeling.inputs import nearest
from data_engine.sampling.balance import kl_to_uniform
from data_engine.schemas import SUBSET_PROOF

if TYPE_CHECKING:
    from data_engine.labeling.inputs import Floats

#: Chooses so many of the (n, dim) embeddings by a seed: their row numbers.
Chooser = Callable[["Floats", int, int], NDArray[np.int64]]

#: A label needs so many samples to be judged: one to hold out and some to choose from.
LEAST_SAMPLES = 4
#: Of each label, this share of the samples is held out, at least one and at most `_MOST_HELD_OUT`.
_HELD_OUT_SHARE = 0.25
_MOST_HELD_OUT = 20
#: Where no label is known, this share of all samples.
_UNLABELLED_SHARE = 0.1


@dataclass(frozen=True)
class Way:
    """A way to choose.

    Attributes:
        method: Its name.
        evenness: The dial of `balanced`, None for as the pool needs; for the other methods what the corpus says.
        choose: How it chooses.
        is_trained_on: Whether a classifier is trained on what it chooses, which is what takes time.
    """

    method: str
    evenness: float | None
    choose: Chooser
    is_trained_on: bool = True


@dataclass(frozen=True, eq=False)
class Split:
    """Samples to choose from and samples to judge on, of one draw.

    Attributes:
        pool: (m,) row numbers, ascending.
        held_out: (h,) row numbers, ascending, none in the pool.
        classes: the labels that are judged, ascending; empty where none are known.
    """

    pool: NDArray[np.int64]
    held_out: NDArray[np.int64]
    classes: NDArray[np.int64]


def prove(
    x: "Floats", label: NDArray[np.int64], ways: list[Way], share: float, *, seed: int, n_draws: int, at_most: int
) -> pa.Table:
    """Choose by every way from a part of the samples, and judge each choice on the others.

    Args:
        x: (n, dim) embeddings, unit rows.
        label: (n,) number of the known label of every sample; -1 where it is unknown.
        ways: the ways to choose.
        share: of the pool that is chosen, above 0 and at most 1.
        seed: the first draw's; the others follow it.
        n_draws: splits. All ways choose from the same pools.
        at_most: samples looked at in each draw, taken at random where there are more.

    Returns: one row per way and draw in the schema SUBSET_PROOF; without rows where there are fewer than 2 samples.
    """
    rows: list[dict[str, Any]] = []
    for draw in range(n_draws if len(x) > 1 else 0):
        found = split(label, seed=seed + draw, at_most=at_most)
        target = min(max(round(share * len(found.pool)), 1), len(found.pool))
        for way in ways:
            if not way.is_trained_on and draw:
                continue
            chosen = found.pool[way.choose(x[found.pool], target, seed + draw)]
            measured = judged(x, label, chosen, found, is_trained_on=way.is_trained_on)
            rows.append({"method": way.method, "evenness": way.evenness, "draw": draw, **measured})
    return pa.Table.from_pylist(rows, schema=SUBSET_PROOF)


def split(label: NDArray[np.int64], *, seed: int, at_most: int) -> Split:
    """Hold out samples of every label that has at least `LEAST_SAMPLES`; without such labels, of all samples.

    Args:
        label: (n,) number of the known label, -1 where it is unknown; n is at least 2.
        seed: decides which samples are taken.
        at_most: samples of pool and held-out ones together, at least 2.
    """
    rng = np.random.default_rng([seed, 4])
    rows = rng.permutation(len(label))[: max(at_most, 2)]
    labels, counts = np.unique(label[rows][label[rows] >= 0], return_counts=True)
    classes = labels[counts >= LEAST_SAMPLES]
    if len(classes) > 1:
        n_out = np.clip((counts[counts >= LEAST_SAMPLES] * _HELD_OUT_SHARE).astype(int), 1, _MOST_HELD_OUT)
        held_out = np.concatenate([rows[label[rows] == name][:n] for name, n in zip(classes, n_out, strict=True)])
    else:
        classes = classes[:0]
        held_out = rows[: max(round(_UNLABELLED_SHARE * len(rows)), 1)]
    return Split(np.setdiff1d(rows, held_out), np.sort(held_out), classes)


def judged(
    x: "Floats", label: NDArray[np.int64], chosen: NDArray[np.int64], found: Split, *, is_trained_on: bool
) -> dict[str, float | None]:
    """Figures of one subset, as columns of SUBSET_PROOF.

    Args:
        x: (n, dim) unit rows.
        label: (n,) numbers of the known labels.
        chosen: row numbers of the subset.
        found: held-out samples and labels.
        is_trained_on: whether to train a classifier.
    """
    _, cosine = nearest(np.asarray(x[found.held_out]), np.asarray(x[chosen]), 1)
    figures: dict[str, float | None] = {
        "n_chosen": len(chosen),
        "n_held_out": len(found.held_out),
        "distance": float(np.maximum(1 - cosine.astype(np.float64), 0).mean()),
    }
    if not len(found.classes):
        return figures
    place = np.searchsorted(found.classes, label[chosen]).clip(max=len(found.classes) - 1)
    has_class = found.classes[place] == label[chosen]
    counts = np.bincount(place[has_class], minlength=len(found.classes))
    figures |= {"n_classes": len(found.classes), "class_coverage": float((counts > 0).mean())}
    if counts.any():
        figures["kl"] = kl_to_uniform(counts)
        if is_trained_on:
            figures |= _taught(x, label, chosen[has_class], place[has_class], found)
    return figures


def _taught(
    x: "Floats", label: NDArray[np.int64], chosen: NDArray[np.int64], place: NDArray[np.int64], found: Split
) -> Mapping[str, float]:
    """Macro accuracy and recall of the rarest third of the labels, of a classifier trained on the chosen samples."""
    n_classes = len(found.classes)
    classifier = fit_classifier(np.asarray(x[chosen]), place, seed=0, n_classes=n_classes)
    truth = np.searchsorted(found.classes, label[found.held_out])
    is_right = classifier.predict_proba(np.asarray(x[found.held_out])).argmax(axis=1) == truth
    recall = np.bincount(truth, weights=is_right, minlength=n_classes) / np.bincount(truth, minlength=n_classes)
    in_pool = label[found.pool]
    sizes = np.array([np.count_nonzero(in_pool == name) for name in found.classes])
    rare = np.argsort(sizes, kind="stable")[: max(n_classes // 3, 1)]
    return {"macro_accuracy": float(recall.mean()), "rare_recall": float(recall[rare].mean())}
