"""One imported answer: new, there already, later than the imported one of now, or not to be taken.

An imported answer is never one that was given here: its provenance is `imported` whatever the file says, and seconds
that nobody here measured are left out. Simulated ones stay simulated. What somebody answered here stays as it is.
"""

import json
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.provenance import IMPORTED, SIMULATED
from data_engine.review.annotations import count_answer
from data_engine.review.exchange.exchanged import ExchangedAnswer
from data_engine.review.exchange.sending import ANSWERED_AT, corrected_at
from data_engine.review.leases import register
from data_engine.review.people.actions import store_comment
from data_engine.review.queue_records import identifier, is_simulated_name
from data_engine.review.queue_tables import annotation, batch, lease, task
from data_engine.review.review_batches import find_batch, record

Outcome = Literal["new", "repeated", "corrected", "older", "given_here", "closed"]
"""New; the same as is there; in the place of an imported one; older than that; of somebody who answered here; of a task
that takes no answer any more."""


def put_answer(connection: Connection, task_id: str, answer: ExchangedAnswer, kind: str, *, now: datetime) -> Outcome:
    """Put one answer, which is in canonical form, to a task."""
    on_task = sa.select(task, sa.literal(answer.annotator).label("annotator")).where(task.c.task_id == task_id)
    row = connection.execute(on_task).one()
    try:
        answer_kind(kind).check_place(answer.answer, json.loads(row.payload))
    except InvalidInput as error:
        raise InvalidInput(f"{answer.where}: {error}") from error
    is_this = (annotation.c.task_id == task_id) & (annotation.c.annotator == answer.annotator)
    before = connection.execute(sa.select(annotation).where(is_this)).first()
    if before is not None:
        return _put_again(connection, row, before, answer, now=now)
    if not row.is_open:
        return "closed"
    _insert(connection, row, answer, kind, now=now)
    return "new"


def _insert(connection: Connection, row: Row[Any], answer: ExchangedAnswer, kind: str, *, now: datetime) -> None:
    register(connection, answer.annotator, now)
    given = min(answer.answered_at or now, now)
    values = {
        "annotation_id": identifier("annotation", row.task_id, answer.annotator),
        "task_id": row.task_id,
        "annotator": answer.annotator,
        "submission_id": _submission_id(row),
        "kind": kind,
        "submitted_answer": answer.answer,
        "answer": answer.answer,
        "label": answer_kind(kind).label_of(answer.answer),
        "provenance": SIMULATED if is_simulated_name(answer.annotator) else IMPORTED,
        "active_s": None,
        "revision": answer.revision,
        "submitted_at": given,
    }
    connection.execute(sa.insert(annotation), values)
    _insert_used_lease(connection, row, given)
    if answer.revision > 1:
        later = batch.c.revision + answer.revision - 1
        connection.execute(sa.update(batch).where(batch.c.batch_id == row.batch_id).values(revision=later))
    _store_comment(connection, row, answer, now)
    count_answer(connection, row, now)


def _insert_used_lease(connection: Connection, row: Row[Any], given: datetime) -> None:
    """A lease that says that the annotator has done the task, so that nobody gives it to them."""
    values = {
        "lease_id": identifier("lease", row.task_id, row.annotator, IMPORTED),
        "task_id": row.task_id,
        "annotator": row.annotator,
        "lease_s": 1,
        "taken_at": given,
        "expires_at": given,
        "outcome": "submitted",
        "ended_at": given,
    }
    connection.execute(sa.insert(lease), values)


def _put_again(
    connection: Connection, row: Row[Any], before: Row[Any], answer: ExchangedAnswer, *, now: datetime
) -> Outcome:
    if before.answer == answer.answer:
        return "repeated"
    if before.provenance not in (IMPORTED, SIMULATED) or before.submission_id != _submission_id(row):
        return "given_here"
    known = corrected_at(connection, row.batch_id).get(before.annotation_id, before.submitted_at)
    given = min(answer.answered_at or now, now)
    if (given, answer.revision) <= (known, before.revision):
        return "older"
    values = {
        "answer": answer.answer,
        "label": answer_kind(before.kind).label_of(answer.answer),
        "revision": before.revision + 1,
    }
    is_this = annotation.c.annotation_id == before.annotation_id
    connection.execute(sa.update(annotation).where(is_this).values(values))
    of_batch = find_batch(connection, row.batch_id)
    is_batch = batch.c.batch_id == row.batch_id
    connection.execute(sa.update(batch).where(is_batch).values(revision=of_batch.revision + 1))
    event = "corrected" if of_batch.answered_at is None else "reopened"
    detail: dict[str, Any] = {"before": {name: getattr(before, name) for name in values}, "after": values}
    detail[ANSWERED_AT] = given.isoformat()
    record(connection, event, row.batch_id, of_batch.revision + 1, detail, now=now, subject_id=before.annotation_id)
    _store_comment(connection, row, answer, now)
    return "corrected"


def _submission_id(row: Row[Any]) -> str:
    return identifier(IMPORTED, row.task_id, row.annotator)


def _store_comment(connection: Connection, row: Row[Any], answer: ExchangedAnswer, now: datetime) -> None:
    if answer.comment is not None:
        store_comment(connection, row.task_id, row.annotator, answer.comment, now=now)
