"""Gates per class: a class that the hold-out certifies on its own has a threshold of its own.

The gate of all samples together is in `labeling.gate`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil, log
from typing import Any

import numpy as np

from data_engine.labeling.gate import Gate, certify_scores
from data_engine.labeling.inputs import Floats, Integers, class_indices, class_probabilities


def certify_classes(
    probabilities: Floats, labels: Integers, *, target_precision: float, confidence: float = 0.9
) -> Gate:
    """The gate of a classifier with a gate for each class that is proposed often enough, and one for all others.

    A class is tried on its own where the hold-out has so many proposals of it that they could certify the target, were
    they all right; whether they are has no say in that. Of k gates tried, each is certified at confidence
    1 - (1 - confidence) / k (Bonferroni), so that the target holds for all that is accepted, and for each class tried,
    with the confidence asked for. A class that is tried and fails is accepted by no gate: all of it goes to people.
    Where no class is proposed often enough, this is the gate of `labeling.gate.certify`.

    Args:
        probabilities: (n, n_classes) calibrated probabilities of the hold-out.
        labels: (n,) true class numbers.
        target_precision: share of the accepted samples that must be right, in (0, 1).
        confidence: that all gates hold, in (0, 1).

    Returns: the gate of the classes not tried, with those of the tried ones in `of_class`.
    Raises: InvalidInput for shares outside (0, 1), wrong shapes, or labels outside the columns.
    """
    probabilities = class_probabilities(probabilities)
    labels = class_indices(labels, "labels", n_rows=len(probabilities), n_classes=probabilities.shape[1])
    top, scores = probabilities.argmax(axis=1), probabilities.max(axis=1).astype(np.float64)
    tried = classes_tried(
        np.bincount(top, minlength=probabilities.shape[1]), target_precision=target_precision, confidence=confidence
    )
    each = 1 - (1 - confidence) / (len(tried) + 1)

    def gate(inside: Any) -> Gate:
        right = top[inside] == labels[inside]
        found = certify_scores(scores[inside], right, target_precision=target_precision, confidence=each)
        return replace(found, confidence=confidence)

    own = {number: gate(top == number) for number in tried}
    return replace(gate(~np.isin(top, tried)), of_class=own)


def classes_tried(n_proposed: Integers, *, target_precision: float, confidence: float) -> tuple[int, ...]:
    """The classes, ascending, that are proposed often enough to be certified beside each other if all were right.

    Args:
        n_proposed: (n_classes,) proposals of each class on the hold-out.
        target_precision: in (0, 1).
        confidence: that all gates hold, in (0, 1).
    """
    order = np.argsort(-n_proposed, kind="stable")
    for n_tried in range(len(order), 0, -1):
        needed = ceil(log((1 - confidence) / (n_tried + 1)) / log(target_precision))
        if n_proposed[order[n_tried - 1]] >= needed:
            return tuple(sorted(order[:n_tried].tolist()))
    return ()


def gates_text(gate: Gate, class_names: Sequence[str]) -> str | None:
    """The gates of the classes as JSON, by their names; None where one gate is for all."""
    if not gate.of_class:
        return None
    own = {
        class_names[number]: [own.threshold, own.lower_bound, own.n_checked] for number, own in gate.of_class.items()
    }
    return json.dumps(own, ensure_ascii=False)


def with_class_gates(gate: Gate, text: str | None, class_names: Sequence[str]) -> Gate:
    """A gate with those of the classes, as `gates_text` wrote them; names that are no class any more are left out."""
    known = {name: number for number, name in enumerate(class_names)}
    read: Mapping[str, Sequence[Any]] = json.loads(text) if text else {}
    own = {
        known[name]: replace(gate, threshold=threshold, lower_bound=bound, n_checked=n, of_class={})
        for name, (threshold, bound, n) in read.items()
        if name in known
    }
    return replace(gate, of_class=own)
