"""From the table of answers to one agreed label per sample, and to the embeddings that go with them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.errors import UnknownLabel
from data_engine.labeling.consensus import consensus
from data_engine.labeling.inputs import Floats, Integers, matrix

EmbeddingsOf = Callable[[Sequence[str]], Floats] | Mapping[str, Floats]
"""Sample ids to their (n, dim) unit rows, or each id to its (dim,) row; a mapping need not know every id."""

_MAX_NAMED = 10


@dataclass(frozen=True, eq=False)
class Agreed:
    """One label per answered sample, in the order of `sample_ids` (ascending).

    `classes` (n,) class numbers, `posteriors` (n,) their probability by the answers (and the classifier, where one
    took part), `answers` the answers behind each as a tuple of table rows.
    """

    sample_ids: tuple[str, ...]
    classes: Integers
    posteriors: NDArray[np.float64]
    answers: tuple[tuple[Mapping[str, Any], ...], ...]


def counted_answers(reviewed: pa.Table) -> list[dict[str, Any]]:
    """The answers that count: the last revision of each, and no answers to traps.

    A trap is a known-wrong proposal on a sample that has its label already: it measures the annotator, and the
    wrong proposal would bias the label.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`.

    Returns: the rows as dictionaries, by sample, task and annotator.
    """
    last: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in reviewed.to_pylist():
        if row["purpose"] == "trap" or row["arm"] == "trap":
            continue
        key = (row["sample_id"], row["task_id"], row["annotator"])
        if key not in last or row["revision"] > last[key]["revision"]:
            last[key] = row
    return [last[key] for key in sorted(last)]


def agree(
    rows: Sequence[Mapping[str, Any]], class_names: Sequence[str], *, probabilities: Floats | None = None
) -> Agreed:
    """One label per sample: the most probable of the labels that somebody gave.

    Args:
        rows: answers as `counted_answers` returns them.
        class_names: the possible labels.
        probabilities: (n_samples, n_classes) of a classifier that did not learn from these answers, samples in
            ascending order of their id; None to go by the answers alone.

    Raises: UnknownLabel naming labels that are not among the classes.
    """
    number_of = {name: number for number, name in enumerate(class_names)}
    unknown = sorted({row["label"] for row in rows} - set(number_of))
    if unknown:
        raise UnknownLabel(
            f"{len(unknown)} answered labels are not among the {len(class_names)} classes: "
            f"{', '.join(unknown[:_MAX_NAMED])}; add them to the corpus' classes or correct the answers"
        )
    sample_ids, sample = np.unique([row["sample_id"] for row in rows], return_inverse=True)
    _, annotator = np.unique([row["annotator"] for row in rows], return_inverse=True)
    label = np.array([number_of[row["label"]] for row in rows], dtype=np.int64)
    columns = {"sample": sample, "annotator": annotator, "label": label}
    posterior = consensus(columns, n_classes=len(class_names), probabilities=probabilities).posterior
    was_given = np.zeros(posterior.shape, dtype=bool)
    was_given[sample, label] = True
    classes = np.where(was_given, posterior, -1.0).argmax(axis=1)
    grouped: list[list[Mapping[str, Any]]] = [[] for _ in sample_ids]
    for number, row in zip(sample.tolist(), rows, strict=True):
        grouped[number].append(row)
    posteriors = posterior[np.arange(len(classes)), classes]
    return Agreed(tuple(sample_ids.tolist()), classes, posteriors, tuple(map(tuple, grouped)))


def find_embeddings(embeddings_of: EmbeddingsOf, sample_ids: Sequence[str]) -> tuple[NDArray[np.bool_], Floats]:
    """Which samples have an embedding, (n,) bool, and the (n_known, dim) rows of those.

    A sample can lose its embedding after it was answered, when a stricter first pass rejects it.

    Raises: InvalidInput when the rows are not finite or their number is wrong.
    """
    if not isinstance(embeddings_of, Mapping):
        rows = (
            matrix(embeddings_of(sample_ids), "embeddings", n_rows=len(sample_ids)) if sample_ids else np.empty((0, 0))
        )
        return np.ones(len(sample_ids), dtype=bool), rows
    known = np.array([sample_id in embeddings_of for sample_id in sample_ids], dtype=bool)
    found = [embeddings_of[sample_id] for sample_id in sample_ids if sample_id in embeddings_of]
    return known, matrix(np.stack(found), "embeddings") if found else np.empty((0, 0))
