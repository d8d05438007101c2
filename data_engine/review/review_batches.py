"""Review batches: opening and ending them, and the changes that others follow."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.kind import AnswerKind
from data_engine.labeling.answers.registry import answer_kind
from data_engine.review.queue_records import BatchInfo, Change, NewTask, answer_given, identifier
from data_engine.review.queue_tables import (
    annotation,
    audit,
    batch,
    bridge_cursor,
    comment,
    decision,
    draft,
    lease,
    notice,
    notice_cursor,
    proposal,
    task,
)

_PUBLISHED = ("opened", "answered", "reopened", "adjudicated", "expired", "classes")
ASKED_MORE = "asked more"
"""The kind of the audit's rows about tasks that opened again, each for one annotator more."""
_EXPIRED_PRIORITY = 10.0
"""What is added to the priority of tasks that waited too long: more than any new task has."""
_MAX_NAMED = 10


def insert_batch(
    connection: Connection,
    batch_id: str,
    *,
    corpus: str,
    question: str,
    classes: Sequence[str],
    kind: str,
    tasks: Sequence[NewTask],
    cause: str,
    answers_per_task: int,
    now: datetime,
) -> bool:
    """Put a batch with all its tasks and proposals into the queue; False when it is there already."""
    asked_for = answer_kind(kind)
    _check_batch(batch_id, corpus, question, tasks, cause, answers_per_task)
    asked_for.check_classes(classes)
    proposed = _proposed_answers(asked_for, batch_id, classes, tasks)
    known = connection.execute(sa.select(batch.c.corpus).where(batch.c.batch_id == batch_id)).scalar_one_or_none()
    if known is not None:
        if known != corpus:
            raise InvalidInput(
                f"batch {batch_id!r} belongs to corpus {known!r}, not {corpus!r}; choose another batch_id"
            )
        return False
    values: dict[str, Any] = {
        "batch_id": batch_id,
        "corpus": corpus,
        "question": question,
        "classes": json.dumps(list(classes)),
        "kind": kind,
        "cause": cause,
        "answers_per_task": answers_per_task,
        "opened_at": now,
        "revision": 1,
        "n_tasks": len(tasks),
        "n_open": len(tasks),
        "n_done": 0,
    }
    connection.execute(sa.insert(batch), values)
    _insert_tasks(connection, values, tasks)
    _insert_proposals(connection, values, asked_for, tasks, proposed)
    record(connection, "opened", batch_id, 1, {"cause": cause, "n_tasks": len(tasks)}, now=now)
    return True


def _insert_tasks(connection: Connection, values: Mapping[str, Any], tasks: Sequence[NewTask]) -> None:
    shared = {name: values[name] for name in ("batch_id", "corpus", "opened_at")} | {"n_answers": 0, "is_open": True}
    ids = [identifier(values["batch_id"], new.sample_id, new.purpose) for new in tasks]
    rows = [
        {
            "task_id": task_id,
            "position": position,
            "sample_id": new.sample_id,
            "purpose": new.purpose,
            "arm": new.arm,
            "payload": _payload_text(new),
            "priority": float(new.priority),
            "n_wanted": new.answers_of(values["answers_per_task"]),
        }
        | shared
        for position, (task_id, new) in enumerate(zip(ids, tasks, strict=True))
    ]
    connection.execute(sa.insert(task), rows)


def _insert_proposals(
    connection: Connection,
    values: Mapping[str, Any],
    kind: AnswerKind,
    tasks: Sequence[NewTask],
    proposed: Sequence[str | None],
) -> None:
    rows = [
        {
            "task_id": identifier(values["batch_id"], new.sample_id, new.purpose),
            "kind": kind.name,
            "answer": answer,
            "label": kind.label_of(answer),
            "probability": new.probability,
        }
        for new, answer in zip(tasks, proposed, strict=True)
        if answer is not None
    ]
    if rows:
        connection.execute(sa.insert(proposal), rows)


def finish_if_answered(connection: Connection, batch_id: str, *, now: datetime) -> None:
    """Mark the batch as answered, and publish it, when it has no open task left."""
    row = find_batch(connection, batch_id)
    if row.n_open == 0 and row.answered_at is None:
        connection.execute(sa.update(batch).where(batch.c.batch_id == batch_id).values(answered_at=now))
        detail = {"n_done": row.n_done, "n_tasks": row.n_tasks}
        record(connection, "answered", batch_id, row.revision, detail, now=now)


def withdraw_open_tasks(connection: Connection, batch_id: str, *, reason: str, now: datetime) -> bool:
    """End a batch with the answers that it has; False when it was answered or ended before."""
    row = find_batch(connection, batch_id)
    if not reason.strip():
        raise InvalidInput(f"reason is {reason!r}; say why batch {batch_id!r} ends before it is answered")
    if row.answered_at is not None:
        return False
    is_in_batch = lease.c.task_id.in_(sa.select(task.c.task_id).where(task.c.batch_id == batch_id, task.c.is_open))
    connection.execute(
        sa.update(lease).where(is_in_batch, lease.c.outcome.is_(None)).values(outcome="lost", ended_at=now)
    )
    connection.execute(sa.update(task).where(task.c.batch_id == batch_id, task.c.is_open).values(is_open=False))
    connection.execute(sa.update(batch).where(batch.c.batch_id == batch_id).values(n_open=0, answered_at=now))
    detail = {"n_done": row.n_done, "n_tasks": row.n_tasks, "n_withdrawn": row.n_open, "reason": reason}
    record(connection, "answered", batch_id, row.revision, detail, now=now)
    return True


def expire_batches(connection: Connection, corpus: str, *, opened_before: datetime, now: datetime) -> list[str]:
    """Let open tasks of old batches be asked before all others, and tell that nobody need wait for them; once each.

    Returns: the batches that expired by this, the oldest first.
    """
    is_old = (batch.c.corpus == corpus) & batch.c.answered_at.is_(None) & (batch.c.opened_at <= opened_before)
    found = connection.execute(sa.select(batch).where(is_old, ~_has_expired()).order_by(batch.c.opened_at)).all()
    for row in found:
        is_open = (task.c.batch_id == row.batch_id) & task.c.is_open
        connection.execute(sa.update(task).where(is_open).values(priority=task.c.priority + _EXPIRED_PRIORITY))
        record(connection, "expired", row.batch_id, row.revision, {"n_open": row.n_open}, now=now)
    return [row.batch_id for row in found]


def has_expired(connection: Connection, batch_id: str) -> bool:
    """Whether a batch waited too long, answered since or not."""
    return (
        connection.execute(sa.select(batch.c.batch_id).where(batch.c.batch_id == batch_id, _has_expired())).first()
        is not None
    )


def _has_expired() -> sa.Exists:
    return sa.exists().where(audit.c.batch_id == batch.c.batch_id, audit.c.kind == "expired").correlate(batch)


def withdraw_tasks(connection: Connection, task_ids: Sequence[str], *, reason: str, now: datetime) -> None:
    """Close open tasks without an answer; those that are closed already stay as they are."""
    for task_id in task_ids:
        row = connection.execute(sa.select(task).where(task.c.task_id == task_id, task.c.is_open)).first()
        if row is None:
            continue
        is_live = (lease.c.task_id == task_id) & lease.c.outcome.is_(None)
        connection.execute(sa.update(lease).where(is_live).values(outcome="lost", ended_at=now))
        connection.execute(sa.update(task).where(task.c.task_id == task_id).values(is_open=False))
        of_batch = batch.c.batch_id == row.batch_id
        connection.execute(sa.update(batch).where(of_batch).values(n_open=batch.c.n_open - 1))
        revision = find_batch(connection, row.batch_id).revision
        record(connection, "withdrawn", row.batch_id, revision, {"reason": reason}, now=now, subject_id=task_id)
        finish_if_answered(connection, row.batch_id, now=now)


def ask_one_more(connection: Connection, task_ids: Sequence[str], *, now: datetime) -> int:
    """Open answered tasks for one annotator more; those that are open, or that nobody answered, stay as they are.

    Returns: the number of tasks that open. Their batches count as answered once these are.
    """
    opened: Counter[str] = Counter()
    for task_id in task_ids:
        row = connection.execute(sa.select(task).where(task.c.task_id == task_id)).first()
        if row is None or row.is_open or row.n_answers < row.n_wanted:
            continue
        more = {"is_open": True, "n_wanted": row.n_answers + 1}
        connection.execute(sa.update(task).where(task.c.task_id == task_id).values(more))
        opened[row.batch_id] += 1
    for batch_id, n in opened.items():
        revision = find_batch(connection, batch_id).revision + 1
        counts = {"n_open": batch.c.n_open + n, "n_done": batch.c.n_done - n}
        values = counts | {"answered_at": None, "revision": revision}
        connection.execute(sa.update(batch).where(batch.c.batch_id == batch_id).values(values))
        record(connection, ASKED_MORE, batch_id, revision, {"n_tasks": n}, now=now)
    return opened.total()


def count_asked_more(connection: Connection, corpus: str) -> dict[str, int]:
    """By batch of a corpus, how often one of its tasks was opened for one annotator more."""
    query = sa.select(audit.c.batch_id, audit.c.detail).join(batch, batch.c.batch_id == audit.c.batch_id)
    found: Counter[str] = Counter()
    for batch_id, detail in connection.execute(query.where(audit.c.kind == ASKED_MORE, batch.c.corpus == corpus)):
        found[batch_id] += json.loads(detail)["n_tasks"]
    return dict(found)


def delete_batches(connection: Connection, corpus: str) -> None:
    """Delete every row of the batches of a corpus, answers too; names of annotators stay."""
    batches = sa.select(batch.c.batch_id).where(batch.c.corpus == corpus)
    tasks = sa.select(task.c.task_id).where(task.c.batch_id.in_(batches))
    for table in (annotation, lease, proposal, comment, draft):
        connection.execute(sa.delete(table).where(table.c.task_id.in_(tasks)))
    for table in (decision, audit, task):
        connection.execute(sa.delete(table).where(table.c.batch_id.in_(batches)))
    for table in (notice, notice_cursor, bridge_cursor):
        connection.execute(sa.delete(table).where(table.c.corpus == corpus))
    connection.execute(sa.delete(batch).where(batch.c.corpus == corpus))


def record(
    connection: Connection,
    kind: str,
    batch_id: str,
    revision: int,
    detail: Mapping[str, Any],
    *,
    now: datetime,
    subject_id: str | None = None,
) -> None:
    """Append to the audit what happened; `changes` tells others what is opened, answered, reopened and adjudicated."""
    row = {"at": now, "kind": kind, "batch_id": batch_id, "revision": revision, "subject_id": subject_id}
    connection.execute(sa.insert(audit), row | {"detail": json.dumps(detail, sort_keys=True)})


def read_changes(connection: Connection, after: int) -> list[Change]:
    """The published changes with a cursor above `after`, in the order in which they were committed."""
    query = (
        sa.select(audit.c.cursor, audit.c.batch_id, audit.c.kind, audit.c.revision, batch.c.corpus)
        .join(batch, batch.c.batch_id == audit.c.batch_id)
        .where(audit.c.cursor > after, audit.c.kind.in_(_PUBLISHED))
        .order_by(audit.c.cursor)
    )
    return [Change(*row) for row in connection.execute(query)]


def list_batches(connection: Connection, corpus: str | None) -> list[BatchInfo]:
    """The batches of a corpus, or of all, in the order in which they were opened."""
    query = sa.select(batch, _has_expired().label("has_expired")).order_by(batch.c.opened_at, batch.c.batch_id)
    if corpus is not None:
        query = query.where(batch.c.corpus == corpus)
    return [
        BatchInfo(
            row.batch_id,
            row.corpus,
            row.cause,
            row.opened_at,
            row.n_tasks,
            row.n_done,
            row.answered_at is not None,
            row.revision,
            row.has_expired,
        )
        for row in connection.execute(query)
    ]


def find_batch(connection: Connection, batch_id: str) -> Row[Any]:
    """The row of a batch.

    Raises: InvalidInput, naming some batches that exist.
    """
    row = connection.execute(sa.select(batch).where(batch.c.batch_id == batch_id)).first()
    if row is None:
        latest = sa.select(batch.c.batch_id).order_by(batch.c.opened_at.desc(), batch.c.batch_id).limit(3)
        names = list(connection.execute(latest).scalars())
        raise InvalidInput(f"no review batch {batch_id!r} in this queue; the latest are {names}")
    return row


def _check_batch(
    batch_id: str,
    corpus: str,
    question: str,
    tasks: Sequence[NewTask],
    cause: str,
    answers_per_task: int,
) -> None:
    texts = {"batch_id": batch_id, "corpus": corpus, "question": question, "cause": cause}
    empty = [name for name, value in texts.items() if not value.strip()]
    if empty:
        raise InvalidInput(f"{' and '.join(empty)} of a review batch must not be empty; say what is asked and why")
    if answers_per_task < 1:
        raise InvalidInput(f"answers_per_task is {answers_per_task}; a task needs at least 1 answer")
    if not tasks:
        raise InvalidInput(f"batch {batch_id!r} has no tasks and could never be answered; open it with at least 1")
    counts = Counter((new.sample_id, new.purpose) for new in tasks)
    twice = [key for key, count in counts.items() if count > 1][:_MAX_NAMED]
    if twice:
        raise InvalidInput(
            f"batch {batch_id!r} asks twice about (sample_id, purpose) {twice}; ask once and raise answers_per_task"
        )


def _proposed_answers(
    kind: AnswerKind, batch_id: str, classes: Sequence[str], tasks: Sequence[NewTask]
) -> list[str | None]:
    """What is proposed in each task, in canonical form; many tasks propose the same class, which is checked once."""
    of_label: dict[str, str] = {}
    proposed: list[str | None] = []
    for new in tasks:
        label = new.proposed_label
        if label is not None:
            if label not in of_label:
                of_label[label] = answer_given(kind, label, None, classes, batch_id)
            proposed.append(of_label[label])
        else:
            given = new.proposed_answer
            proposed.append(None if given is None else answer_given(kind, None, given, classes, batch_id))
            if proposed[-1] is not None:
                kind.check_place(proposed[-1], new.payload)
    return proposed


def _payload_text(new: NewTask) -> str:
    try:
        return json.dumps(dict(new.payload), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"payload of sample {new.sample_id} cannot be written as JSON ({error}); use text, numbers, lists and dicts"
        ) from error
