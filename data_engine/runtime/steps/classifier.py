"""classifier: a small model trained on the answers, calibrated and certified on the hold-out."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import labeling
from data_engine.labeling.models.hold_out_figures import ALL, figures
from data_engine.labeling.objects.object_model import KIND
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.classifier_in_service import ClassifierRow, LearntBy
from data_engine.runtime.deciders.distillation import is_taught
from data_engine.runtime.examples.class_name_examples import class_name_examples
from data_engine.runtime.examples.image_children import answered_children, child_embeddings
from data_engine.runtime.made_from.encoders import EncoderUsed
from data_engine.runtime.made_from.given_labels import Read, given_label_inputs, given_labels_text, with_given_labels
from data_engine.runtime.models.borrowed import borrowed_model
from data_engine.runtime.models.hold_out_slices import hold_out_slices
from data_engine.runtime.models.inputs import model_inputs
from data_engine.runtime.models.promotions import promotion_in_force
from data_engine.runtime.models.registry_rows import JudgedBy, figures_after, rows_after
from data_engine.runtime.objects.learnt_masks import learn_masks, same_question
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas.child_ids import parent_and_change

_SHOWN_VERSIONS = 8


def classifier(step_run: StepRun) -> StepResult:
    """Train a version on all answers; it takes over where it is better than the one in service."""
    return learn_masks(step_run) if step_run.corpus.asks_for_objects else _of_classes(step_run)


def _of_classes(step_run: StepRun) -> StepResult:
    settings = step_run.corpus.labels
    reviewed = _to_learn_from(step_run)
    encoder = step_run.encoder_in_use()
    examples = class_name_examples(step_run.corpus, encoder)
    children = child_embeddings(step_run.runtime, step_run.look_up, answered_children(reviewed), encoder)
    trained = labeling.train_round(
        reviewed,
        step_run.embeddings_of(reviewed["sample_id"]) | children,
        class_names=step_run.corpus.class_names,
        target_precision=settings.target_of("classifier"),
        confidence=settings.confidence,
        seed=step_run.corpus.seed_for("classifier"),
        examples=examples,
        model=settings.model,
        gate_per_class=settings.gate_per_class,
    )
    table = _registry(step_run, trained, encoder)
    newest = table.slice(table.num_rows - 1).to_pylist()[0]
    return step_run.finish(
        table,
        extra_tables={"classifier_figures": _figures(step_run, trained, table)},
        preview=table.slice(max(0, table.num_rows - _SHOWN_VERSIONS)),
        metadata={
            "version": trained.classifier.version,
            "model": trained.classifier.kind,
            "in service": newest["comparison"],
            "trained on": len(trained.training),
            "of these answered by a foundation model": trained.n_distilled,
            "of these given by the data": pc.sum(pc.equal(reviewed["purpose"], labeling.GIVEN)).as_py() or 0,
            **({"of these children of images": len(children)} if children else {}),
            "class names as examples": 0 if examples is None else len(examples),
            "hold-out accuracy": round(trained.accuracy, 4),
            "gate": _said_of(trained.gate),
            "accuracy on query / control batches alone": f"{trained.query_accuracy} / {trained.control_accuracy}",
            "without an embedding": len(trained.without_embedding),
        },
        details={"reliability": _reliability(trained)},
        encoder=encoder,
    )


def _to_learn_from(step_run: StepRun) -> pa.Table:
    """Answers of people, labels of the data, and what a foundation model said in the round before, where it teaches."""
    answers = step_run.read_accepted("reviewed_labels")
    step_run.inputs |= given_label_inputs(step_run.corpus, step_run.tables.verdicts, step_run.tables)
    reviewed = with_given_labels(step_run.corpus, step_run.look_up, answers, _embedded(step_run.look_up))
    if not is_taught(step_run.corpus):
        return reviewed
    learnt = step_run.accepted_history("distilled_answers")
    return labeling.with_distilled_answers(reviewed, learnt, step_run.corpus.class_names)


def _reliability(trained: labeling.TrainedRound) -> pa.Table:
    """How right the classifier is on the hold-out at each confidence."""
    probabilities = trained.classifier.predict_proba(trained.hold_out.embeddings)
    return labeling.reliability(probabilities, trained.hold_out.classes)


def _said_of(gate: labeling.Gate) -> str:
    said = "shut" if gate.threshold is None else f"open from probability {gate.threshold:.3f}"
    return f"{said}; {len(gate.of_class)} classes have gates of their own" if gate.of_class else said


def _registry(step_run: StepRun, trained: labeling.TrainedRound, encoder: EncoderUsed) -> pa.Table:
    """All versions, the new one last; what people promoted and a model of another corpus are inputs too."""
    settings, runtime = step_run.corpus.labels, step_run.runtime
    step_run.inputs |= model_inputs(runtime)
    judged_by = JudgedBy(
        trained.hold_out,
        encoder,
        step_run.corpus.class_names,
        LearntBy(
            given_labels_text(step_run.corpus),
            settings.model,
            settings.class_names_as_examples,
            is_taught(step_run.corpus),
        ),
        settings.target_of("classifier"),
        settings.confidence,
        settings.gate_per_class,
    )
    return rows_after(
        step_run.accepted_history(),
        trained,
        judged_by,
        borrowed=borrowed_model(runtime, encoder),
        by_hand=promotion_in_force(runtime),
    )


def _figures(step_run: StepRun, trained: labeling.TrainedRound, registry: pa.Table) -> pa.Table:
    """What the hold-out says of this round and of the version in service, behind what it said in earlier rounds."""
    hold_out, names = trained.hold_out, step_run.corpus.class_names
    slices = hold_out_slices(step_run, hold_out.sample_ids)
    found = figures(hold_out.classes, trained.predicted, names, slices)
    found += tuple(each for name, curve in trained.curves.items() for each in curve.figures(name))
    versions, in_service = registry["classifier_version"].to_pylist(), None
    row = labeling.row_in_service(registry)
    if row is not None and row["classifier_version"] != trained.classifier.version:
        predicted = labeling.load_model(row["artefact"]).predict_proba(hold_out.embeddings).argmax(axis=1)
        again = figures(hold_out.classes, {ALL: predicted}, names, slices)
        in_service = (row["classifier_version"], [vars(each) for each in again])
    earlier = step_run.look_up("classifier_figures")
    return figures_after(earlier, versions, trained.classifier.version, [vars(each) for each in found], in_service)


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """Hold-out and training samples, and the accuracy of the version before; of the table, the newest version."""
    versions = checked.tables["classifier"].to_pylist()
    answers, read = checked.read_from.read("reviewed_labels"), checked.read_from.read
    reviewed = with_given_labels(checked.runtime.corpus, read, answers, _embedded(read))
    held_out = reviewed.filter(pc.equal(reviewed["purpose"], "hold_out"))
    # What a file says of a sample of the hold-out was no question to learn from: it counts there alone.
    is_of_file = pc.is_in(reviewed["purpose"], pa.array([labeling.GIVEN, labeling.CORRECTION]))
    is_held_out = pc.is_in(reviewed["sample_id"], held_out["sample_id"].combine_chunks())
    is_asked = pc.is_in(reviewed["purpose"], pa.array(labeling.TRAINING_PURPOSES))
    trained = reviewed.filter(pc.and_not(is_asked, pc.and_(is_of_file, is_held_out)))
    values: dict[str, Any] = {
        "min_hold_out": _least_hold_out(checked, held_out.num_rows, versions[:-1]),
        "hold_out_ids": held_out["sample_id"].to_pylist(),
        "training_ids": _learnt_from(trained["sample_id"].to_pylist(), answered_children(reviewed)),
    }
    # A version of the vectors of another encoder, or of other classes, says nothing of this one.
    before = [row for row in versions[:-1] if _asks_the_same(row, versions[-1])]
    if before:
        values |= {"previous_accuracy": before[-1]["accuracy"], "previous_low": before[-1]["accuracy_low"]}
    checked.tables["classifier"] = pa.Table.from_pylist(versions[-1:], schema=checked.tables["classifier"].schema)
    return values


def _learnt_from(answered: list[str], children: list[str]) -> list[str]:
    """The samples that were learnt from, and the parents of the children that were, which must not be held out."""
    made = {sample_id: parent_and_change(sample_id) for sample_id in answered}
    return [parent for sample_id, (parent, change) in made.items() if not change or sample_id in children]


def _embedded(read: Read) -> pa.Array:
    """The samples that can be learnt from."""
    return read("embeddings", columns=["sample_id"])["sample_id"].combine_chunks()


def _least_hold_out(checked: CheckedStep, n_counted: int, earlier: Sequence[ClassifierRow]) -> int:
    """The least size of the hold-out: of one that was answered in full, whatever of it is still there.

    A larger subset must not stop a corpus that has learnt, and neither must samples that leave: the gate certifies less
    until the next round has asked for the rest.
    """
    corpus = checked.runtime.corpus
    least = labeling.least_hold_out(corpus.subset.target_size, corpus.labels.hold_out_size)
    if earlier:
        least = min(least, earlier[-1]["n_hold_out"])
    with checked.runtime.queue() as queue:
        tasks = queue.tables(corpus.name)["review_task"].to_pylist()
    answered = {row["sample_id"] for row in tasks if row["purpose"] == "hold_out" and row["n_answers"] > 0}
    return least if max(len(answered), n_counted) < least else 1


def _asks_the_same(one: ClassifierRow, other: ClassifierRow) -> bool:
    """Whether two versions learnt here, by the same settings, of the same classes and vectors."""
    if any(row["borrowed_from"] for row in (one, other)):
        return False
    if KIND in (one["model"], other["model"]):
        return same_question(one, other)
    known = [row["artefact"] for row in (one, other)]
    names = {labeling.load_model(artefact).class_names for artefact in known if artefact}
    is_same = one["encoder_version"] == other["encoder_version"] and LearntBy.of(one) == LearntBy.of(other)
    return is_same and len(names) < 2
