"""What each stage of annotation costs and how far it is to be trusted: by hand, proposed, and without a person.

The columns are those of Ravi et al. 2024 (SAM 2); every figure is of the answers of this corpus, people and simulated
annotators apart.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from data_engine.labeling.answers.counted import counted_answers, is_decision
from data_engine.labeling.answers.object_answers import matched_objects
from data_engine.labeling.answers.object_forms import OBJECTS
from data_engine.labeling.answers.registry import kind_of
from data_engine.labeling.gate import binomial_interval
from data_engine.labeling.provenance import IMPORTED
from data_engine.schemas import ANNOTATION_STAGES

STAGES = {1: "assisted", 2: "semi-automatic", 3: "automatic"}
STAGES_OF_CLASSES = {1: "manual", 2: "proposed", 3: "gated"}
"""The same stages where an answer is a class: nothing is drawn that a program could assist with."""

#: An object is as stage one has it where it shares more than this.
AS_STAGE_ONE_IOU = 0.75
CONFIDENCE = 0.9
"""Of the intervals."""

_Rows = Sequence[Mapping[str, Any]]


def annotation_stages(reviewed: pa.Table, proposals: pa.Table | None, *, target: float, question: str = "") -> pa.Table:
    """A row for each stage that has annotations, of people and of simulated annotators.

    Stage one are answers that were given without seeing a proposal, stage two those that saw one, stage three what a
    decider takes without a person. What a later stage says of a sample is compared with answers of stage one about the
    same sample, by somebody else where that is an answer too; stage three only with those of the hold-out.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        proposals: rows of `schemas.PROPOSALS`; None where there are none.
        target: share as in stage one that a stage has to reach with its lower bound.
        question: of several questions, the name of this one.

    Returns: rows of `schemas.ANNOTATION_STAGES`.
    """
    answers = [row for row in counted_answers(reviewed) if not is_decision(row) and row["provenance"] != IMPORTED]
    kind = kind_of(row["kind"] for row in answers)
    names = STAGES if kind.name == OBJECTS else STAGES_OF_CLASSES
    found = []
    for is_simulated in (False, True):
        own = [row for row in answers if row["is_simulated"] == is_simulated]
        first = [row for row in own if row["proposed_answer"] is None]
        second = [row for row in own if row["proposed_answer"] is not None]
        third = taken_without_a_person(proposals) if first or second else []
        for number, rows in ((1, first), (2, second), (3, third)):
            if rows:
                beside = first if number < 3 else never_trained_on(first)
                said = _of_stage(rows, beside, is_of_objects=kind.name == OBJECTS, number=number)
                place = {"question": question, "kind": kind.name, "stage_number": number, "stage": names[number]}
                guard = None if said["low"] is None else said["low"] >= target
                found.append({**place, "is_simulated": is_simulated, **said, "target": target, "guard_holds": guard})
    return pa.Table.from_pylist(found, schema=ANNOTATION_STAGES)


def never_trained_on(first: _Rows) -> list[Mapping[str, Any]]:
    """The answers that no model learnt from; of others it knows what it is to say."""
    return [row for row in first if row["purpose"] == "hold_out"]


def taken_without_a_person(proposals: pa.Table | None) -> list[dict[str, Any]]:
    """What a decider takes without a person, in the form of answers that nobody gave."""
    if proposals is None:
        return []
    rows = proposals.select(["sample_id", "kind", "answer", "route"]).to_pylist()
    nobody = {"annotator": None, "active_s": None, "proposed_answer": None}
    return [{**row, **nobody} for row in rows if row["route"] != "person"]


def _of_stage(rows: _Rows, first: _Rows, *, is_of_objects: bool, number: int) -> dict[str, Any]:
    units = [one for row in rows for one in (objects_of(row) if is_of_objects else [row])]
    edits = [_n_edits(one) for one in units] if is_of_objects else [_is_changed(row) for row in rows]
    edited = [n for n in edits if n]
    timed = [row for row in rows if row["active_s"] is not None]
    n_timed = sum(max(1, len(objects_of(row))) if is_of_objects else 1 for row in timed)
    counts = _compared(rows, first, is_of_objects=is_of_objects)
    n_same, n_compared, n_missed, n_images = (sum(each) for each in zip(*counts, strict=True)) if counts else (0,) * 4
    low, high = binomial_interval(n_same, n_compared, CONFIDENCE) if n_compared else (None, None)
    is_shown = number == 2 or (is_of_objects and number == 1)
    return {
        "n_samples": len({row["sample_id"] for row in rows}),
        "n_annotations": len(units),
        "seconds_per_annotation": sum(row["active_s"] for row in timed) / n_timed if timed else None,
        "edited_share": len(edited) / len(edits) if edits and is_shown else None,
        "clicks_per_edited": float(np.mean(edited)) if edited and is_of_objects and is_shown else None,
        "as_stage_one": n_same / n_compared if n_compared else None,
        "low": low,
        "high": high,
        "n_compared": n_compared,
        "missed_per_sample": n_missed / n_images if n_images and is_of_objects else None,
    }


def beside_stage_one(rows: _Rows, first: _Rows) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each row beside an answer of stage one about the same sample, by somebody else; others are left out."""
    of_sample: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in first:
        of_sample[row["sample_id"]].append(row)
    for row in rows:
        others = (each for each in of_sample[row["sample_id"]] if each["annotator"] != row["annotator"])
        other = next(others, None)
        if other is not None:
            yield row, other


def _compared(rows: _Rows, first: _Rows, *, is_of_objects: bool) -> list[tuple[int, int, int, int]]:
    """Of each answer that can be compared: annotations as in stage one, those of stage one, missed ones, and 1."""
    found = []
    for row, other in beside_stage_one(rows, first):
        if is_of_objects:
            matched = matched_objects(row["answer"], other["answer"])
            n_wanted = len(matched.pairs) + len(matched.only_second)
            n_same = sum(share > AS_STAGE_ONE_IOU for share in matched.ious)
            found.append((n_same, n_wanted, len(matched.only_second), 1))
        else:
            found.append((int(row["answer"] == other["answer"]), 1, 0, 1))
    return found


def objects_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of an answer in the column `answer`."""
    return list(json.loads(row["answer"])["objects"])


def _n_edits(one: Mapping[str, Any]) -> int:
    """Clicks beside the four points, or edits where somebody counted them."""
    return max(len(one.get("clicks", ())), int(one.get("n_edits", 0)))


def _is_changed(row: Mapping[str, Any]) -> int:
    return int(row["proposed_answer"] is not None and row["answer"] != row["proposed_answer"])


def stages_shown(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows in the order in which people read them: people first, then by stage."""
    return sorted(rows, key=lambda row: (row["question"], row["is_simulated"], row["stage_number"]))
