"""Decisions of reviewers: what a sample is where people answered differently, in the place of their answers.

What people disagree about is found in `batch_overview.py`.
"""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind
from data_engine.labeling.provenance import ADJUDICATED
from data_engine.review.queue_records import BY_REVIEWER, answer_given, check_annotator, identifier
from data_engine.review.queue_tables import audit, batch, decision, task
from data_engine.review.review_batches import ASKED_MORE, find_batch, record, withdraw_tasks

DECIDED = "adjudicated"
"""The kind of the audit's rows about decisions; each raised the revision of its batch by 1."""

FORGOTTEN = "forgotten"
"""The kind of those that say how many revisions of a batch were by answers that are forgotten."""


def store_decision(
    connection: Connection,
    batch_id: str,
    sample_id: str,
    label: str | None,
    *,
    answer: object = None,
    by: str,
    now: datetime,
) -> bool:
    """Keep what a reviewer says a sample is: the revision of the batch rises by 1, and its open tasks are closed.

    A later decision takes the place of the earlier one, and the audit keeps both. It is a label where a class is an
    answer; of other kinds, the answer itself or its text.

    Returns: False when it is the decision that stands already.
    Raises: UnknownLabel; InvalidInput for a sample that the batch asks about in no task but a trap, for objects in an
        image of another size than that of the task, or the name of a simulated annotator.
    """
    check_annotator(by, is_simulated=False)
    row = find_batch(connection, batch_id)
    kind = answer_kind(row.kind)
    short, whole = (label, answer) if row.kind == CLASS or answer is not None else (None, label)
    given = answer_given(kind, short, whole, json.loads(row.classes), batch_id)
    said = kind.label_of(given) or given
    tasks = connection.execute(_tasks_of(batch_id, [sample_id])).all()
    if not tasks:
        raise InvalidInput(f"sample {sample_id!r} has no task in batch {batch_id!r}; decide only what was asked")
    kind.check_place(given, json.loads(tasks[0].payload))
    is_this = (decision.c.batch_id == batch_id) & (decision.c.sample_id == sample_id)
    before = connection.execute(sa.select(decision).where(is_this)).first()
    method = f"{BY_REVIEWER}{by}"
    if before is not None and (before.label, before.method) == (said, method):
        return False
    values = {"label": said, "posterior": None, "method": method, "decided_at": now}
    if before is None:
        connection.execute(sa.insert(decision), {"batch_id": batch_id, "sample_id": sample_id} | values)
    else:
        connection.execute(sa.update(decision).where(is_this).values(values))
    connection.execute(sa.update(batch).where(batch.c.batch_id == batch_id).values(revision=row.revision + 1))
    detail = {"old_label": before and before.label, "new_label": said, "method": method}
    record(connection, DECIDED, batch_id, row.revision + 1, detail, now=now, subject_id=sample_id)
    withdraw_tasks(connection, [each.task_id for each in tasks], reason=f"decided by {by}", now=now)
    return True


def decided_rows(connection: Connection, batch_id: str, kind: str) -> list[dict[str, Any]]:
    """The decisions of reviewers in a batch as rows of schemas.REVIEWED_LABELS, each about one task of its sample.

    They have the provenance `adjudicated` and the reviewer as annotator; `revision` counts what was decided of the
    sample so far.
    """
    is_decided = (decision.c.batch_id == batch_id) & decision.c.method.startswith(BY_REVIEWER)
    decided = {row.sample_id: row for row in connection.execute(sa.select(decision).where(is_decided))}
    if not decided:
        return []
    told = sa.select(audit.c.subject_id, sa.func.count()).where(audit.c.kind == DECIDED, audit.c.batch_id == batch_id)
    n_told = {row[0]: row[1] for row in connection.execute(told.group_by(audit.c.subject_id))}
    first: dict[str, Any] = {}
    for row in connection.execute(_tasks_of(batch_id, list(decided))):
        first.setdefault(row.sample_id, row)
    answers = answer_kind(kind)
    return [
        {
            "annotation_id": identifier(DECIDED, batch_id, sample_id),
            "sample_id": sample_id,
            "review_batch": batch_id,
            "task_id": first[sample_id].task_id,
            "purpose": first[sample_id].purpose,
            "arm": "manual",
            "annotator": row.method.removeprefix(BY_REVIEWER),
            "kind": kind,
            "answer": answers.from_label(row.label) if kind == CLASS else row.label,
            "label": row.label if kind == CLASS else answers.label_of(row.label),
            "provenance": ADJUDICATED,
            "is_simulated": False,
            "revision": n_told[sample_id],
            "decided_at": row.decided_at,
        }
        for sample_id, row in decided.items()
        if sample_id in first
    ]


def decided_at(connection: Connection, batch_id: str) -> dict[str, datetime]:
    """When each decision of a batch was made, by the `annotation_id` of its row."""
    found = connection.execute(sa.select(decision).where(decision.c.batch_id == batch_id))
    return {identifier(DECIDED, batch_id, row.sample_id): row.decided_at for row in found}


def count_revisions(connection: Connection, corpus: str) -> dict[str, int]:
    """By batch of a corpus, how often its revision rose by something else than a correction of an answer that is there.

    That is by decisions, by one annotator more, and by what is forgotten since.
    """
    kinds = (DECIDED, ASKED_MORE, FORGOTTEN)
    query = sa.select(audit.c.batch_id, audit.c.detail).join(batch, batch.c.batch_id == audit.c.batch_id)
    found: Counter[str] = Counter()
    for batch_id, detail in connection.execute(query.where(audit.c.kind.in_(kinds), batch.c.corpus == corpus)):
        found[batch_id] += json.loads(detail).get("n_revisions", 1)
    return dict(found)


def _tasks_of(batch_id: str, sample_ids: Sequence[str]) -> sa.Select[Any]:
    """The tasks of samples in a batch, traps aside: they say what somebody is worth, not what a sample is."""
    is_such = (task.c.batch_id == batch_id) & task.c.sample_id.in_(sample_ids) & (task.c.arm != "trap")
    return sa.select(task).where(is_such, task.c.purpose != "trap").order_by(task.c.position)
