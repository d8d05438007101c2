"""One round of learning: train on what was answered, calibrate, certify and measure on the hold-out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.answers.class_answers import CLASS, ClassAnswers, agree
from data_engine.labeling.answers.counted import counted_answers
from data_engine.labeling.answers.registry import kind_of
from data_engine.labeling.answers.trap_records import trap_records
from data_engine.labeling.calibration import calibration_error
from data_engine.labeling.classifier import Classifier, fit_classifier
from data_engine.labeling.gate import Gate, binomial_interval, certify
from data_engine.labeling.inputs import EmbeddingsOf, Floats, Integers, find_embeddings
from data_engine.labeling.provenance import GIVEN, IMPORTED
from data_engine.schemas import CLASSIFIER

TRAINING_PURPOSES = ("query", "control", "audit", GIVEN)
"""Why a sample was asked about whose answers may be trained on."""

_INTERVAL_CONFIDENCE = 0.9
_N_NEIGHBOURS = 5


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Samples with an embedding and an agreed label: ids, (n, dim) rows, (n,) class numbers."""

    sample_ids: tuple[str, ...]
    embeddings: Floats
    classes: Integers

    def __len__(self) -> int:
        return len(self.sample_ids)


@dataclass(frozen=True, eq=False)
class TrainedRound:
    """A calibrated classifier, its gate, and what the hold-out says about both.

    `training` is everything answered outside the hold-out, traps aside. `query_accuracy` and `control_accuracy` are
    hold-out accuracies of classifiers trained on the samples of query batches alone and of control batches alone
    (`n_query` and `n_control` of them): what the query strategy gained over chance, also when it gained nothing.
    `without_embedding` names answered samples that could not be used.
    """

    classifier: Classifier
    gate: Gate
    training: LabelledSet
    hold_out: LabelledSet
    n_rounds: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    calibration_error: float
    query_accuracy: float | None
    control_accuracy: float | None
    n_query: int
    n_control: int
    without_embedding: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Whether a new classifier may take over; true in a condition when it may."""

    is_better_or_equal: bool
    reason: str

    def __bool__(self) -> bool:
        return self.is_better_or_equal


def train_round(
    reviewed: pa.Table,
    embeddings_of: EmbeddingsOf,
    *,
    class_names: Sequence[str],
    target_precision: float,
    confidence: float = 0.9,
    seed: int,
    examples: LabelledSet | None = None,
) -> TrainedRound:
    """Train on every answered sample outside the hold-out; calibrate, certify and measure on the hold-out.

    A sample that was ever drawn for the hold-out is never trained on. The temperature, one number, is fitted on the
    same hold-out as the calibration error is measured on.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        embeddings_of: ids to unit rows.
        class_names: the classes, in the order of the columns.
        target_precision: what the gate has to promise, in (0, 1).
        confidence: of that promise, in (0, 1).
        seed: of the solver.
        examples: to learn from besides, such as the names of the classes; they do not count as answers.

    Raises: NotEnoughData without a hold-out or without training samples; UnknownLabel for labels outside the classes;
        InvalidInput for answers that are no classes.
    """
    rows = counted_answers(reviewed)
    if not rows:
        raise NotEnoughData("there are 0 answers to learn from; answer a review batch first")
    _check_kind(rows)
    agreed = agree(rows, class_names, traps=trap_records(reviewed, ClassAnswers()))
    known, embeddings = find_embeddings(embeddings_of, agreed.sample_ids)
    ids = np.array(agreed.sample_ids)
    purposes = [{row["purpose"] for row in answers} for answers in agreed.answers]
    is_hold_out = np.array(["hold_out" in each for each in purposes])[known]
    parts = {name: np.array([name in each for each in purposes])[known] & ~is_hold_out for name in ("query", "control")}
    usable = LabelledSet(tuple(ids[known].tolist()), embeddings, agreed.classes[known])
    hold_out, training = _part(usable, is_hold_out), _part(usable, ~is_hold_out)
    _check_sizes(len(training), len(hold_out))
    classifier = _fit(_joined(training, examples), class_names, seed).calibrate(hold_out.embeddings, hold_out.classes)
    probabilities = classifier.predict_proba(hold_out.embeddings)
    n_right = int((probabilities.argmax(axis=1) == hold_out.classes).sum())
    low, high = binomial_interval(n_right, len(hold_out), _INTERVAL_CONFIDENCE)
    return TrainedRound(
        classifier=classifier,
        gate=certify(probabilities, hold_out.classes, target_precision=target_precision, confidence=confidence),
        training=training,
        hold_out=hold_out,
        n_rounds=len({row["review_batch"] for row in rows if row["provenance"] != IMPORTED}),
        accuracy=n_right / len(hold_out),
        accuracy_low=low,
        accuracy_high=high,
        calibration_error=calibration_error(probabilities, hold_out.classes),
        query_accuracy=_accuracy_of_part(_part(usable, parts["query"]), examples, hold_out, class_names, seed),
        control_accuracy=_accuracy_of_part(_part(usable, parts["control"]), examples, hold_out, class_names, seed),
        n_query=int(parts["query"].sum()),
        n_control=int(parts["control"].sum()),
        without_embedding=tuple(ids[~known].tolist()),
    )


def classifier_row(
    trained: TrainedRound, compared: Comparison, *, encoder_version: str, given_labels: str | None = None
) -> pa.Table:
    """The one row that `schemas.CLASSIFIER` keeps of a round.

    Args:
        trained: the round.
        compared: whether it goes into service, and why.
        encoder_version: of the embeddings that it learnt from.
        given_labels: where the labels that it learnt from besides the answers stand; None where there were none.
    """
    row = {
        "classifier_version": trained.classifier.version,
        "n_rounds": trained.n_rounds,
        "n_training": len(trained.training),
        "n_hold_out": len(trained.hold_out),
        "accuracy": trained.accuracy,
        "accuracy_low": trained.accuracy_low,
        "accuracy_high": trained.accuracy_high,
        "calibration_error": trained.calibration_error,
        "temperature": trained.classifier.temperature,
        "query_accuracy": trained.query_accuracy,
        "control_accuracy": trained.control_accuracy,
        "gate_threshold": trained.gate.threshold,
        "gate_lower_bound": trained.gate.lower_bound,
        "gate_target": trained.gate.target_precision,
        "gate_n_checked": trained.gate.n_checked,
        "is_in_service": bool(compared),
        "encoder_version": encoder_version,
        "given_labels": given_labels,
        "took_over": bool(compared),
        "comparison": compared.reason,
        "artefact": trained.classifier.to_bytes(),
    }
    return pa.Table.from_pylist([row], schema=CLASSIFIER)


def row_in_service(classifiers: pa.Table) -> dict[str, Any] | None:
    """The row of `schemas.CLASSIFIER` that proposals come from, the newest of several; None where there is none."""
    rows = classifiers.filter(classifiers["is_in_service"])
    return rows.slice(rows.num_rows - 1).to_pylist()[0] if rows.num_rows else None


def gate_of(row: Mapping[str, Any], *, confidence: float) -> Gate:
    """The gate that a row of `schemas.CLASSIFIER` describes; `confidence` is the corpus' own."""
    return Gate(
        threshold=row["gate_threshold"],
        lower_bound=row["gate_lower_bound"],
        n_checked=row["gate_n_checked"],
        target_precision=row["gate_target"],
        confidence=confidence,
    )


def is_better_or_equal(new: TrainedRound, in_service: Classifier | None) -> Comparison:
    """Whether a new classifier may replace the one in service.

    Both predict the same, present hold-out. The new one may take over unless even the upper end of the 90 % interval
    of its accuracy lies below the accuracy of the one in service.

    Args:
        new: the round just trained.
        in_service: the classifier that proposals come from now; None when there is none.
    """
    if in_service is None:
        return Comparison(True, "no classifier is in service yet")
    if in_service.class_names != new.classifier.class_names:
        return Comparison(True, "the classes have changed, so the classifier in service answers another question")
    predicted = in_service.predict_proba(new.hold_out.embeddings).argmax(axis=1)
    before = float((predicted == new.hold_out.classes).mean())
    told = (
        f"hold-out accuracy {new.accuracy:.3f} (90 % interval {new.accuracy_low:.3f} to {new.accuracy_high:.3f}) "
        f"against {before:.3f} of version {in_service.version}, n = {len(new.hold_out)}"
    )
    if new.accuracy_high >= before:
        return Comparison(True, f"{told}: not worse beyond the interval")
    return Comparison(False, f"{told}: worse beyond the interval, so version {in_service.version} stays in service")


def _part(labelled: LabelledSet, mask: NDArray[np.bool_]) -> LabelledSet:
    ids = tuple(sample_id for sample_id, inside in zip(labelled.sample_ids, mask.tolist(), strict=True) if inside)
    return LabelledSet(ids, labelled.embeddings[mask], labelled.classes[mask])


def _check_kind(rows: Sequence[Mapping[str, Any]]) -> None:
    kind = kind_of(row["kind"] for row in rows)
    if kind.name != CLASS:
        raise InvalidInput(f"the answers are of the kind {kind.name}; a classifier learns from the kind {CLASS} alone")


def _check_sizes(n_training: int, n_hold_out: int) -> None:
    if n_hold_out == 0:
        raise NotEnoughData("there are 0 answered hold-out samples; answer the tasks with purpose hold_out first")
    if n_training == 0:
        raise NotEnoughData("there are 0 answered samples outside the hold-out; answer a query or control batch first")


def _fit(labelled: LabelledSet, class_names: Sequence[str], seed: int) -> Classifier:
    return fit_classifier(
        labelled.embeddings,
        labelled.classes,
        seed=seed,
        n_classes=len(class_names),
        class_names=class_names,
        n_neighbours=_N_NEIGHBOURS,
    )


def probabilities_from_examples(
    examples: LabelledSet, embeddings: Floats, *, class_names: Sequence[str], seed: int
) -> NDArray[np.float32]:
    """What examples alone say of (n, dim) embeddings, before anybody answered: (n, n_classes), not calibrated."""
    return _fit(examples, class_names, seed).predict_proba(embeddings)


def _joined(labelled: LabelledSet, examples: LabelledSet | None) -> LabelledSet:
    if examples is None:
        return labelled
    return LabelledSet(
        labelled.sample_ids + examples.sample_ids,
        np.concatenate([labelled.embeddings, examples.embeddings]),
        np.concatenate([labelled.classes, examples.classes]),
    )


def _accuracy_of_part(
    part: LabelledSet, examples: LabelledSet | None, hold_out: LabelledSet, class_names: Sequence[str], seed: int
) -> float | None:
    if len(part) == 0:
        return None
    predicted = _fit(_joined(part, examples), class_names, seed).predict_proba(hold_out.embeddings).argmax(axis=1)
    return float((predicted == hold_out.classes).mean())
