"""Drafts: what somebody has begun to answer, kept by the server for a reload, another device or a lease that is lost.

Answers are taken in `review/annotations.py`; one that counts takes the draft away.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.review.queue_tables import draft


def store_draft(
    connection: Connection, task_id: str, annotator: str, content: Mapping[str, Any], *, now: datetime
) -> None:
    """Keep a draft in the place of an earlier one; one in which nothing is said takes that away."""
    is_this = (draft.c.task_id == task_id) & (draft.c.annotator == annotator)
    connection.execute(sa.delete(draft).where(is_this))
    said = {name: value for name, value in content.items() if value not in (None, "")}
    if said:
        row = {"task_id": task_id, "annotator": annotator, "content": json.dumps(said, sort_keys=True), "at": now}
        connection.execute(sa.insert(draft), row)


def read_drafts(connection: Connection, annotator: str, task_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The drafts of somebody by task."""
    query = sa.select(draft.c.task_id, draft.c.content)
    rows = connection.execute(query.where(draft.c.annotator == annotator, draft.c.task_id.in_(task_ids)))
    return {row.task_id: json.loads(row.content) for row in rows}
