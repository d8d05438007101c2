"""Reading review batches out of the queue, as they are exchanged.

Putting them into a queue is in `taking_in.py`.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from data_engine.review.exchange.exchanged import (
    Exchange,
    ExchangedAnswer,
    ExchangedBatch,
    ExchangedRemark,
    ExchangedTask,
)
from data_engine.review.exchange.remarks import read_remarks
from data_engine.review.queue_tables import annotation, audit, batch, comment, proposal, queue, task
from data_engine.review.review_batches import find_batch

ANSWERED_AT = "answered_at"
"""Of an audit row about an imported correction: when it was given elsewhere."""

_ANSWERS = (
    sa.select(annotation, comment.c.text.label("comment"))
    .join(task, task.c.task_id == annotation.c.task_id)
    .outerjoin(comment, (comment.c.task_id == task.c.task_id) & (comment.c.annotator == annotation.c.annotator))
    .order_by(annotation.c.annotator)
)

_TASKS = (
    sa.select(task, proposal.c.answer.label("proposed_answer"), proposal.c.probability)
    .outerjoin(proposal, proposal.c.task_id == task.c.task_id)
    .order_by(task.c.position)
)


def read_exchange(connection: Connection, corpus: str, batch_ids: Sequence[str] | None = None) -> Exchange:
    """Review batches of a corpus with their answers, in the order in which they were opened; all without ids.

    Raises: InvalidInput for a batch that the queue does not have.
    """
    for batch_id in batch_ids or ():
        find_batch(connection, batch_id)
    query = sa.select(batch).where(batch.c.corpus == corpus).order_by(batch.c.opened_at, batch.c.batch_id)
    rows = connection.execute(query if batch_ids is None else query.where(batch.c.batch_id.in_(list(batch_ids)))).all()
    classes = dict.fromkeys(name for row in rows for name in json.loads(row.classes))
    return Exchange(
        tasks=tuple(found for row in rows for found in _tasks_of(connection, row.batch_id)),
        batches={row.batch_id: _batch_of(row) for row in rows},
        corpus=corpus,
        queue_id=str(connection.execute(sa.select(queue.c.queue_id)).scalar_one()),
        classes=tuple(classes),
    )


def corrected_at(connection: Connection, batch_id: str) -> dict[str, datetime]:
    """When imported corrections of a batch were given elsewhere, by annotation_id: the latest of each."""
    query = sa.select(audit.c.subject_id, audit.c.detail).where(
        audit.c.batch_id == batch_id, audit.c.kind.in_(("corrected", "reopened"))
    )
    found: dict[str, datetime] = {}
    for subject_id, text in connection.execute(query.order_by(audit.c.cursor)):
        time = json.loads(text).get(ANSWERED_AT)
        if time is not None:
            found[subject_id] = datetime.fromisoformat(time)
    return found


def _batch_of(row: Row[Any]) -> ExchangedBatch:
    return ExchangedBatch(row.batch_id, row.question, row.kind, row.cause, row.answers_per_task, row.opened_at)


def _tasks_of(connection: Connection, batch_id: str) -> list[ExchangedTask]:
    given: dict[str, list[ExchangedAnswer]] = defaultdict(list)
    later = corrected_at(connection, batch_id)
    for row in connection.execute(_ANSWERS.where(task.c.batch_id == batch_id)):
        given[row.task_id].append(
            ExchangedAnswer(
                annotator=row.annotator,
                answer=row.answer,
                provenance=row.provenance,
                active_s=row.active_s,
                revision=row.revision,
                answered_at=later.get(row.annotation_id, row.submitted_at),
                comment=row.comment,
            )
        )
    remarks = read_remarks(connection, batch_id)
    return [
        _task_of(row, given[row.task_id], remarks.get(row.task_id, []))
        for row in connection.execute(_TASKS.where(task.c.batch_id == batch_id))
    ]


def _task_of(row: Row[Any], answers: list[ExchangedAnswer], remarks: list[ExchangedRemark]) -> ExchangedTask:
    payload = json.loads(row.payload)
    text = payload.get("text") or None
    return ExchangedTask(
        sample_id=row.sample_id,
        uri=payload.get("uri"),
        batch_id=row.batch_id,
        purpose=row.purpose,
        arm=row.arm,
        priority=row.priority,
        is_withdrawn=not row.is_open and row.n_answers < row.n_wanted,
        text=text,
        proposed_answer=row.proposed_answer,
        probability=row.probability,
        answers=tuple(answers),
        remarks=tuple(remarks),
    )
