"""The outbox: which notices there are to send, whose turn it is, and what became of each; one row for each and channel.

A notice is noted in the transaction that remembers how far the audit was read, so that none is lost. Before one is sent
it is marked, so that no two processes send it; one whose process died on the way is sent again with the same id, by
which the receiver can tell. Sending is in `delivery.py`.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from data_engine.review.queue_records import identifier, is_of_kind
from data_engine.review.queue_tables import audit, batch, notice, notice_cursor, queue

MOST_ATTEMPTS = 12
"""After so many attempts, over about 20 hours, a notice is given up until somebody says otherwise."""

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
_GIVEN_UP_ON_AFTER = timedelta(minutes=10)
_LONGEST_ERROR = 300


@dataclass(frozen=True)
class Notice:
    """A notice on its way.

    Attributes:
        delivery_id: The same at every attempt, so that a receiver can tell a repeat.
        corpus: Of the review batch.
        channel: `webhook` or `email`.
        event: See `corpus.notices.NoticeEvent`.
        review_batch: What it is about.
        body: What is told, as JSON; the same at every attempt.
        state: `waiting`, `sending`, `sent` or `failed`.
        n_attempts: So far.
        next_attempt_at: When it is tried next, while it waits.
        created_at: When it was noted.
        sent_at: When it arrived.
        error: What the last attempt came to.
    """

    delivery_id: str
    corpus: str
    channel: str
    event: str
    review_batch: str
    body: str
    state: str
    n_attempts: int
    next_attempt_at: datetime
    created_at: datetime
    sent_at: datetime | None
    error: str | None


def note_events(
    connection: Connection,
    corpus: str,
    *,
    channels: Collection[str],
    events: Collection[str],
    waiting: timedelta,
    page: str | None,
    now: datetime,
) -> int:
    """Put what has happened since the last time into the outbox; the number of new notices.

    Of a channel that is new, only batches that are not answered are told about. What was opened and answered between
    two calls has no notice that it was opened, and imported answers have none at all.
    """
    n_new = 0
    for channel in sorted(channels):
        is_this = (notice_cursor.c.corpus == corpus) & (notice_cursor.c.channel == channel)
        cursor = connection.execute(sa.select(notice_cursor.c.cursor).where(is_this)).scalar_one_or_none()
        found = list(_happened(connection, corpus, cursor))
        found += _overdue(connection, corpus, waiting, now)
        for key, event, row in found:
            if event in events and not is_of_kind(row.batch_id, corpus, "imported"):
                n_new += _insert(connection, corpus, channel, key, event, row, page=page, now=now)
        last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(audit.c.cursor), 0))).scalar_one()
        if cursor is None:
            connection.execute(sa.insert(notice_cursor), {"corpus": corpus, "channel": channel, "cursor": last})
        elif cursor != last:
            connection.execute(sa.update(notice_cursor).where(is_this).values(cursor=last))
    return n_new


def claim(connection: Connection, corpus: str, *, channels: Collection[str], now: datetime) -> Notice | None:
    """Mark the notice whose turn it is as being sent; None when none is due.

    One that has been on its way for ten minutes was left by a process that died.
    """
    is_due = sa.and_(notice.c.state == "waiting", notice.c.next_attempt_at <= now)
    is_left = sa.and_(notice.c.state == "sending", notice.c.attempted_at <= now - _GIVEN_UP_ON_AFTER)
    query = sa.select(notice).where(
        notice.c.corpus == corpus, notice.c.channel.in_(list(channels)), sa.or_(is_due, is_left)
    )
    row = connection.execute(query.order_by(notice.c.next_attempt_at, notice.c.delivery_id).limit(1)).first()
    if row is None:
        return None
    values = {"state": "sending", "n_attempts": row.n_attempts + 1, "attempted_at": now}
    connection.execute(sa.update(notice).where(notice.c.delivery_id == row.delivery_id).values(values))
    return _notice(connection.execute(sa.select(notice).where(notice.c.delivery_id == row.delivery_id)).one())


def mark_sent(connection: Connection, sent: Notice, *, remark: str | None, now: datetime) -> None:
    """A notice has arrived."""
    values = {"state": "sent", "sent_at": now, "error": remark and remark[:_LONGEST_ERROR]}
    connection.execute(sa.update(notice).where(notice.c.delivery_id == sent.delivery_id).values(values))


def mark_failed(connection: Connection, tried: Notice, error: str, *, now: datetime) -> None:
    """An attempt came to nothing: the next one waits twice as long as the last, until the notice is given up."""
    pause = min(_FIRST_PAUSE * 2 ** (tried.n_attempts - 1), _LONGEST_PAUSE)
    values = {
        "state": "failed" if tried.n_attempts >= MOST_ATTEMPTS else "waiting",
        "next_attempt_at": now + pause,
        "error": error[:_LONGEST_ERROR],
    }
    connection.execute(sa.update(notice).where(notice.c.delivery_id == tried.delivery_id).values(values))


def try_again(connection: Connection, corpus: str, *, now: datetime) -> int:
    """Let every notice that is not sent be tried at once, those that were given up included; how many there are."""
    is_unsent = (notice.c.corpus == corpus) & notice.c.state.in_(("waiting", "failed"))
    values = {"state": "waiting", "n_attempts": 0, "next_attempt_at": now}
    return connection.execute(sa.update(notice).where(is_unsent).values(values)).rowcount


def read_notices(connection: Connection, corpus: str) -> list[Notice]:
    """The notices of a corpus, the oldest first."""
    query = sa.select(notice).where(notice.c.corpus == corpus)
    return [_notice(row) for row in connection.execute(query.order_by(notice.c.created_at, notice.c.delivery_id))]


def _happened(connection: Connection, corpus: str, cursor: int | None) -> Iterator[tuple[str, str, Row[Any]]]:
    query = (
        sa.select(audit.c.kind, audit.c.revision.label("at_revision"), batch)
        .join(batch, batch.c.batch_id == audit.c.batch_id)
        .where(batch.c.corpus == corpus, audit.c.cursor > (cursor or 0), audit.c.kind.in_(("opened", "answered")))
    )
    for row in connection.execute(query.order_by(audit.c.cursor)).all():
        if row.kind == "opened" and row.answered_at is None:
            yield f"opened:{row.batch_id}", "opened", row
        if row.kind == "answered" and cursor is not None:
            yield f"answered:{row.batch_id}:{row.at_revision}", "answered", row


def _overdue(
    connection: Connection, corpus: str, waiting: timedelta, now: datetime
) -> Iterator[tuple[str, str, Row[Any]]]:
    for row in connection.execute(sa.select(batch).where(batch.c.corpus == corpus, batch.c.answered_at.is_(None))):
        n_times = (now - row.opened_at) // waiting
        if n_times >= 1:
            yield f"waiting:{row.batch_id}:{n_times}", "waiting", row


def _insert(
    connection: Connection,
    corpus: str,
    channel: str,
    key: str,
    event: str,
    row: Row[Any],
    *,
    page: str | None,
    now: datetime,
) -> int:
    queue_id = connection.execute(sa.select(queue.c.queue_id)).scalar_one()
    delivery_id = identifier("notice", queue_id, channel, key)
    if connection.execute(sa.select(notice.c.event).where(notice.c.delivery_id == delivery_id)).first() is not None:
        return 0
    told = {
        "delivery_id": delivery_id,
        "event": f"review_batch.{event}",
        "corpus": corpus,
        "review_batch": row.batch_id,
        "question": row.question,
        "cause": row.cause,
        "n_tasks": row.n_tasks,
        "n_done": row.n_done,
        "n_open": row.n_open,
        "opened_at": row.opened_at.isoformat(),
        "noted_at": now.isoformat(),
        "page": page,
    }
    values = {
        "delivery_id": delivery_id,
        "corpus": corpus,
        "channel": channel,
        "event": event,
        "review_batch": row.batch_id,
        "body": json.dumps({name: value for name, value in told.items() if value is not None}, sort_keys=True),
        "state": "waiting",
        "n_attempts": 0,
        "next_attempt_at": now,
        "created_at": now,
    }
    connection.execute(sa.insert(notice), values)
    return 1


def _notice(row: Row[Any]) -> Notice:
    names: Sequence[str] = tuple(Notice.__dataclass_fields__)
    return Notice(**{name: getattr(row, name) for name in names})
