"""Proposals: what the classifier in service says about each sample, and which decider takes it.

Who the deciders are, and how a sample finds its own, is in `deciders/`.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.deciders.cascade import Opinion, route
from data_engine.labeling.deciders.registry import CLASSIFIER, PERSON
from data_engine.labeling.difficulty import difficulty
from data_engine.labeling.gate import Gate
from data_engine.labeling.inputs import Floats, Integers
from data_engine.labeling.models.micro_model import MicroModel
from data_engine.labeling.strategies.registry import utility
from data_engine.schemas import PROPOSALS

#: Why a classifier says nothing of a sample that it learnt from a foundation model.
LEARNT = "it learnt this sample from the foundation model"


def propose(
    classifier: MicroModel,
    gate: Gate,
    embeddings: Floats,
    sample_ids: Sequence[str],
    class_names: Sequence[str],
    *,
    strategy: str,
    labelled: Sequence[int] = (),
    labels: Sequence[int] = (),
    neighbour_classes: Integers | None = None,
    deciders: Sequence[str] = (CLASSIFIER, PERSON),
    opinions: Mapping[str, Opinion] | None = None,
    shut: str = "",
    learnt: Collection[str] = (),
) -> pa.Table:
    """One proposal per sample.

    What is proposed is what the decider says that takes the sample, and the classifier's class where that is a person.
    The probabilities are always the classifier's; the probability of what another decider says is the lower bound that
    its gate certifies.

    Args:
        classifier: calibrated, in service.
        gate: certified for this classifier; without a threshold the classifier takes no sample.
        embeddings: (n, dim) unit rows.
        sample_ids: their n ids.
        class_names: the classes, in the order of the classifier's columns.
        strategy: the query strategy whose utility is written down.
        labelled: row numbers that are labelled, the hold-out aside; strategies may compare with them.
        labels: their class numbers.
        neighbour_classes: (n,) class numbers by the nearest labelled samples, the second view of the difficulty.
        deciders: names of the deciders in the order in which they are asked; a person is the last.
        opinions: what those say that are neither the classifier nor a person, by name.
        shut: why the classifier decides nothing although its gate would let it; see `deciders.audits`.
        learnt: ids of samples that the classifier may not decide, see `classifier_opinion`.

    Returns: n rows of `schemas.PROPOSALS` in the order given.
    Raises: InvalidInput for shapes that do not match, classes that are not the classifier's, or a decider without an
        opinion.
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
    confidences = probabilities.max(axis=1)
    kind = answer_kind(CLASS)
    is_learnt = [name in learnt for name in sample_ids]
    own = classifier_opinion(probabilities, gate, names, shut=shut, is_learnt=is_learnt)
    tops = [kind.from_label(names[number]) for number in probabilities.argmax(axis=1).tolist()]
    routes = route(deciders, {**(opinions or {}), CLASSIFIER: own}, len(sample_ids))
    answers = [top if decided is None else decided for top, decided in zip(tops, routes.answers, strict=True)]
    for row, name in enumerate(routes.deciders):
        if name not in (CLASSIFIER, PERSON):
            confidences[row] = routes.lower_bounds[row]
    columns = {
        "sample_id": list(sample_ids),
        "classifier_version": [classifier.version] * len(sample_ids),
        "kind": [kind.name] * len(sample_ids),
        "answer": answers,
        "label": [kind.label_of(answer) for answer in answers],
        "probability": confidences,
        "probabilities": [row.tobytes() for row in probabilities],
        "uncertainty": 1 - confidences,
        "utility": utility(
            strategy, probabilities, embeddings=embeddings, labelled=labelled, labels=labels, draw=classifier.draws
        ).astype(np.float32),
        "difficulty": difficulty(
            probabilities, np.array(routes.deciders) != PERSON, neighbour_classes=neighbour_classes
        ).tolist(),
        "route": list(routes.deciders),
        "gate_lower_bound": list(routes.lower_bounds),
        "reason": list(routes.reasons),
    }
    return pa.table(columns, schema=PROPOSALS)


def classifier_opinion(
    probabilities: Floats,
    gate: Gate,
    class_names: Sequence[str],
    *,
    shut: str = "",
    is_learnt: Sequence[bool] = (),
) -> Opinion:
    """What a classifier says of n samples: the most probable class, and its probability.

    Of a sample that it learnt from a machine it says nothing: it would repeat what it was told, errors included, surer
    than of any sample of the hold-out that its gate was certified on; and what it does not repeat is where that machine
    errs most, so that none of the two certificates would hold.

    Args:
        probabilities: (n, n_classes) calibrated.
        gate: certified for this classifier.
        class_names: the classes, in the order of the columns.
        shut: why it decides nothing although its gate would let it.
        is_learnt: (n,) whether it learnt the sample from an answer of a foundation model; empty for none.
    """
    kind = answer_kind(CLASS)
    of_class = [kind.from_label(name) for name in class_names]
    numbers = probabilities.argmax(axis=1).tolist()
    told = list(is_learnt) or [False] * len(numbers)
    tops = tuple(None if is_told else of_class[top] for top, is_told in zip(numbers, told, strict=True))
    gates = tuple(map(gate.for_class, numbers)) if gate.of_class else ()
    scores = probabilities.max(axis=1).astype(np.float64)
    return Opinion(CLASSIFIER, gate, tops, scores, says_nothing=LEARNT, gates=gates, shut=shut)


def probabilities_of(proposals: pa.Table) -> Floats:
    """The (n, n_classes) float32 class probabilities that a table of proposals carries."""
    rows = [np.frombuffer(value, dtype=np.float32) for value in proposals["probabilities"].to_pylist()]
    return np.stack(rows) if rows else np.empty((0, 0), dtype=np.float32)
