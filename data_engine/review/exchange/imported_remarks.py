"""Imported decisions, skips and drafts: each once, and what was said here stays.

They are read from files and from the queue by `remarks.py`.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.review.exchange.exchanged import DECISION, DRAFT, SKIP, ExchangedRemark, ExchangedTask
from data_engine.review.leases import register
from data_engine.review.people.decisions import store_decision
from data_engine.review.people.drafts import read_drafts, store_draft
from data_engine.review.queue_records import identifier
from data_engine.review.queue_tables import annotation, decision, lease

_MOST_REASON = 300


def put_remarks(connection: Connection, task_id: str, each: ExchangedTask, *, now: datetime) -> int:
    """Put the remarks about a task into the queue: how many were not there yet. What was said here stays.

    Raises: InvalidInput; UnknownLabel for a decision of an unknown class.
    """
    return sum(_put(connection, task_id, each, remark, min(remark.said_at, now)) for remark in each.remarks)


def _put(connection: Connection, task_id: str, each: ExchangedTask, remark: ExchangedRemark, at: datetime) -> bool:
    if remark.what == DECISION:
        is_this = (decision.c.batch_id == each.batch_id) & (decision.c.sample_id == each.sample_id)
        if connection.execute(sa.select(decision.c.label).where(is_this)).first() is not None:
            return False
        label = str(remark.content["label"])
        return store_decision(connection, each.batch_id or "", each.sample_id or "", label, by=remark.annotator, now=at)
    register(connection, remark.annotator, at)
    if remark.what == DRAFT:
        is_own = (annotation.c.task_id == task_id) & (annotation.c.annotator == remark.annotator)
        is_answered = connection.execute(sa.select(annotation.c.task_id).where(is_own)).first() is not None
        if is_answered or read_drafts(connection, remark.annotator, [task_id]):
            return False
        store_draft(connection, task_id, remark.annotator, remark.content, now=at)
        return True
    return _put_skip(connection, task_id, remark, at)


def _put_skip(connection: Connection, task_id: str, remark: ExchangedRemark, at: datetime) -> bool:
    is_such = (lease.c.task_id == task_id) & (lease.c.annotator == remark.annotator) & (lease.c.outcome == "skipped")
    if connection.execute(sa.select(lease.c.lease_id).where(is_such)).first() is not None:
        return False
    values = {
        "lease_id": identifier("lease", task_id, remark.annotator, SKIP),
        "task_id": task_id,
        "annotator": remark.annotator,
        "lease_s": 1,
        "taken_at": at,
        "expires_at": at,
        "outcome": "skipped",
        "ended_at": at,
        "reason": str(remark.content.get("reason", ""))[:_MOST_REASON],
    }
    connection.execute(sa.insert(lease), values)
    return True
