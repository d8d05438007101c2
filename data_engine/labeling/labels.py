"""The labels of a corpus: one per sample, from the answers and from what the gate accepts, and who made each."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from data_engine.errors import UnknownLabel
from data_engine.labeling.answers.counted import counted_answers, decisions_in
from data_engine.labeling.answers.kind import AnswerKind, Pooled, TrapRecords
from data_engine.labeling.answers.registry import kind_of
from data_engine.labeling.answers.trap_records import trap_records
from data_engine.labeling.deciders.registry import find_decider
from data_engine.labeling.inputs import EmbeddingsOf, find_embeddings
from data_engine.labeling.provenance import IMPORTED, SIMULATED, least_human
from data_engine.schemas import LABELS

_UNKNOWN_QUALITY = 0.5


def labels_from(
    reviewed: pa.Table,
    proposals: pa.Table | None,
    *,
    class_names: Sequence[str],
    embeddings_of: EmbeddingsOf,
    seed: int,
    outside: Collection[str] = (),
    simulated: Collection[str] = (),
) -> pa.Table:
    """One label per sample.

    An answered sample gets the consensus of its answers, traps aside, as the kind of the answers pools them; the label
    is one that somebody gave, or a consensus of their pixels. Its provenance is `simulated` when any of its answers is,
    else the least human of the answers that gave the label. Where a reviewer decided, or a correction was imported, the
    label is the newest of these, with the provenance `adjudicated` or `imported`.
    Of the rest, samples that a decider takes without a person get what it says, with its provenance: `model_auto` of
    the classifier, `rule_auto` of label rules. Everything else is left out.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        proposals: rows of `schemas.PROPOSALS`; None when there is no classifier yet.
        class_names: the classes.
        embeddings_of: ids to unit rows. A sample without an embedding keeps its label, with quality 0.5 (unknown).
        seed: of the folds.
        outside: answered samples that are not in the subset; their rows say so.
        simulated: deciders that only play their part; what they decide is `simulated`.

    Returns: rows of `schemas.LABELS`, by sample_id. Quality compares each label with all others of the table.
    Raises: UnknownLabel for answers or proposals outside the classes; InvalidInput for answers of several kinds.
    """
    answers, accepted = counted_answers(reviewed), _accepted_proposals(proposals)
    kind = kind_of(row["kind"] for row in (*answers, *accepted))
    traps = trap_records(reviewed, kind)
    rows = _answered(kind, answers, class_names, embeddings_of, seed, traps) if answers else []
    _check_proposed(kind, accepted, class_names)
    answered = {row["sample_id"] for row in rows}
    rows += [_accepted_row(row, simulated) for row in accepted if row["sample_id"] not in answered]
    rows.sort(key=lambda row: row["sample_id"])
    for row, quality in zip(rows, _qualities(kind, rows, class_names, embeddings_of, seed), strict=True):
        row |= {"kind": kind.name, "label": kind.label_of(row["answer"]), "quality": quality}
        row["in_subset"] = row["sample_id"] not in outside
    return pa.Table.from_pylist(rows, schema=LABELS)


def _answered(
    kind: AnswerKind,
    answers: list[dict[str, Any]],
    class_names: Sequence[str],
    embeddings_of: EmbeddingsOf,
    seed: int,
    traps: TrapRecords,
) -> list[dict[str, Any]]:
    pooled = kind.pool(answers, class_names, embeddings_of=embeddings_of, seed=seed, traps=traps)
    return [_answered_row(kind, pooled, number) for number in range(len(pooled.sample_ids))]


def _answered_row(kind: AnswerKind, pooled: Pooled, number: int) -> dict[str, Any]:
    given, answer = pooled.given[number], pooled.answers[number]
    # Of what nobody gave as it is, such as a consensus of pixels, all are the makers.
    makers = [row["provenance"] for row in given if kind.is_same(row["answer"], answer)] or [
        row["provenance"] for row in given
    ]
    decided_by = next((row["provenance"] for row in decisions_in(given).values()), None)
    is_simulated = not decided_by and any(row["is_simulated"] for row in given)
    by_people = [row for row in given if row["review_batch"] != IMPORTED]
    return {
        "sample_id": pooled.sample_ids[number],
        "answer": answer,
        "provenance": decided_by or (SIMULATED if is_simulated else least_human(makers)),
        "posterior": float(pooled.posteriors[number]),
        "n_annotations": len(by_people),
        "review_batch": max((row["review_batch"] for row in by_people), default=None),
        "classifier_version": None,
    }


def _accepted_proposals(proposals: pa.Table | None) -> list[dict[str, Any]]:
    if proposals is None:
        return []
    columns = ["sample_id", "kind", "answer", "probability", "route", "classifier_version"]
    rows: list[dict[str, Any]] = proposals.select(columns).to_pylist()
    return [row for row in rows if not find_decider(row["route"]).is_person]


def _check_proposed(kind: AnswerKind, accepted: list[dict[str, Any]], class_names: Sequence[str]) -> None:
    unknown = []
    for answer in sorted({row["answer"] for row in accepted}):
        try:
            kind.validate(answer, class_names, of="the corpus")
        except UnknownLabel:
            unknown.append(kind.shown(answer))
    if unknown:
        raise UnknownLabel(
            f"proposals have the labels {unknown}, which are not among the {len(class_names)} classes; "
            "propose again with the present classes"
        )


def _accepted_row(row: dict[str, Any], simulated: Collection[str]) -> dict[str, Any]:
    decider = find_decider(row["route"])
    return {
        "sample_id": row["sample_id"],
        "answer": row["answer"],
        "provenance": SIMULATED if decider.name in simulated else decider.provenance,
        "posterior": row["probability"],
        "n_annotations": 0,
        "review_batch": None,
        "classifier_version": row["classifier_version"] if decider.has_version else None,
    }


def _qualities(
    kind: AnswerKind,
    rows: list[dict[str, Any]],
    class_names: Sequence[str],
    embeddings_of: EmbeddingsOf,
    seed: int,
) -> list[float]:
    known, embeddings = find_embeddings(embeddings_of, [row["sample_id"] for row in rows])
    qualities = np.full(len(rows), _UNKNOWN_QUALITY)
    if known.any():
        answers = [row["answer"] for row, is_known in zip(rows, known.tolist(), strict=True) if is_known]
        qualities[known] = kind.qualities(answers, class_names, embeddings, seed=seed)
    return [float(quality) for quality in qualities]
