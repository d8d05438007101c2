"""Answers: taking each one once, correcting it, and handing a batch's answers out as a table."""

import json
from datetime import datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.kind import AnswerKind
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.provenance import CORRECTION, provenance
from data_engine.review.exchange.sending import corrected_at
from data_engine.review.leases import find_lease, is_class_now, shown_proposal, why_lost
from data_engine.review.people.decisions import decided_at, decided_rows
from data_engine.review.queue_records import SIMULATED_PREFIX, Submitted, answer_given, check_active_seconds, identifier
from data_engine.review.queue_tables import annotation, annotator, batch, decision, lease, proposal, task
from data_engine.review.review_batches import find_batch, finish_if_answered, record
from data_engine.schemas import REVIEWED_LABELS

_BY_SUBMISSION = sa.select(annotation).where(annotation.c.submission_id == sa.bindparam("submission"))

_IS_USABLE = sa.or_(lease.c.outcome.is_(None), lease.c.outcome == "expired")

_END_LEASES = (
    sa.update(lease)
    .where(
        lease.c.task_id == sa.bindparam("on_task"),
        sa.or_(
            sa.and_(lease.c.annotator == sa.bindparam("by"), _IS_USABLE),
            sa.and_(sa.bindparam("is_finished", type_=sa.Boolean), lease.c.outcome.is_(None)),
        ),
    )
    .values(
        outcome=sa.case((lease.c.annotator == sa.bindparam("by"), "submitted"), else_="lost"),
        ended_at=sa.bindparam("moment"),
    )
)
"""An answer uses the leases of who gives it; where it is the last that was wanted, others lose theirs."""

_ANSWERS = (
    sa.select(
        annotation.c.annotation_id,
        task.c.sample_id,
        task.c.batch_id.label("review_batch"),
        annotation.c.task_id,
        task.c.purpose,
        task.c.arm,
        annotation.c.annotator,
        annotation.c.kind,
        annotation.c.answer,
        annotation.c.label,
        proposal.c.answer.label("proposed_answer"),
        proposal.c.label.label("proposed_label"),
        annotation.c.provenance,
        annotator.c.is_simulated,
        annotation.c.active_s,
        annotation.c.revision,
        annotation.c.submitted_at,
    )
    .join(task, task.c.task_id == annotation.c.task_id)
    .join(annotator, annotator.c.annotator == annotation.c.annotator)
    .outerjoin(proposal, proposal.c.task_id == task.c.task_id)
    .where(task.c.batch_id == sa.bindparam("batch"))
)

_FOR_CORRECTION = (
    sa.select(
        annotation,
        task.c.batch_id,
        task.c.arm,
        task.c.payload,
        batch.c.classes,
        batch.c.revision.label("batch_revision"),
        batch.c.answered_at,
        proposal.c.answer.label("proposed_answer"),
        proposal.c.label.label("proposed_label"),
    )
    .join(task, task.c.task_id == annotation.c.task_id)
    .join(batch, batch.c.batch_id == task.c.batch_id)
    .outerjoin(proposal, proposal.c.task_id == task.c.task_id)
    .where(annotation.c.annotation_id == sa.bindparam("answer"))
)


def accept(
    connection: Connection,
    lease_id: str,
    submission_id: str,
    *,
    label: str | None,
    answer: object,
    now: datetime,
    active_s: float | None,
) -> Submitted | str:
    """Store an answer once; the answer, or why the lease is lost (what was answered is then kept as a draft)."""
    if not submission_id.strip():
        raise InvalidInput("submission_id is empty; give every answer an id of its own, so that it can be sent again")
    row = find_lease(connection, lease_id)
    kind = answer_kind(row.kind)
    given = answer_given(kind, label, answer, json.loads(row.classes), row.batch_id)
    kind.check_place(given, json.loads(row.payload))
    earlier = connection.execute(_BY_SUBMISSION, {"submission": submission_id}).first()
    if earlier is not None:
        return _as_repeat(earlier, row, kind, given)
    is_simulated = row.annotator.startswith(SIMULATED_PREFIX)
    check_active_seconds(active_s, is_simulated=is_simulated)
    # That a lease ran out is no reason to refuse: what counts is whether the task still wants an answer.
    if row.outcome not in (None, "expired") or not row.is_open:
        connection.execute(sa.update(lease).where(lease.c.lease_id == lease_id).values(draft=given))
        return why_lost(row)
    annotation_id = identifier("annotation", row.task_id, row.annotator)
    values = {
        "annotation_id": annotation_id,
        "task_id": row.task_id,
        "annotator": row.annotator,
        "submission_id": submission_id,
        "kind": kind.name,
        "submitted_answer": given,
        "answer": given,
        "label": kind.label_of(given),
        "provenance": _provenance(row, kind, given, is_simulated),
        "active_s": active_s,
        "revision": 1,
        "submitted_at": now,
    }
    connection.execute(sa.insert(annotation), values)
    count_answer(connection, row, now)
    return Submitted(annotation_id, revision=1, is_repeat=False)


def correct(
    connection: Connection, annotation_id: str, *, label: str | None, answer: object, now: datetime, name: str
) -> Submitted:
    """Replace an answer by its author's correction; the old one stays in the audit.

    Raises: InvalidInput for an unknown annotation, somebody else's or what is no answer; UnknownLabel.
    """
    row = connection.execute(_FOR_CORRECTION, {"answer": annotation_id}).first()
    if row is None:
        raise InvalidInput(f"no annotation {annotation_id!r} in this queue; submit an answer first")
    if row.annotator != name:
        raise InvalidInput(
            f"annotation {annotation_id} is by {row.annotator!r}, not {name!r}; only its author corrects an answer, "
            "others store a decision"
        )
    kind = answer_kind(row.kind)
    given = answer_given(kind, label, answer, json.loads(row.classes), row.batch_id)
    kind.check_place(given, json.loads(row.payload))
    if given == row.answer:
        return Submitted(annotation_id, row.revision, is_repeat=True)
    values = {
        "answer": given,
        "label": kind.label_of(given),
        "provenance": _provenance(row, kind, given, name.startswith(SIMULATED_PREFIX)),
        "revision": row.revision + 1,
    }
    connection.execute(sa.update(annotation).where(annotation.c.annotation_id == annotation_id).values(values))
    is_batch = batch.c.batch_id == row.batch_id
    connection.execute(sa.update(batch).where(is_batch).values(revision=row.batch_revision + 1))
    before = {name: getattr(row, name) for name in values}
    # A correction before the batch is answered is not published: nothing was made from the old answer yet.
    event = "corrected" if row.answered_at is None else "reopened"
    detail = {"before": before, "after": values}
    record(connection, event, row.batch_id, row.batch_revision + 1, detail, now=now, subject_id=annotation_id)
    return Submitted(annotation_id, row.revision + 1, is_repeat=False)


def read_answers(connection: Connection, batch_id: str) -> pa.Table:
    """The latest answers of a batch, and what reviewers decided, as schemas.REVIEWED_LABELS by annotation_id."""
    kind = find_batch(connection, batch_id).kind
    rows = [dict(row._mapping) for row in connection.execute(_ANSWERS, {"batch": batch_id})]
    corrected = corrected_at(connection, batch_id)
    for row in rows:
        given_at = row.pop("submitted_at")
        is_correction = row["purpose"] == CORRECTION
        row["decided_at"] = corrected.get(row["annotation_id"], given_at) if is_correction else None
        for name in ("proposed_answer", "proposed_label"):
            row[name] = shown_proposal(row["arm"], row[name])
    rows += decided_rows(connection, batch_id, kind)
    rows.sort(key=lambda row: str(row["annotation_id"]))
    return pa.Table.from_pylist(rows, schema=REVIEWED_LABELS)


def read_labels(connection: Connection, batch_id: str) -> set[str]:
    """The different classes that the answers and decisions of a batch are."""
    query = sa.select(annotation.c.label).join(task).where(task.c.batch_id == batch_id, annotation.c.label.is_not(None))
    of_classes = sa.select(batch.c.batch_id).where(batch.c.batch_id == batch_id, batch.c.kind == CLASS)
    decided = sa.select(decision.c.label).where(decision.c.batch_id.in_(of_classes))
    return {*connection.execute(query.distinct()).scalars(), *connection.execute(decided).scalars()}


def read_answer_times(connection: Connection, batch_id: str) -> dict[str, datetime]:
    """When each answer of a batch was given, and each decision made, by annotation_id."""
    given = (
        sa.select(annotation.c.annotation_id, annotation.c.submitted_at).join(task).where(task.c.batch_id == batch_id)
    )
    times = {row.annotation_id: row.submitted_at for row in connection.execute(given)}
    return times | decided_at(connection, batch_id)


def _as_repeat(earlier: Row[Any], row: Row[Any], kind: AnswerKind, given: str) -> Submitted:
    if (earlier.task_id, earlier.annotator) != (row.task_id, row.annotator):
        raise InvalidInput(
            f"submission {earlier.submission_id!r} was {earlier.annotator}'s answer to task {earlier.task_id}, "
            f"not {row.annotator}'s to {row.task_id}; give every answer an id of its own"
        )
    if earlier.submitted_answer != given:
        said, says = kind.shown(earlier.submitted_answer), kind.shown(given)
        raise InvalidInput(
            f"submission {earlier.submission_id!r} said {said!r} and now says {says!r}; "
            f"reopen annotation {earlier.annotation_id} to correct it"
        )
    return Submitted(earlier.annotation_id, earlier.revision, is_repeat=True)


def _provenance(row: Row[Any], kind: AnswerKind, given: str, is_simulated: bool) -> str:
    is_seen = is_class_now(row.proposed_label, row.classes)
    shown = shown_proposal(row.arm, row.proposed_answer) if is_seen else None
    return provenance(row.arm, shown, given, is_simulated=is_simulated, is_same=kind.is_same)


def count_answer(connection: Connection, row: Row[Any], now: datetime) -> None:
    """Count an answer of `row.annotator` to a task with its numbers of before; what is finished by it is closed."""
    n_answers = row.n_answers + 1
    is_open = n_answers < row.n_wanted
    ended = {"on_task": row.task_id, "by": row.annotator, "is_finished": not is_open, "moment": now}
    connection.execute(_END_LEASES, ended)
    connection.execute(
        sa.update(task).where(task.c.task_id == row.task_id).values(n_answers=n_answers, is_open=is_open)
    )
    if is_open:
        return
    one_more = {"n_open": batch.c.n_open - 1, "n_done": batch.c.n_done + 1}
    is_batch = sa.update(batch).where(batch.c.batch_id == row.batch_id)
    if connection.execute(is_batch.values(one_more).returning(batch.c.n_open)).scalar_one() == 0:
        finish_if_answered(connection, row.batch_id, now=now)
