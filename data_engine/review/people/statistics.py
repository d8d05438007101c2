"""How people answer: how much, how fast, how alike, and how many traps they catch; and examples of every class.

Progress of batches is in `review/batch_progress.py`.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.labeling.answers.registry import answer_kind
from data_engine.review.queue_tables import annotation, annotator, batch, comment, lease, proposal, task

_PACE = timedelta(hours=1)


@dataclass(frozen=True)
class AnnotatorStatistics:
    """How somebody answers.

    Attributes:
        annotator: The name.
        is_simulated: Whether no person answered; then there are no seconds.
        n_answers: Answers given.
        n_last_hour: Of the last hour.
        n_skipped: Tasks skipped, answered since or not.
        n_corrected: Answers that were corrected later.
        n_compared: Answers to tasks that others answered too, traps aside.
        agreement: Share of these that are the same as most of the others'; None without any.
        n_traps: Answers to traps.
        trap_catch_rate: Share of these that differ from the known-wrong proposal; None without any.
        median_s: Median of the active seconds per answer; None without any.
        seconds_by_arm: The same by arm.
    """

    annotator: str
    is_simulated: bool
    n_answers: int
    n_last_hour: int
    n_skipped: int
    n_corrected: int
    n_compared: int
    agreement: float | None
    n_traps: int
    trap_catch_rate: float | None
    median_s: float | None
    seconds_by_arm: dict[str, float]


_ANSWERS = (
    sa.select(
        annotation.c.annotator,
        annotation.c.task_id,
        annotation.c.kind,
        annotation.c.answer,
        annotation.c.active_s,
        annotation.c.revision,
        annotation.c.submitted_at,
        annotator.c.is_simulated,
        task.c.arm,
        task.c.batch_id,
        proposal.c.answer.label("proposed_answer"),
    )
    .join(task, task.c.task_id == annotation.c.task_id)
    .join(annotator, annotator.c.annotator == annotation.c.annotator)
    .outerjoin(proposal, proposal.c.task_id == task.c.task_id)
)


def read_statistics(
    connection: Connection, corpora: Sequence[str], *, name: str | None = None, now: datetime
) -> list[AnnotatorStatistics]:
    """Of everybody who has answered in some corpora, or of one of them, in the order of their names."""
    rows = connection.execute(_ANSWERS.where(task.c.corpus.in_(corpora))).all()
    by_task: dict[str, list[Any]] = defaultdict(list)
    by_name: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_task[row.task_id].append(row)
        by_name[row.annotator].append(row)
    names = sorted(by_name) if name is None else [name] if name in by_name else []
    return [_statistics(each, by_name[each], by_task, _n_skipped(connection, each, corpora), now) for each in names]


def _statistics(
    name: str, rows: list[Any], by_task: dict[str, list[Any]], n_skipped: int, now: datetime
) -> AnnotatorStatistics:
    compared = [
        same for row in rows if row.arm != "trap" if (same := _is_as_others(row, by_task[row.task_id])) is not None
    ]
    traps = [
        not answer_kind(row.kind).is_same(row.answer, row.proposed_answer)
        for row in rows
        if row.arm == "trap" and row.proposed_answer is not None
    ]
    is_simulated = rows[0].is_simulated
    seconds: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.active_s is not None and not is_simulated:
            seconds[row.arm].append(row.active_s)
    every = [value for values in seconds.values() for value in values]
    return AnnotatorStatistics(
        annotator=name,
        is_simulated=is_simulated,
        n_answers=len(rows),
        n_last_hour=sum(row.submitted_at > now - _PACE for row in rows),
        n_skipped=n_skipped,
        n_corrected=sum(row.revision > 1 for row in rows),
        n_compared=len(compared),
        agreement=sum(compared) / len(compared) if compared else None,
        n_traps=len(traps),
        trap_catch_rate=sum(traps) / len(traps) if traps else None,
        median_s=median(every) if every else None,
        seconds_by_arm={arm: median(values) for arm, values in sorted(seconds.items())},
    )


def _is_as_others(row: Any, answers: list[Any]) -> bool | None:
    """Whether an answer is the same as most of the others' to its task; None where nobody else answered, or a tie."""
    others = [other for other in answers if other.annotator != row.annotator]
    n_same = sum(answer_kind(row.kind).is_same(row.answer, other.answer) for other in others)
    return None if not others or 2 * n_same == len(others) else 2 * n_same > len(others)


def _n_skipped(connection: Connection, name: str, corpora: Sequence[str]) -> int:
    query = sa.select(sa.func.count(lease.c.task_id.distinct())).join(task, task.c.task_id == lease.c.task_id)
    is_skip = (lease.c.annotator == name) & (lease.c.outcome == "skipped") & task.c.corpus.in_(corpora)
    return int(connection.execute(query.where(is_skip)).scalar_one())


def read_agreement(connection: Connection, batch_id: str) -> float | None:
    """Agreement of a batch's answers (Krippendorff's alpha for classes); None where nobody answered a task twice."""
    rows = connection.execute(_ANSWERS.where(task.c.batch_id == batch_id, task.c.arm != "trap")).all()
    given: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        given[row.task_id][row.annotator] = row.answer
    shared = [answers for answers in given.values() if len(answers) > 1]
    return answer_kind(rows[0].kind).agreement(shared) if shared else None


def read_last_answers(
    connection: Connection, name: str, corpora: Sequence[str], *, at_most: int
) -> list[dict[str, Any]]:
    """The latest answers of somebody with what was asked, the newest first."""
    query = (
        sa.select(annotation, task.c.batch_id, task.c.corpus, task.c.payload, batch.c.question, batch.c.classes)
        .add_columns(comment.c.text.label("comment"))
        .join(task, task.c.task_id == annotation.c.task_id)
        .join(batch, batch.c.batch_id == task.c.batch_id)
        .outerjoin(comment, (comment.c.task_id == task.c.task_id) & (comment.c.annotator == annotation.c.annotator))
        .where(annotation.c.annotator == name, task.c.corpus.in_(corpora))
        .order_by(annotation.c.submitted_at.desc(), annotation.c.annotation_id)
        .limit(at_most)
    )
    return [
        {
            "annotation_id": row.annotation_id,
            "task_id": row.task_id,
            "batch_id": row.batch_id,
            "corpus": row.corpus,
            "question": row.question,
            "classes": json.loads(row.classes),
            "payload": json.loads(row.payload),
            "kind": row.kind,
            "answer": row.answer,
            "label": row.label,
            "comment": row.comment,
            "submitted_at": row.submitted_at,
        }
        for row in connection.execute(query)
    ]


def read_examples(connection: Connection, corpus: str, *, at_most: int) -> dict[str, list[dict[str, Any]]]:
    """Finished tasks by the class that all their answers are, with what was shown: of each class the newest few.

    Traps are left out, and so is every sample that is asked about in an open task.
    """
    is_asked = sa.select(task.c.sample_id).where(task.c.corpus == corpus, task.c.is_open)
    query = (
        sa.select(annotation.c.label, annotation.c.submitted_at, annotator.c.is_simulated, task)
        .join(task, task.c.task_id == annotation.c.task_id)
        .join(annotator, annotator.c.annotator == annotation.c.annotator)
        .where(task.c.corpus == corpus, ~task.c.is_open, task.c.purpose != "trap", annotation.c.label.is_not(None))
        .where(task.c.sample_id.not_in(is_asked))
        .order_by(annotator.c.is_simulated, annotation.c.submitted_at.desc(), annotation.c.annotation_id)
    )
    rows = connection.execute(query).all()
    labels: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        labels[row.sample_id].add(row.label)
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    seen = set()
    for row in rows:
        if len(labels[row.sample_id]) == 1 and row.sample_id not in seen and len(found[row.label]) < at_most:
            seen.add(row.sample_id)
            shown = {"task_id": row.task_id, "payload": json.loads(row.payload), "is_simulated": row.is_simulated}
            found[row.label].append(shown)
    return dict(found)
