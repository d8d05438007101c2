"""Actions: one line for everything that somebody changed in the queue, and the remarks that people make about tasks.

What happened to a batch as a whole is in the queue's audit, which `review_batches.py` writes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.review.people.tokens import Person
from data_engine.review.queue_tables import action, comment

_MOST_ROWS = 500


@dataclass(frozen=True)
class Action:
    """Something that somebody did; `annotator` is empty for the command line."""

    cursor: int
    at: datetime
    annotator: str
    token_id: str | None
    kind: str
    subject_id: str | None
    detail: Mapping[str, Any]


def record_action(
    connection: Connection,
    person: Person | None,
    kind: str,
    *,
    subject_id: str | None = None,
    now: datetime,
    **detail: object,
) -> None:
    """Add a line, in the transaction of what it is about; without a person for the command line."""
    row = {
        "at": now,
        "annotator": "" if person is None else person.annotator,
        "token_id": None if person is None else person.token_id,
        "kind": kind,
        "subject_id": subject_id,
        "detail": json.dumps(detail, sort_keys=True),
    }
    connection.execute(sa.insert(action), row)


def read_actions(connection: Connection, after: int) -> list[Action]:
    """The lines after the one with cursor `after`, the oldest first, at most 500."""
    query = sa.select(action).where(action.c.cursor > after).order_by(action.c.cursor).limit(_MOST_ROWS)
    return [
        Action(row.cursor, row.at, row.annotator, row.token_id, row.kind, row.subject_id, json.loads(row.detail))
        for row in connection.execute(query)
    ]


def store_comment(connection: Connection, task_id: str, annotator: str, text: str, *, now: datetime) -> bool:
    """Keep what somebody remarks about a task, in the place of an earlier remark; an empty one takes that away.

    Returns: False when that is the remark which is there already.
    """
    is_this = (comment.c.task_id == task_id) & (comment.c.annotator == annotator)
    if (connection.execute(sa.select(comment.c.text).where(is_this)).scalar_one_or_none() or "") == text.strip():
        return False
    connection.execute(sa.delete(comment).where(is_this))
    if text.strip():
        row = {"task_id": task_id, "annotator": annotator, "text": text.strip(), "at": now}
        connection.execute(sa.insert(comment), row)
    return True
