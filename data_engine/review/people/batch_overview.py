"""Batches as one person sees them, and the samples that people disagree about.

Progress as steps and checks need it is in `review/batch_progress.py`.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.kind import AnswerKind
from data_engine.labeling.answers.registry import answer_kind
from data_engine.review.people.statistics import read_agreement
from data_engine.review.queue_records import ARMS_SHOWING_PROPOSAL
from data_engine.review.queue_tables import annotation, batch, comment, decision, lease, proposal, task
from data_engine.review.review_batches import find_batch

_MOST_BATCHES = 50
_MOST_DISPUTED = 200


@dataclass(frozen=True)
class BatchOverview:
    """A review batch as somebody sees it.

    Attributes:
        batch_id: Its id.
        corpus: Its corpus.
        question: What is asked.
        kind: Of the answers.
        cause: Why it was opened.
        opened_at: When.
        is_answered: Whether it needs no more answers.
        n_tasks: Its tasks.
        n_done: Of these, the ones that have all their answers.
        n_mine: Answers of this person.
        n_left: Open tasks that this person has neither answered nor skipped.
        n_skipped: Open tasks that this person has skipped.
        answers_per_task: Answers wanted of each task.
        agreement: Of the answers so far, at most 1; None where no task has two, and of kinds that are no class.
    """

    batch_id: str
    corpus: str
    question: str
    kind: str
    cause: str
    opened_at: datetime
    is_answered: bool
    n_tasks: int
    n_done: int
    n_mine: int
    n_left: int
    n_skipped: int
    answers_per_task: int
    agreement: float | None


def read_overview(connection: Connection, name: str, corpora: Sequence[str]) -> list[BatchOverview]:
    """The newest batches of some corpora, the newest first, as one annotator sees them."""
    query = sa.select(batch).where(batch.c.corpus.in_(corpora))
    rows = connection.execute(query.order_by(batch.c.opened_at.desc(), batch.c.batch_id.desc()).limit(_MOST_BATCHES))
    mine = _counted(connection, sa.select(task.c.batch_id).join(annotation).where(annotation.c.annotator == name))
    answered = sa.exists().where(annotation.c.task_id == task.c.task_id, annotation.c.annotator == name)
    skipped = sa.exists().where(
        lease.c.task_id == task.c.task_id, lease.c.annotator == name, lease.c.outcome == "skipped"
    )
    is_open = sa.select(task.c.batch_id).where(task.c.is_open, ~answered.correlate(task))
    left = _counted(connection, is_open.where(~skipped.correlate(task)))
    left_out = _counted(connection, is_open.where(skipped.correlate(task)))
    return [
        BatchOverview(
            batch_id=row.batch_id,
            corpus=row.corpus,
            question=row.question,
            kind=row.kind,
            cause=row.cause,
            opened_at=row.opened_at,
            is_answered=row.answered_at is not None,
            n_tasks=row.n_tasks,
            n_done=row.n_done,
            n_mine=mine.get(row.batch_id, 0),
            n_left=left.get(row.batch_id, 0),
            n_skipped=left_out.get(row.batch_id, 0),
            answers_per_task=row.answers_per_task,
            # Of classes alone: that of objects compares every two outlines, and this is read with every look.
            agreement=read_agreement(connection, row.batch_id)
            if row.answers_per_task > 1 and row.kind == CLASS
            else None,
        )
        for row in rows.all()
    ]


def read_proposed(connection: Connection, name: str, corpus: str) -> dict[str, int]:
    """Open tasks left for an annotator by the class that they show as their proposal, the most first."""
    done = sa.exists().where(
        lease.c.task_id == task.c.task_id,
        lease.c.annotator == name,
        lease.c.outcome.in_(("submitted", "skipped")),
    )
    n = sa.func.count()
    query = (
        sa.select(proposal.c.label, n)
        .join(task, task.c.task_id == proposal.c.task_id)
        .where(task.c.corpus == corpus, task.c.is_open, ~done.correlate(task), proposal.c.label.is_not(None))
        .where(task.c.arm.in_(ARMS_SHOWING_PROPOSAL))
        .group_by(proposal.c.label)
        .order_by(n.desc(), proposal.c.label)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _counted(connection: Connection, query: sa.Select[tuple[str]]) -> Mapping[str, int]:
    """Rows per batch."""
    counted = query.add_columns(sa.func.count()).group_by(task.c.batch_id)
    return {row[0]: row[1] for row in connection.execute(counted)}


def read_disputed(connection: Connection, batch_id: str) -> list[dict[str, Any]]:
    """Tasks of a batch with different answers and no decision, traps aside, in the order of the batch.

    Of each answer what it says and its remark are given in the order of what they say, never whose it is; of kinds
    that are no class, the answer as it is besides.
    """
    row = find_batch(connection, batch_id)
    is_decided = sa.select(decision.c.sample_id).where(decision.c.batch_id == batch_id)
    query = (
        sa.select(
            task.c.task_id,
            task.c.sample_id,
            task.c.payload,
            annotation.c.answer,
            annotation.c.label,
            comment.c.text.label("remark"),
        )
        .join(annotation, annotation.c.task_id == task.c.task_id)
        .outerjoin(comment, (comment.c.task_id == task.c.task_id) & (comment.c.annotator == annotation.c.annotator))
        .where(task.c.batch_id == batch_id, task.c.arm != "trap", task.c.sample_id.not_in(is_decided))
        .order_by(task.c.position, annotation.c.label, annotation.c.answer)
    )
    by_task: dict[str, list[Any]] = defaultdict(list)
    for given in connection.execute(query):
        by_task[given.task_id].append(given)
    kind = answer_kind(row.kind)
    return [
        {
            "task_id": task_id,
            "sample_id": answers[0].sample_id,
            "corpus": row.corpus,
            "question": row.question,
            "classes": json.loads(row.classes),
            "payload": json.loads(answers[0].payload),
            "kind": row.kind,
            "answers": [_side(kind, each) for each in answers],
        }
        for task_id, answers in by_task.items()
        if any(not kind.is_same(answers[0].answer, other.answer) for other in answers[1:])
    ][:_MOST_DISPUTED]


def _side(kind: AnswerKind, given: Any) -> dict[str, Any]:
    said = {"label": given.label or kind.shown(given.answer), "comment": given.remark}
    return said if given.label is not None else {**said, "answer": json.loads(given.answer)}
