"""The step proposals of a corpus that asks for objects: what the model in service says of every image of the subset.

How it was learnt is in `learnt_masks.py`; proposals of classes are made in `data_engine.labeling.proposals`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine import labeling
from data_engine.labeling.answers.object_answers import ObjectAnswers
from data_engine.labeling.answers.registry import shown_answers
from data_engine.labeling.deciders.audits import why_shut
from data_engine.labeling.deciders.cascade import Opinion, route
from data_engine.labeling.deciders.registry import CLASSIFIER, PERSON
from data_engine.labeling.difficulty import difficulty
from data_engine.labeling.objects.object_model import ObjectModel
from data_engine.labeling.strategies.registry import utility
from data_engine.runtime.objects.mask_candidates import FoundMasks, MaskFinder, proposal
from data_engine.runtime.objects.object_rounds import NOTHING, WOULD_DO, WOULD_NOT
from data_engine.runtime.objects.reviewed_images import reviewed_images
from data_engine.runtime.plan import spec_of
from data_engine.schemas import PROPOSALS, SCHEMAS, answer_text
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from data_engine.labeling.gate import Gate
    from data_engine.runtime.classifier_in_service import ClassifierRow
    from data_engine.runtime.step_run import StepResult, StepRun

_LEFT, _EDITED = "left", "edited"
_SAME_PROBABILITY = 1e-6


def propose_masks(step_run: "StepRun", row: "ClassifierRow") -> "StepResult":
    """Propose objects of every chosen image.

    Args:
        step_run: of the step.
        row: of the model in service.
    """
    corpus = step_run.corpus
    model = ObjectModel.from_bytes(row["artefact"])
    gate = labeling.gate_of(row, confidence=corpus.labels.confidence, class_names=corpus.class_names)
    images = reviewed_images(step_run.look_up("reviewed_labels"), corpus.class_names)
    ids, x = step_run.subset_embeddings()
    found = MaskFinder(step_run).found([*ids, *images.audits])
    said = {key: _said(model, found[key], corpus.class_names) for key in found}
    shut = _why_shut(step_run, gate, said, images.audits)
    opinion = _opinion(ids, said, found, gate, shut)
    answered = {key: answer for key, answer in images.training.items() if key in said}
    table = _table(ids, x, said, opinion, row["classifier_version"], answered, corpus.labels.strategy)
    routes = pc.value_counts(table["route"]).to_pylist()
    return step_run.finish(
        table,
        ledger=ledger_rows(
            table["sample_id"],
            verdict=table["route"],
            reason=pc.binary_join_element_wise(shown_answers(table), table["reason"], ", "),
            score=table["probability"],
            threshold=[gate.threshold] * table.num_rows,
            model_version=[row["classifier_version"]] * table.num_rows,
        ),
        timing_tables={name: SCHEMAS[name].empty_table() for name in spec_of(step_run.step).timing_tables},
        metadata={
            "gate": gate.threshold,
            "images without a proposal": sum(bool(found[key].failure) for key in ids),
            "masks that were too many": sum(found[key].n_left_out for key in ids),
            **{f"route {each['values']}": each["counts"] for each in routes},
        },
        details={"uncertainty": table["uncertainty"].to_numpy(), "threshold": gate.threshold},
        encoder=step_run.encoder_in_use(),
    )


def _said(model: ObjectModel, found: FoundMasks, names: tuple[str, ...]) -> tuple[str, float]:
    """What is proposed of an image, and how likely people would leave it as it is."""
    if found.failure:
        return answer_text({"size": list(found.size), "objects": []}), 0.0
    answer, probability, _ = proposal(model, found, names)
    return answer, probability


def _opinion(
    ids: list[str], said: Mapping[str, tuple[str, float]], found: Mapping[str, FoundMasks], gate: "Gate", shut: str
) -> Opinion:
    return Opinion(
        CLASSIFIER,
        gate,
        tuple(None if found[key].failure else said[key][0] for key in ids),
        np.array([said[key][1] for key in ids], dtype=np.float64),
        score_name="probability that nobody would edit it",
        says_nothing=NOTHING,
        remarks=tuple(f"{NOTHING}: {found[key].failure}" if found[key].failure else "" for key in ids),
        shut=shut,
    )


def _why_shut(
    step_run: "StepRun", gate: "Gate", said: Mapping[str, tuple[str, float]], audits: Mapping[str, str]
) -> str:
    """Why audits of what this version proposed shut it; empty where they do not.

    An audit counts where the version says of the image what was audited, with the same probability.
    """
    if not audits or gate.threshold is None:
        return ""
    with step_run.runtime.queue() as queue:
        columns = ["sample_id", "purpose", "proposed_answer", "probability"]
        tasks = queue.tables(step_run.corpus.name)["review_task"].select(columns).to_pylist()
    asked = {
        row["sample_id"]: (row["proposed_answer"], row["probability"]) for row in tasks if row["purpose"] == "audit"
    }
    kind, own, truths = ObjectAnswers(), {}, {}
    for key, truth in audits.items():
        then = asked.get(key)
        if then is None or then[0] is None or then[1] is None:
            continue
        if abs(then[1] - said[key][1]) <= _SAME_PROBABILITY and kind.is_same(then[0], said[key][0]):
            own[key] = (_LEFT, said[key][1])
            truths[key] = _LEFT if kind.is_right(said[key][0], truth) else _EDITED
    return why_shut(gate, own, truths)


def _table(
    ids: list[str],
    x: "np.ndarray",
    said: Mapping[str, tuple[str, float]],
    opinion: Opinion,
    version: str,
    answered: Mapping[str, str],
    strategy: str,
) -> pa.Table:
    kind, routes = ObjectAnswers(), route((CLASSIFIER, PERSON), {CLASSIFIER: opinion}, len(ids))
    scores = opinion.scores.astype(np.float32)
    two = np.stack([scores, 1 - scores], axis=1)
    labelled = [row for row, key in enumerate(ids) if key in answered]
    is_left = [kind.is_right(said[ids[row]][0], answered[ids[row]]) for row in labelled]
    columns = {
        "sample_id": ids,
        "classifier_version": [version] * len(ids),
        "kind": [kind.name] * len(ids),
        "answer": [said[key][0] for key in ids],
        "label": [None] * len(ids),
        "probability": scores,
        "probabilities": [pair.tobytes() for pair in two],
        "uncertainty": 1 - scores,
        "utility": utility(
            strategy,
            two,
            embeddings=x,
            labelled=labelled,
            labels=[WOULD_DO if left else WOULD_NOT for left in is_left],
        ).astype(np.float32),
        "difficulty": difficulty(two, np.array(routes.deciders) != PERSON).tolist(),
        "route": list(routes.deciders),
        "gate_lower_bound": list(routes.lower_bounds),
        "reason": list(routes.reasons),
    }
    return pa.table(columns, schema=PROPOSALS)
