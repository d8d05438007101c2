"""One round of learning: train on what was answered, calibrate, certify and measure on the hold-out."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
from data_engine.labeling.deciders.class_gates import certify_classes, gates_text, with_class_gates
from data_engine.labeling.gate import Gate, binomial_interval, certify
from data_engine.labeling.inputs import EmbeddingsOf, Floats, Integers, find_embeddings
from data_engine.labeling.models.hold_out_figures import ALL, CONTROL, QUERY
from data_engine.labeling.models.learning_curve import Boost, LearningCurve, boost, learning_curve
from data_engine.labeling.models.micro_model import MicroModel
from data_engine.labeling.models.promotion import Comparison
from data_engine.labeling.models.registry import DEFAULT_MODEL, fit_model
from data_engine.labeling.provenance import DISTILLED, IMPORTED, LEARNT_PURPOSES
from data_engine.schemas import CLASSIFIER

TRAINING_PURPOSES = (*LEARNT_PURPOSES, DISTILLED)
"""Why a sample was asked about whose answers may be trained on."""

_INTERVAL_CONFIDENCE = 0.9


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Samples with an embedding and an agreed label: ids, (n, dim) rows, (n,) class numbers."""

    sample_ids: tuple[str, ...]
    embeddings: Floats
    classes: Integers

    def __len__(self) -> int:
        return len(self.sample_ids)

    @property
    def version(self) -> str:
        """Fingerprint of which samples it has and what each is, in any order: 16 hex digits."""
        said = sorted(zip(self.sample_ids, self.classes.tolist(), strict=True))
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class TrainedRound:
    """A calibrated classifier, its gate, and what the hold-out says about both.

    `training` is everything answered outside the hold-out, traps aside. `predicted` has the (n_hold_out,) class numbers
    that are predicted by the classifier (`all`), and by others that were trained on the samples of query batches alone
    (`query`) and of control batches alone (`control`), where there are any (`n_query` and `n_control` of them): what
    the query strategy gained over chance, also when it gained nothing. `query_accuracy` and `control_accuracy` are
    theirs, `curves` their learning curves. `n_distilled` training
    samples are answers of a foundation model. `without_embedding` names answered samples that could not be used.
    """

    classifier: MicroModel
    gate: Gate
    training: LabelledSet
    hold_out: LabelledSet
    n_rounds: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    calibration_error: float
    predicted: Mapping[str, Integers]
    curves: Mapping[str, LearningCurve]
    n_query: int
    n_control: int
    n_distilled: int
    without_embedding: tuple[str, ...]

    @property
    def query_accuracy(self) -> float | None:
        """Hold-out accuracy of what query batches alone teach; None without any."""
        return self._accuracy_of(QUERY)

    @property
    def control_accuracy(self) -> float | None:
        """Hold-out accuracy of what random control batches alone teach; None without any."""
        return self._accuracy_of(CONTROL)

    @property
    def boost(self) -> Boost | None:
        """How many times fewer labels query batches needed than control batches; None below two rounds of each."""
        both = [self.curves.get(part) for part in (QUERY, CONTROL)]
        return None if both[0] is None or both[1] is None else boost(both[0], both[1])

    def _accuracy_of(self, part: str) -> float | None:
        found = self.predicted.get(part)
        return None if found is None else float((found == self.hold_out.classes).mean())


def train_round(
    reviewed: pa.Table,
    embeddings_of: EmbeddingsOf,
    *,
    class_names: Sequence[str],
    target_precision: float,
    confidence: float = 0.9,
    seed: int,
    examples: LabelledSet | None = None,
    model: str = DEFAULT_MODEL,
    gate_per_class: bool = False,
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
        seed: of the model.
        examples: to learn from besides, such as the names of the classes; they do not count as answers.
        model: the kind of micro-model, a key of `models.registry.MODELS`.
        gate_per_class: whether classes may have gates of their own; see `deciders.class_gates`.

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
    parts = {name: np.array([name in each for each in purposes])[known] & ~is_hold_out for name in (QUERY, CONTROL)}
    usable = LabelledSet(tuple(ids[known].tolist()), embeddings, agreed.classes[known])
    hold_out, training = _part(usable, is_hold_out), _part(usable, ~is_hold_out)
    _check_sizes(len(training), len(hold_out))
    fit = partial(_fit, examples=examples, class_names=class_names, seed=seed, model=model)
    classifier = fit(training).calibrate(hold_out.embeddings, hold_out.classes)
    probabilities = classifier.predict_proba(hold_out.embeddings)
    certified_by = certify_classes if gate_per_class else certify
    n_right = int((probabilities.argmax(axis=1) == hold_out.classes).sum())
    low, high = binomial_interval(n_right, len(hold_out), _INTERVAL_CONFIDENCE)
    rounds = np.array([min(row["review_batch"] for row in answers) for answers in agreed.answers])[known]
    arms = {name: (_part(usable, inside), rounds[inside].tolist()) for name, inside in parts.items() if inside.any()}
    curves = {name: _curve(part, asked, hold_out, fit) for name, (part, asked) in arms.items()}
    predicted = {name: _predict(fit(part), hold_out) for name, (part, _) in arms.items()}
    return TrainedRound(
        classifier=classifier,
        gate=certified_by(probabilities, hold_out.classes, target_precision=target_precision, confidence=confidence),
        training=training,
        hold_out=hold_out,
        n_rounds=len({row["review_batch"] for row in rows if row["review_batch"] != IMPORTED}),
        accuracy=n_right / len(hold_out),
        accuracy_low=low,
        accuracy_high=high,
        calibration_error=calibration_error(probabilities, hold_out.classes),
        predicted={ALL: probabilities.argmax(axis=1), **predicted},
        curves=curves,
        n_query=int(parts[QUERY].sum()),
        n_control=int(parts[CONTROL].sum()),
        n_distilled=sum(DISTILLED in each for each in purposes),
        without_embedding=tuple(ids[~known].tolist()),
    )


def classifier_row(
    trained: TrainedRound,
    compared: Comparison,
    *,
    encoder_version: str,
    given_labels: str | None = None,
    with_class_names: bool = False,
    is_taught: bool = False,
) -> pa.Table:
    """The one row that `schemas.CLASSIFIER` keeps of a round.

    Args:
        trained: the round.
        compared: whether it goes into service, and why.
        encoder_version: of the embeddings that it learnt from.
        given_labels: where the labels that it learnt from besides the answers stand; None where there were none.
        with_class_names: whether names of classes were examples too.
        is_taught: whether it may learn from answers of a foundation model.
    """
    found = trained.boost
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
        "gate_by_class": gates_text(trained.gate, trained.classifier.class_names),
        "is_in_service": bool(compared),
        "encoder_version": encoder_version,
        "given_labels": given_labels,
        "took_over": bool(compared),
        "n_query": trained.n_query,
        "n_control": trained.n_control,
        "boost": None if found is None else found.ratio,
        "boost_low": None if found is None else found.low,
        "boost_high": None if found is None else found.high,
        "comparison": compared.reason,
        "model": trained.classifier.kind,
        "with_class_names": with_class_names,
        "n_distilled": trained.n_distilled if is_taught else None,
        "training_version": trained.training.version,
        "hold_out_version": trained.hold_out.version,
        "artefact": trained.classifier.to_bytes(),
    }
    return pa.Table.from_pylist([row], schema=CLASSIFIER)


def row_in_service(classifiers: pa.Table) -> dict[str, Any] | None:
    """The row of `schemas.CLASSIFIER` that proposals come from, the newest of several; None where there is none."""
    rows = classifiers.filter(classifiers["is_in_service"])
    return rows.slice(rows.num_rows - 1).to_pylist()[0] if rows.num_rows else None


def gate_of(row: Mapping[str, Any], *, confidence: float, class_names: Sequence[str] = ()) -> Gate:
    """The gate that a row of `schemas.CLASSIFIER` describes; `confidence` and the classes are the corpus' own."""
    gate = Gate(
        threshold=row["gate_threshold"],
        lower_bound=row["gate_lower_bound"],
        n_checked=row["gate_n_checked"],
        target_precision=row["gate_target"],
        confidence=confidence,
    )
    return with_class_gates(gate, row["gate_by_class"], class_names)


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


def _predict(model: MicroModel, hold_out: LabelledSet) -> Integers:
    return np.asarray(model.predict_proba(hold_out.embeddings).argmax(axis=1))


def _curve(
    part: LabelledSet, asked: Sequence[str], hold_out: LabelledSet, fit: Callable[[LabelledSet], MicroModel]
) -> LearningCurve:
    """What the samples of the first rounds teach, of the first two, and so on."""
    return learning_curve(asked, hold_out.classes, lambda mask: _predict(fit(_part(part, mask)), hold_out))


def _fit(
    labelled: LabelledSet, examples: LabelledSet | None, *, class_names: Sequence[str], seed: int, model: str
) -> MicroModel:
    taught = _joined(labelled, examples)
    return fit_model(
        model, taught.embeddings, taught.classes, seed=seed, n_classes=len(class_names), class_names=class_names
    )


def probabilities_from_examples(
    examples: LabelledSet, embeddings: Floats, *, class_names: Sequence[str], seed: int, model: str = DEFAULT_MODEL
) -> NDArray[np.float32]:
    """What examples alone say of (n, dim) embeddings, before anybody answered: (n, n_classes), not calibrated."""
    return _fit(examples, None, class_names=class_names, seed=seed, model=model).predict_proba(embeddings)


def _joined(labelled: LabelledSet, examples: LabelledSet | None) -> LabelledSet:
    if examples is None:
        return labelled
    return LabelledSet(
        labelled.sample_ids + examples.sample_ids,
        np.concatenate([labelled.embeddings, examples.embeddings]),
        np.concatenate([labelled.classes, examples.classes]),
    )
