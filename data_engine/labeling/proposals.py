"""Proposals: what the classifier in service says about each sample, and whether a person has to look."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.classifier import Classifier
from data_engine.labeling.difficulty import difficulty
from data_engine.labeling.gate import Gate
from data_engine.labeling.inputs import Floats, Integers
from data_engine.labeling.strategies.registry import utility
from data_engine.schemas import PROPOSALS

ACCEPT, PERSON = "accept", "person"
"""The routes: into the labels without a person, or to one."""


def propose(
    classifier: Classifier,
    gate: Gate,
    embeddings: Floats,
    sample_ids: Sequence[str],
    class_names: Sequence[str],
    *,
    strategy: str,
    neighbour_classes: Integers | None = None,
) -> pa.Table:
    """One proposal per sample.

    Args:
        classifier: calibrated, in service.
        gate: certified for this classifier; without a threshold it sends every sample to a person.
        embeddings: (n, dim) unit rows.
        sample_ids: their n ids.
        class_names: the classes, in the order of the classifier's columns.
        strategy: the query strategy whose utility is written down.
        neighbour_classes: (n,) class numbers by the nearest labelled samples, the second view of the difficulty.

    Returns: n rows of `schemas.PROPOSALS` in the order given.
    Raises: InvalidInput for shapes that do not match, or classes that are not the classifier's.
    """
    names = tuple(class_names)
    if len(names) != classifier.n_classes or (classifier.class_names and names != classifier.class_names):
        raise InvalidInput(
            f"the corpus has {len(names)} classes and classifier {classifier.version} was trained on "
            f"{classifier.n_classes}, or in another order; train it again with the present classes"
        )
    if len(sample_ids) != len(embeddings):
        raise InvalidInput(f"there are {len(sample_ids)} sample_ids for {len(embeddings)} embeddings; give one per row")
    probabilities = classifier.predict_proba(embeddings)
    accepted = gate.accepts(probabilities)
    tops = probabilities.argmax(axis=1)
    confidences = probabilities.max(axis=1)
    kind = answer_kind(CLASS)
    answers = [kind.from_label(name) for name in names]
    columns = {
        "sample_id": list(sample_ids),
        "classifier_version": [classifier.version] * len(sample_ids),
        "kind": [kind.name] * len(sample_ids),
        "answer": [answers[top] for top in tops],
        "label": [names[top] for top in tops],
        "probability": confidences,
        "probabilities": [row.tobytes() for row in probabilities],
        "uncertainty": 1 - confidences,
        "utility": utility(strategy, probabilities).astype(np.float32),
        "difficulty": difficulty(probabilities, accepted, neighbour_classes=neighbour_classes).tolist(),
        "route": np.where(accepted, ACCEPT, PERSON).tolist(),
        "reason": [_reason(float(confidence), gate) for confidence in confidences],
    }
    return pa.table(columns, schema=PROPOSALS)


def probabilities_of(proposals: pa.Table) -> Floats:
    """The (n, n_classes) float32 class probabilities that a table of proposals carries."""
    rows = [np.frombuffer(value, dtype=np.float32) for value in proposals["probabilities"].to_pylist()]
    return np.stack(rows) if rows else np.empty((0, 0), dtype=np.float32)


def _reason(confidence: float, gate: Gate) -> str:
    if gate.threshold is None:
        return f"no gate: the hold-out does not certify a precision of {gate.target_precision:g}"
    sign = ">=" if confidence >= gate.threshold else "<"
    return f"probability {confidence:.4f} {sign} gate {gate.threshold:.4f}"
