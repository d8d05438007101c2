"""Leases: who may answer which task until when. A task never has more live leases and answers than it wants."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from data_engine.errors import InvalidInput, LeaseLost
from data_engine.review.queue_records import (
    ARMS_SHOWING_PROPOSAL,
    SIMULATED_PREFIX,
    Lease,
    SkippedTask,
    Task,
    check_annotator,
    identifier,
)
from data_engine.review.queue_tables import annotation, batch, lease, proposal, task
from data_engine.review.queue_tables import annotator as annotators

_MAX_LEASE_S = 24 * 3600

_CARD: sa.Select[Any] = (
    sa.select(
        lease.c.lease_id,
        lease.c.annotator,
        lease.c.lease_s,
        lease.c.expires_at,
        lease.c.outcome,
        task.c.task_id,
        task.c.batch_id,
        task.c.sample_id,
        task.c.payload,
        task.c.arm,
        task.c.n_wanted,
        task.c.n_answers,
        task.c.is_open,
        batch.c.question,
        batch.c.classes,
        batch.c.kind,
        proposal.c.answer.label("proposed_answer"),
        proposal.c.label.label("proposed_label"),
    )
    .join(task, task.c.task_id == lease.c.task_id)
    .join(batch, batch.c.batch_id == task.c.batch_id)
    .outerjoin(proposal, proposal.c.task_id == task.c.task_id)
    .where(lease.c.lease_id == sa.bindparam("lease_id"))
)

_EXPIRE = (
    sa.update(lease)
    .where(lease.c.outcome.is_(None), lease.c.expires_at <= sa.bindparam("moment"))
    .values(outcome="expired", ended_at=sa.bindparam("moment"))
)

_LIVE_ON_TASK = (
    sa.select(sa.func.count())
    .select_from(lease)
    .where(lease.c.task_id == task.c.task_id, lease.c.outcome.is_(None))
    .correlate(task)
    .scalar_subquery()
)

_DONE_BY_ANNOTATOR = (
    sa.exists()
    .where(
        lease.c.task_id == task.c.task_id,
        lease.c.annotator == sa.bindparam("name"),
        lease.c.outcome.in_(("submitted", "skipped")),
    )
    .correlate(task)
)

_ORDER = (task.c.priority.desc(), task.c.opened_at, task.c.batch_id, task.c.position)

_HELD_BY_ANNOTATOR = (
    sa.exists()
    .where(lease.c.task_id == task.c.task_id, lease.c.annotator == sa.bindparam("name"), lease.c.outcome.is_(None))
    .correlate(task)
)

_HAS_ROOM = sa.and_(task.c.n_answers + _LIVE_ON_TASK < task.c.n_wanted, ~_HELD_BY_ANNOTATOR)

_CANDIDATE = sa.select(task.c.task_id).where(task.c.is_open, _HAS_ROOM, ~_DONE_BY_ANNOTATOR).order_by(*_ORDER).limit(1)

_IS_SKIPPED_BY_ANNOTATOR = sa.and_(
    lease.c.task_id == task.c.task_id, lease.c.annotator == sa.bindparam("name"), lease.c.outcome == "skipped"
)

_ANSWERED_BY_ANNOTATOR = (
    sa.exists()
    .where(
        annotation.c.task_id == task.c.task_id,
        annotation.c.annotator == sa.bindparam("name"),
    )
    .correlate(task)
)

_LAST_SKIP = sa.func.max(lease.c.ended_at)

_SKIPPED = (
    sa.select(task.c.task_id, _LAST_SKIP.label("skipped_at"))
    .join(lease, _IS_SKIPPED_BY_ANNOTATOR)
    .where(task.c.is_open, ~_ANSWERED_BY_ANNOTATOR)
    .group_by(task.c.task_id)
    .order_by(_LAST_SKIP, task.c.task_id)
)

_SKIPPED_WITH_ROOM = _SKIPPED.where(_HAS_ROOM).limit(1)

_EARLIER_SKIPS = sa.select(lease.c.lease_id).where(
    lease.c.task_id == sa.bindparam("of_task"),
    lease.c.annotator == sa.bindparam("name"),
    lease.c.outcome == "skipped",
)

_LIVE_OF_ANNOTATOR = (
    sa.select(lease.c.lease_id)
    .join(task, task.c.task_id == lease.c.task_id)
    .where(lease.c.annotator == sa.bindparam("name"), lease.c.outcome.is_(None))
    .order_by(lease.c.taken_at, *_ORDER)
    .limit(1)
)


def take(
    connection: Connection,
    name: str,
    *,
    now: datetime,
    corpus: str | None,
    batch_id: str | None,
    lease_s: int,
    is_simulated: bool,
    holding: Sequence[str] = (),
    proposed: str | None = None,
) -> Lease | None:
    """The annotator's live lease within the filter, else one on the next task that fits; None when none fits.

    Leases of `holding` are passed over, so that somebody may hold the next tasks before they are shown. With
    `proposed`, only tasks that show this class as their proposal fit.
    """
    check_annotator(name, is_simulated=is_simulated)
    if not 1 <= lease_s <= _MAX_LEASE_S:
        raise InvalidInput(f"lease_s is {lease_s}; a lease lasts from 1 to {_MAX_LEASE_S} seconds")
    connection.execute(_EXPIRE, {"moment": now})
    within = [*_filters(corpus, batch_id), *([] if proposed is None else [proposes(proposed)])]
    others = lease.c.lease_id.not_in(list(holding))
    live = connection.execute(_LIVE_OF_ANNOTATOR.where(*within, others), {"name": name}).scalar_one_or_none()
    if live is not None:
        found = as_lease(find_lease(connection, live))
        skips = connection.execute(_EARLIER_SKIPS, {"of_task": found.task.task_id, "name": name})
        return replace(found, task=replace(found.task, was_skipped=skips.first() is not None))
    task_id = connection.execute(_CANDIDATE.where(*within), {"name": name}).scalar_one_or_none()
    was_skipped = task_id is None and not is_simulated
    if was_skipped:
        skipped = connection.execute(_SKIPPED_WITH_ROOM.where(*within), {"name": name}).first()
        task_id = None if skipped is None else skipped.task_id
    if task_id is None:
        return None
    register(connection, name, now)
    given = as_lease(find_lease(connection, _insert_lease(connection, task_id, name, lease_s, now)))
    return replace(given, task=replace(given.task, was_skipped=was_skipped))


def extend(connection: Connection, lease_id: str, *, now: datetime) -> Lease:
    """Let the lease last its full length from now; an expired one comes back to life while its place is free.

    Raises: LeaseLost when the place is taken, the task is finished, or the lease was used or given back.
    """
    connection.execute(_EXPIRE, {"moment": now})
    row = find_lease(connection, lease_id)
    if row.outcome not in (None, "expired") or not row.is_open:
        raise LeaseLost(why_lost(row))
    if row.outcome == "expired":
        is_other = (lease.c.task_id == row.task_id) & lease.c.outcome.is_(None)
        n_live = connection.execute(sa.select(sa.func.count()).select_from(lease).where(is_other)).scalar_one()
        if row.n_answers + n_live >= row.n_wanted:
            raise LeaseLost(
                f"lease {lease_id} ran out and its task {row.task_id} was given away; ask for the next task"
            )
    values = {"expires_at": now + timedelta(seconds=row.lease_s), "outcome": None, "ended_at": None}
    connection.execute(sa.update(lease).where(lease.c.lease_id == lease_id).values(values))
    return as_lease(find_lease(connection, lease_id))


def skip(connection: Connection, lease_id: str, *, reason: str, now: datetime) -> None:
    """Give the task back; it comes again when nothing else is left. A repeat, or a lost lease, changes nothing.

    Raises: LeaseLost when the lease was already used for an answer. InvalidInput without a reason.
    """
    if not reason.strip():
        raise InvalidInput(f"reason is {reason!r}; say why the task is skipped")
    row = find_lease(connection, lease_id)
    if row.outcome == "submitted":
        raise LeaseLost(why_lost(row))
    if row.outcome in (None, "expired"):
        values = {"outcome": "skipped", "reason": reason, "ended_at": now}
        connection.execute(sa.update(lease).where(lease.c.lease_id == lease_id).values(values))


def give_back(connection: Connection, lease_id: str, *, now: datetime) -> None:
    """End a live lease without a word: the task is free for everybody, and for its annotator too."""
    is_live = (lease.c.lease_id == lease_id) & lease.c.outcome.is_(None)
    connection.execute(sa.update(lease).where(is_live).values(outcome="expired", expires_at=now, ended_at=now))


def read_skipped(connection: Connection, name: str, corpus: str | None) -> list[SkippedTask]:
    """The open tasks that the annotator has skipped and not answered, the longest ago first."""
    found = connection.execute(_SKIPPED.where(*_filters(corpus, None)), {"name": name}).all()
    skipped = []
    for task_id, skipped_at in found:
        row = connection.execute(sa.select(task).where(task.c.task_id == task_id)).one()
        is_last = (lease.c.task_id == task_id) & (lease.c.annotator == name) & (lease.c.ended_at == skipped_at)
        reason = connection.execute(sa.select(lease.c.reason).where(is_last)).scalars().first()
        payload = json.loads(row.payload)
        skipped.append(SkippedTask(task_id, row.batch_id, row.sample_id, payload, reason or "", skipped_at))
    return skipped


def find_lease(connection: Connection, lease_id: str) -> Row[Any]:
    """The lease with its task, batch and proposal.

    Raises: InvalidInput when no lease has this id.
    """
    row = connection.execute(_CARD, {"lease_id": lease_id}).first()
    if row is None:
        raise InvalidInput(f"no lease {lease_id!r} in this queue; take a task first")
    return row


def why_lost(row: Row[Any]) -> str:
    """Why a lease can no longer be used, and what to do."""
    if row.outcome == "submitted":
        return f"lease {row.lease_id} was used for {row.annotator}'s answer already; reopen that answer to correct it"
    if row.outcome == "skipped":
        return f"lease {row.lease_id} was given back by {row.annotator}; ask for the next task"
    return (
        f"lease {row.lease_id} of {row.annotator} is lost: task {row.task_id} was finished by others or withdrawn "
        "meanwhile; ask for the next task"
    )


def shown_proposal(arm: str, proposed: str | None) -> str | None:
    """The proposed answer, or its label, if annotators of this arm see it."""
    return proposed if arm in ARMS_SHOWING_PROPOSAL else None


def is_class_now(label: str | None, classes: str) -> bool:
    """Whether what is proposed is still a class of the batch (a JSON list); what is more than a class always is."""
    return label is None or label in json.loads(classes)


def as_lease(row: Row[Any]) -> Lease:
    """What the annotator is given; a proposal whose class was removed since is not shown."""
    arm = row.arm if is_class_now(row.proposed_label, row.classes) else ""
    card = Task(
        task_id=row.task_id,
        batch_id=row.batch_id,
        sample_id=row.sample_id,
        question=row.question,
        classes=tuple(json.loads(row.classes)),
        payload=json.loads(row.payload),
        arm=row.arm,
        proposed_label=shown_proposal(arm, row.proposed_label),
        kind=row.kind,
        proposed_answer=shown_proposal(arm, row.proposed_answer),
    )
    return Lease(row.lease_id, row.annotator, card, row.expires_at)


def proposes(label: str) -> sa.ColumnElement[bool]:
    """Whether a task shows this class as its proposal."""
    is_such = (proposal.c.task_id == task.c.task_id) & (proposal.c.label == label)
    return sa.and_(task.c.arm.in_(ARMS_SHOWING_PROPOSAL), sa.exists().where(is_such).correlate(task))


def _filters(corpus: str | None, batch_id: str | None) -> Sequence[sa.ColumnElement[bool]]:
    wanted = ((task.c.corpus, corpus), (task.c.batch_id, batch_id))
    return [column == value for column, value in wanted if value is not None]


def register(connection: Connection, name: str, now: datetime) -> None:
    """Make an annotator known to the queue; one that is stays as it is."""
    is_known = sa.select(annotators.c.annotator).where(annotators.c.annotator == name)
    if connection.execute(is_known).first() is None:
        row = {"annotator": name, "is_simulated": name.startswith(SIMULATED_PREFIX), "first_seen_at": now}
        connection.execute(sa.insert(annotators), row)


def _insert_lease(connection: Connection, task_id: str, name: str, lease_s: int, now: datetime) -> str:
    earlier = sa.select(sa.func.count()).select_from(lease)
    is_mine = (lease.c.task_id == task_id) & (lease.c.annotator == name)
    lease_id = identifier("lease", task_id, name, connection.execute(earlier.where(is_mine)).scalar_one())
    row = {"lease_id": lease_id, "task_id": task_id, "annotator": name, "lease_s": lease_s, "taken_at": now}
    connection.execute(sa.insert(lease), row | {"expires_at": now + timedelta(seconds=lease_s)})
    return lease_id
