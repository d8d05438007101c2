"""How labels do over time: one figure per review batch, of all, of a pair of annotators, or of one.

Whether a figure falls is told by `data_engine.drift.trend`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import pyarrow as pa

from data_engine.labeling.agreement import cohen_kappa
from data_engine.labeling.answers.annotator_drift import judged_answers
from data_engine.labeling.answers.annotator_figures import LEAST_SHARED, agreement, is_trap, shared_answers
from data_engine.labeling.answers.counted import is_decision
from data_engine.labeling.answers.registry import kind_of
from data_engine.labeling.answers.shown_annotators import shown_annotator
from data_engine.schemas import LABEL_TRENDS

FIGURES = ("alpha", "kappa", "agreement", "verified", "self_agreement")
"""Agreement of all (Krippendorff), of a pair (Cohen), of one with the most frequent answer of the others; automatic
labels that blind answers confirm; answers that somebody gave again after weeks."""

_Rows = Sequence[Mapping[str, Any]]


def label_trends(
    reviewed: pa.Table,
    opened_at: Mapping[str, datetime],
    *,
    proposed: Mapping[str, str],
    definitions: Mapping[str, str],
    question: str | None = None,
    weeks: float = 2.0,
) -> pa.Table:
    """The figures of every review batch.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`, classes by their names of now.
        opened_at: when each batch was opened; batches that it lacks are left out.
        proposed: by task of an audit, the label that was accepted without a person.
        definitions: by batch, a fingerprint of the classes and what they mean.
        question: which of several questions was asked; None where the corpus asks one.
        weeks: least time between two answers of somebody to a sample for the second to say how steady they are.

    Returns: rows of `schemas.LABEL_TRENDS` by time, batch, figure and subject.
    """
    by_batch: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in reviewed.to_pylist():
        if row["review_batch"] in opened_at and not is_decision(row):
            by_batch[row["review_batch"]].append(row)
    order = sorted(by_batch, key=lambda batch: (opened_at[batch], batch))
    found = []
    said: dict[tuple[str, str], list[tuple[datetime, str]]] = defaultdict(list)
    for batch in order:
        rows, at = by_batch[batch], opened_at[batch]
        figures = [*_of_people(rows), *_verified(rows, proposed), *_again(rows, said, at - timedelta(weeks=weeks))]
        for row in rows:
            if not is_trap(row):
                said[str(row["annotator"]), str(row["sample_id"])].append((at, str(row["answer"])))
        shared = {
            "review_batch": batch,
            "opened_at": at,
            "definitions": definitions.get(batch, ""),
            "is_simulated": any(row["is_simulated"] for row in rows),
            "question": question,
        }
        found += [{**shared, "figure": f, "subject": s, "value": value, "n": n} for f, s, value, n in figures]
    return pa.Table.from_pylist(found, schema=LABEL_TRENDS)


def _of_people(rows: _Rows) -> Iterator[tuple[str, str, float, int]]:
    """Agreement of all, of each pair, and of each annotator with the others."""
    kind, shared = kind_of(row["kind"] for row in rows), shared_answers(rows)
    alpha = agreement(rows, kind)
    if alpha is not None:
        yield "alpha", "all", alpha, len(shared)
    people = sorted({name for given in shared for name in given})
    for one, other in combinations(people, 2):
        both = [(given[one], given[other]) for given in shared if one in given and other in given]
        if len(both) >= LEAST_SHARED:
            yield (
                "kappa",
                f"{shown_annotator(one)} and {shown_annotator(other)}",
                cohen_kappa(*zip(*both, strict=True)),
                len(both),
            )
    for (name, what), right in sorted(judged_answers(rows, kind).items()):
        if what == "agreement" and len(right) >= LEAST_SHARED:
            yield "agreement", shown_annotator(name), sum(right) / len(right), len(right)


def _verified(rows: _Rows, proposed: Mapping[str, str]) -> Iterator[tuple[str, str, float, int]]:
    """The share of blind answers that say what the automatic label said."""
    right = [
        row["label"] == proposed[row["task_id"]]
        for row in rows
        if row["purpose"] == "audit" and row["task_id"] in proposed
    ]
    if right:
        yield "verified", "all", sum(right) / len(right), len(right)


def _again(
    rows: _Rows, said: Mapping[tuple[str, str], Iterable[tuple[datetime, str]]], before: datetime
) -> Iterator[tuple[str, str, float, int]]:
    """The share of samples that somebody answered again after weeks, and as before."""
    same: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        earlier = [answer for at, answer in said.get((row["annotator"], row["sample_id"]), ()) if at <= before]
        if earlier and not is_trap(row):
            same[str(row["annotator"])].append(str(row["answer"]) == earlier[-1])
    everyone = [each for some in same.values() for each in some]
    if everyone:
        yield "self_agreement", "all", sum(everyone) / len(everyone), len(everyone)
    for name, some in sorted(same.items()):
        if len(some) >= LEAST_SHARED:
            yield "self_agreement", shown_annotator(name), sum(some) / len(some), len(some)
