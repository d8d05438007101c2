"""Leases: who may answer which task until when. A task never has more live leases and answers than it wants."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from data_engine.errors import InvalidInput, LeaseLost
from data_engine.labeling.provenance import REPEATED
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
    .select_from(task)
    .join(batch, batch.c.batch_id == task.c.batch_id)
    .outerjoin(proposal, proposal.c.task_id == task.c.task_id)
)

_LEASED_CARD = _CARD.add_columns(
    lease.c.lease_id, lease.c.annotator, lease.c.lease_s, lease.c.taken_at, lease.c.expires_at, lease.c.outcome
).join(lease, lease.c.task_id == task.c.task_id)

_CARD_OF_LEASE = _LEASED_CARD.where(lease.c.lease_id == sa.bindparam("lease_id"))

_EXPIRE = (
    sa.update(lease)
    .where(lease.c.outcome.is_(None), lease.c.expires_at <= sa.bindparam("moment"))
    .values(outcome="expired", ended_at=sa.bindparam("moment"))
)


def _of_annotator(*conditions: sa.ColumnElement[bool]) -> sa.Exists:
    """Whether the annotator has, or had, a lease of the task."""
    is_theirs = (lease.c.task_id == task.c.task_id) & (lease.c.annotator == sa.bindparam("name"))
    return sa.exists().where(is_theirs, *conditions).correlate(task)


_LIVE_ON_TASK = (
    sa.select(sa.func.count())
    .select_from(lease)
    .where(lease.c.task_id == task.c.task_id, lease.c.outcome.is_(None))
    .correlate(task)
    .scalar_subquery()
)

_ORDER = (task.c.priority.desc(), task.c.opened_at, task.c.batch_id, task.c.position)

_HAS_ROOM = sa.and_(task.c.n_answers + _LIVE_ON_TASK < task.c.n_wanted, ~_of_annotator(lease.c.outcome.is_(None)))

_earlier = task.alias("earlier")

#: What is asked again after weeks goes to somebody who answered it then: others would agree with each other.
_IS_FOR_ANNOTATOR = sa.or_(
    task.c.purpose != REPEATED,
    sa.exists()
    .where(
        annotation.c.annotator == sa.bindparam("name"),
        annotation.c.task_id == _earlier.c.task_id,
        _earlier.c.task_id != task.c.task_id,
        _earlier.c.sample_id == task.c.sample_id,
        _earlier.c.corpus == task.c.corpus,
    )
    .correlate(task),
)

_CANDIDATE = (
    sa.select(task.c.task_id)
    .where(task.c.is_open, _HAS_ROOM, ~_of_annotator(lease.c.outcome.in_(("submitted", "skipped"))))
    .where(_IS_FOR_ANNOTATOR)
    .order_by(*_ORDER)
    .limit(1)
)

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

_LIVE_OF_ANNOTATOR = (
    sa.select(lease.c.lease_id)
    .join(task, task.c.task_id == lease.c.task_id)
    .where(lease.c.annotator == sa.bindparam("name"), lease.c.outcome.is_(None))
    .where(lease.c.lease_id.not_in(sa.bindparam("holding", expanding=True)))
    .order_by(lease.c.taken_at, *_ORDER)
    .limit(1)
)


@dataclass(frozen=True)
class _Queries:
    """What `take` asks, within one kind of filter: one statement each, so that others wait for little."""

    live: sa.Select[Any]
    free: sa.Select[Any]
    skipped: sa.Select[Any]


@cache
def _queries(has_corpus: bool, has_batch: bool, has_proposed: bool) -> _Queries:
    """The queries for filters by corpus, batch and proposed class; what these are is bound when they run."""
    filters = (
        (has_corpus, task.c.corpus == sa.bindparam("in_corpus")),
        (has_batch, task.c.batch_id == sa.bindparam("in_batch")),
        (has_proposed, _proposes(sa.bindparam("showing"))),
    )
    within = [condition for is_asked, condition in filters if is_asked]
    n_earlier = sa.select(sa.func.count()).select_from(lease)
    n_earlier = n_earlier.where(lease.c.task_id == task.c.task_id, lease.c.annotator == sa.bindparam("name"))
    is_known = sa.exists().where(annotators.c.annotator == sa.bindparam("name"))
    to_lease = _CARD.add_columns(
        n_earlier.correlate(task).scalar_subquery().label("n_earlier"),
        sa.select(is_known).scalar_subquery().label("is_known"),
    )
    live = _LIVE_OF_ANNOTATOR.where(*within).scalar_subquery()
    skipped = _SKIPPED.where(_HAS_ROOM, *within).limit(1).subquery()
    return _Queries(
        _LEASED_CARD.add_columns(_of_annotator(lease.c.outcome == "skipped").label("was_skipped")).where(
            lease.c.lease_id == live
        ),
        to_lease.where(task.c.task_id == _CANDIDATE.where(*within).scalar_subquery()),
        to_lease.where(task.c.task_id == sa.select(skipped.c.task_id).scalar_subquery()),
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
    queries = _queries(corpus is not None, batch_id is not None, proposed is not None)
    given = {"name": name, "in_corpus": corpus, "in_batch": batch_id, "showing": proposed}
    live = connection.execute(queries.live, given | {"holding": list(holding)}).first()
    if live is not None:
        return as_lease(live, was_skipped=bool(live.was_skipped))
    row = connection.execute(queries.free, given).first()
    was_skipped = row is None and not is_simulated
    if was_skipped:
        row = connection.execute(queries.skipped, given).first()
    return None if row is None else _insert_lease(connection, row, name, lease_s, now, was_skipped=was_skipped)


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
    is_asked = sa.true() if corpus is None else task.c.corpus == corpus
    found = connection.execute(_SKIPPED.where(is_asked), {"name": name}).all()
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
    row = connection.execute(_CARD_OF_LEASE, {"lease_id": lease_id}).first()
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


def as_lease(row: Row[Any], *, was_skipped: bool = False) -> Lease:
    """What the annotator is given; a proposal whose class was removed since is not shown."""
    return Lease(row.lease_id, row.annotator, _as_task(row, was_skipped), row.expires_at)


def _as_task(row: Row[Any], was_skipped: bool) -> Task:
    arm = row.arm if is_class_now(row.proposed_label, row.classes) else ""
    return Task(
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
        was_skipped=was_skipped,
    )


def _proposes(label: sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    """Whether a task shows this class as its proposal."""
    is_such = (proposal.c.task_id == task.c.task_id) & (proposal.c.label == label)
    return sa.and_(task.c.arm.in_(ARMS_SHOWING_PROPOSAL), sa.exists().where(is_such).correlate(task))


def register(connection: Connection, name: str, now: datetime) -> None:
    """Make an annotator known to the queue; one that is stays as it is."""
    is_known = sa.select(annotators.c.annotator).where(annotators.c.annotator == name)
    if connection.execute(is_known).first() is None:
        row = {"annotator": name, "is_simulated": name.startswith(SIMULATED_PREFIX), "first_seen_at": now}
        connection.execute(sa.insert(annotators), row)


def _insert_lease(
    connection: Connection, row: Row[Any], name: str, lease_s: int, now: datetime, *, was_skipped: bool
) -> Lease:
    if not row.is_known:
        register(connection, name, now)
    lease_id, expires_at = identifier("lease", row.task_id, name, row.n_earlier), now + timedelta(seconds=lease_s)
    values = {"lease_id": lease_id, "task_id": row.task_id, "annotator": name, "lease_s": lease_s, "taken_at": now}
    connection.execute(sa.insert(lease), values | {"expires_at": expires_at})
    return Lease(lease_id, name, _as_task(row, was_skipped), expires_at)
