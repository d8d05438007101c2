"""The labels of a corpus: one per sample, from the answers and from what the gate accepts, and who made each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from data_engine.errors import UnknownLabel
from data_engine.labeling.answers.class_answers import Agreed, EmbeddingsOf, agree, counted_answers, find_embeddings
from data_engine.labeling.proposals import ACCEPT
from data_engine.labeling.provenance import MODEL_AUTO, SIMULATED, least_human
from data_engine.labeling.quality import label_quality, out_of_fold_probabilities
from data_engine.schemas import LABELS

_UNKNOWN_QUALITY = 0.5


def labels_from(
    reviewed: pa.Table,
    proposals: pa.Table | None,
    *,
    class_names: Sequence[str],
    embeddings_of: EmbeddingsOf,
    seed: int,
) -> pa.Table:
    """One label per sample.

    An answered sample gets the consensus of its answers, traps aside, pooled with a classifier that was trained
    without them (out of fold); the label is always one that somebody gave. Its provenance is `simulated` when any of
    its answers is, else the least human of the answers that gave the label. Of the rest, samples that the gate accepts
    get the proposed label as `model_auto`. Everything else is left out.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`.
        proposals: rows of `schemas.PROPOSALS`; None when there is no classifier yet.
        class_names: the classes.
        embeddings_of: ids to unit rows. A sample without an embedding keeps its label, with quality 0.5 (unknown).
        seed: of the folds.

    Returns: rows of `schemas.LABELS`, by sample_id. Quality compares each label with all others of the table.
    Raises: UnknownLabel for answers or proposals outside the classes.
    """
    answers = counted_answers(reviewed)
    rows = _answered(answers, class_names, embeddings_of, seed) if answers else []
    rows += _accepted(proposals, {row["sample_id"] for row in rows}, class_names)
    rows.sort(key=lambda row: row["sample_id"])
    for row, quality in zip(rows, _qualities(rows, class_names, embeddings_of, seed), strict=True):
        row["quality"] = quality
    return pa.Table.from_pylist(rows, schema=LABELS)


def _answered(
    answers: list[dict[str, Any]], class_names: Sequence[str], embeddings_of: EmbeddingsOf, seed: int
) -> list[dict[str, Any]]:
    first = agree(answers, class_names)
    known, embeddings = find_embeddings(embeddings_of, first.sample_ids)
    opinions = np.full((len(known), len(class_names)), 1 / len(class_names), dtype=np.float32)
    if known.any():
        classes = first.classes[known]
        opinions[known] = out_of_fold_probabilities(embeddings, classes, seed=seed, n_classes=len(class_names))
    agreed = agree(answers, class_names, probabilities=opinions)
    return [_answered_row(agreed, number, class_names) for number in range(len(agreed.sample_ids))]


def _answered_row(agreed: Agreed, number: int, class_names: Sequence[str]) -> dict[str, Any]:
    answers = agreed.answers[number]
    label = class_names[int(agreed.classes[number])]
    makers = [answer["provenance"] for answer in answers if answer["label"] == label]
    is_simulated = any(answer["is_simulated"] for answer in answers)
    return {
        "sample_id": agreed.sample_ids[number],
        "label": label,
        "provenance": SIMULATED if is_simulated else least_human(makers),
        "posterior": float(agreed.posteriors[number]),
        "n_annotations": len(answers),
        "review_batch": max(answer["review_batch"] for answer in answers),
        "classifier_version": None,
    }


def _accepted(proposals: pa.Table | None, answered: set[str], class_names: Sequence[str]) -> list[dict[str, Any]]:
    if proposals is None:
        return []
    columns = ["sample_id", "label", "probability", "route", "classifier_version"]
    accepted = [row for row in proposals.select(columns).to_pylist() if row["route"] == ACCEPT]
    unknown = sorted({row["label"] for row in accepted} - set(class_names))
    if unknown:
        raise UnknownLabel(
            f"proposals have the labels {unknown}, which are not among the {len(class_names)} classes; "
            "propose again with the present classes"
        )
    return [
        {
            "sample_id": row["sample_id"],
            "label": row["label"],
            "provenance": MODEL_AUTO,
            "posterior": row["probability"],
            "n_annotations": 0,
            "review_batch": None,
            "classifier_version": row["classifier_version"],
        }
        for row in accepted
        if row["sample_id"] not in answered
    ]


def _qualities(
    rows: list[dict[str, Any]], class_names: Sequence[str], embeddings_of: EmbeddingsOf, seed: int
) -> list[float]:
    number_of = {name: number for number, name in enumerate(class_names)}
    known, embeddings = find_embeddings(embeddings_of, [row["sample_id"] for row in rows])
    classes = np.array([number_of[row["label"]] for row in rows], dtype=np.int64)
    qualities = np.full(len(rows), _UNKNOWN_QUALITY)
    if known.any():
        qualities[known] = label_quality(embeddings, classes[known], seed=seed)
    return [float(quality) for quality in qualities]
