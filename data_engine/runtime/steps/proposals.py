"""proposals: what the classifier in service suggests for every chosen sample, and whether a person has to look."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine import labeling
from data_engine.errors import NotEnoughData
from data_engine.labeling.deciders.registry import CLASSIFIER, FOUNDATION_MODEL
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.classifier_in_service import gate_in_service, newest_audit_age_days
from data_engine.runtime.deciders.distillation import rounds_with
from data_engine.runtime.deciders.opinions import Deciders
from data_engine.runtime.made_from.encoders import refuse_another
from data_engine.runtime.made_from.given_labels import with_given_labels
from data_engine.runtime.objects.proposed_masks import propose_masks
from data_engine.runtime.plan import spec_of
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas import SCHEMAS
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data_engine.runtime.foundation_model.asked_samples import AskedModel


def proposals(step_run: StepRun) -> StepResult:
    """Propose a class for every chosen sample, or the objects of every chosen image."""
    row = _in_service(step_run)
    return propose_masks(step_run, row) if step_run.corpus.asks_for_objects else _of_classes(step_run, row)


def _of_classes(step_run: StepRun, row: dict[str, Any]) -> StepResult:
    classifier = labeling.load_model(row["artefact"])
    (ids, x), settings, names = step_run.subset_embeddings(), step_run.corpus.labels, step_run.corpus.class_names
    answers = _answers(step_run, ids)
    classes = dict(answered := _answered(step_run, answers))
    labelled = [number for number, sample_id in enumerate(ids) if sample_id in classes]
    gate = labeling.gate_of(row, confidence=settings.confidence, class_names=names)
    deciders = Deciders(step_run, answers, classifier, gate)
    asked = _foundation_model(step_run, ids, answers, deciders)
    opinions = deciders.opinions([name for name in settings.decider_names if name != CLASSIFIER], ids)
    table = labeling.propose(
        classifier,
        gate,
        x,
        ids,
        names,
        strategy=settings.strategy,
        labelled=labelled,
        labels=[classes[ids[number]] for number in labelled],
        neighbour_classes=_neighbour_classes(step_run, answered, x),
        deciders=settings.decider_names,
        opinions=opinions | ({FOUNDATION_MODEL: asked.opinion} if asked else {}),
        shut=deciders.why_classifier_shut,
        learnt=deciders.learnt,
    )
    return step_run.finish(
        table,
        ledger=ledger_rows(
            table["sample_id"],
            verdict=table["route"],
            reason=pc.binary_join_element_wise(table["label"], table["reason"], ", "),
            score=table["probability"],
            threshold=_thresholds(step_run, table, gate),
            model_version=_versions(step_run, table, classifier.version),
        ),
        timing_tables=_of_foundation_model(step_run, asked, classifier.version),
        metadata={"gate": gate.threshold, **_counts_of_routes(table)},
        details={"uncertainty": table["uncertainty"].to_numpy(), "threshold": gate.threshold},
        encoder=step_run.encoder_in_use(),
    )


def _in_service(step_run: StepRun) -> dict[str, Any]:
    """The row of the classifier in service. Raises: NotEnoughData without one."""
    row = labeling.row_in_service(step_run.read("classifier"))
    if row is None:
        raise NotEnoughData("no classifier is in service; answer a review batch, then materialize classifier")
    refuse_another("classifier", row["encoder_version"], step_run.encoder_in_use())
    return row


def _of_foundation_model(step_run: StepRun, asked: "AskedModel | None", version: str) -> dict[str, pa.Table]:
    """What it answered, what of it the classifier may learn from, and how many samples needed it round by round."""
    if asked is None:
        return {name: SCHEMAS[name].empty_table() for name in spec_of(step_run.step).timing_tables}
    rounds = rounds_with(
        step_run.look_up("foundation_rounds"),
        version,
        asked.needing,
        asked.spent,
        asked.accepted["withdrawn"].null_count,
    )
    return {"foundation_answers": asked.rows, "foundation_rounds": rounds, "distilled_answers": asked.accepted}


def _counts_of_routes(table: pa.Table) -> dict[str, int]:
    return {f"route {found['values']}": found["counts"] for found in pc.value_counts(table["route"]).to_pylist()}


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """The gate in service, and the age of its newest audit in days."""
    gate = gate_in_service(checked.read_from, checked.runtime.corpus)
    names, own = checked.runtime.corpus.class_names, {} if gate is None else gate.of_class
    return {
        "audit_age_days": newest_audit_age_days(checked.read_from, checked.runtime.corpus),
        "max_audit_age_days": checked.runtime.corpus.labels.audit_max_age_days,
        "gate_threshold": None if gate is None else gate.threshold,
        "class_thresholds": {names[number]: each.threshold for number, each in own.items()},
    }


def what_ages(checked: CheckedStep) -> dict[str, str]:
    """Whether the newest audit is too old by now."""
    corpus = checked.runtime.corpus
    age, limit = newest_audit_age_days(checked.read_from, corpus), corpus.labels.audit_max_age_days
    return {} if age is None or age <= limit else {"newest audit": f"more than {limit} days ago"}


def _answers(step_run: StepRun, ids: list[str]) -> pa.Table:
    """The answers of people, and the labels that the data give these samples."""
    answers = step_run.look_up("reviewed_labels")
    return with_given_labels(step_run.corpus, step_run.look_up, answers, pa.array(ids, pa.string()))


def _answered(step_run: StepRun, reviewed: pa.Table) -> list[tuple[str, int]]:
    """The samples that have an answer, with the number of their class; hold-out and traps aside."""
    used = reviewed.filter(pc.invert(pc.is_in(reviewed["purpose"], pa.array(["hold_out", "trap"]))))
    numbers = {name: number for number, name in enumerate(step_run.corpus.class_names)}
    return [(row["sample_id"], numbers[row["label"]]) for row in used.to_pylist() if row["label"] in numbers]


def _neighbour_classes(
    step_run: StepRun, answered: list[tuple[str, int]], x: "NDArray[np.float32]"
) -> "NDArray[np.int64] | None":
    """The second view of the difficulty: what the nearest answered samples are."""
    rows = step_run.embeddings_of(pa.array([sample_id for sample_id, _ in answered], pa.string()))
    known = [(rows[sample_id], number) for sample_id, number in answered if sample_id in rows]
    if not known:
        return None
    return labeling.neighbour_classes(x, np.stack([row for row, _ in known]), np.array([number for _, number in known]))


def _thresholds(step_run: StepRun, table: pa.Table, gate: labeling.Gate) -> list[float | None]:
    """The limit of each probability: the classifier's gate, or the precision that another decider promises."""
    settings = step_run.corpus.labels
    number_of = {name: number for number, name in enumerate(step_run.corpus.class_names)}
    rows = zip(table["route"].to_pylist(), table["label"].to_pylist(), strict=True)
    return [
        gate.for_class(number_of.get(label, -1)).threshold
        if name in ("classifier", "person")
        else settings.target_of(name)
        for name, label in rows
    ]


def _versions(step_run: StepRun, table: pa.Table, of_classifier: str) -> list[str]:
    """The model that took part: the classifier, or the foundation model that took the sample."""
    model = step_run.corpus.foundation_model
    other = of_classifier if model is None else f"{model.name}: {model.model}"
    return [other if name == FOUNDATION_MODEL else of_classifier for name in table["route"].to_pylist()]


def _foundation_model(step_run: StepRun, ids: list[str], answers: pa.Table, deciders: Deciders) -> "AskedModel | None":
    """What the foundation model says of the samples that reach it; None where the corpus has none."""
    if FOUNDATION_MODEL not in step_run.corpus.labels.decider_names:
        return None
    from data_engine.runtime.foundation_model.asked_samples import INPUT, ask_foundation_model

    asked = ask_foundation_model(step_run, ids, answers, deciders.before(FOUNDATION_MODEL))
    step_run.inputs[INPUT] = asked.state
    return asked
