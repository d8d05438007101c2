"""How far batches are, in numbers, and the queue's tables as Arrow tables for SQL models."""

from datetime import datetime, timedelta

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.labeling.answers.registry import answer_kind
from data_engine.review.queue_records import BatchProgress, QueueLoad
from data_engine.review.queue_tables import annotation, annotator, batch, decision, lease, proposal, task
from data_engine.review.review_batches import find_batch, has_expired

_TIME = pa.timestamp("us", tz="UTC")
_ACTIVE = timedelta(hours=1)

REVIEW_BATCH = pa.schema(
    [
        pa.field("review_batch", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),
        pa.field("answers_per_task", pa.int32(), nullable=False),
        pa.field("n_tasks", pa.int64(), nullable=False),
        pa.field("n_open", pa.int64(), nullable=False),
        pa.field("n_done", pa.int64(), nullable=False),
        pa.field("revision", pa.int32(), nullable=False),
        pa.field("opened_at", _TIME, nullable=False),
        pa.field("answered_at", _TIME),
    ]
)

REVIEW_TASK = pa.schema(
    [
        pa.field("task_id", pa.string(), nullable=False),
        pa.field("review_batch", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("purpose", pa.string(), nullable=False),
        pa.field("arm", pa.string(), nullable=False),
        pa.field("priority", pa.float64(), nullable=False),
        pa.field("proposed_answer", pa.string()),
        pa.field("proposed_label", pa.string()),
        pa.field("probability", pa.float64()),
        pa.field("n_wanted", pa.int32(), nullable=False),
        pa.field("n_answers", pa.int32(), nullable=False),
        pa.field("is_open", pa.bool_(), nullable=False),
    ]
)

REVIEW_ANNOTATION = pa.schema(
    [
        pa.field("annotation_id", pa.string(), nullable=False),
        pa.field("task_id", pa.string(), nullable=False),
        pa.field("review_batch", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("provenance", pa.string(), nullable=False),
        pa.field("is_simulated", pa.bool_(), nullable=False),
        pa.field("active_s", pa.float64()),
        pa.field("revision", pa.int32(), nullable=False),
        pa.field("submitted_at", _TIME, nullable=False),
    ]
)

REVIEW_DECISION = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("review_batch", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("posterior", pa.float64()),
        pa.field("method", pa.string(), nullable=False),
        pa.field("decided_at", _TIME, nullable=False),
    ]
)

_BATCHES = sa.select(batch, batch.c.batch_id.label("review_batch")).order_by(batch.c.batch_id)

_TASKS = (
    sa.select(
        task,
        task.c.batch_id.label("review_batch"),
        proposal.c.answer.label("proposed_answer"),
        proposal.c.label.label("proposed_label"),
        proposal.c.probability,
    )
    .outerjoin(proposal, proposal.c.task_id == task.c.task_id)
    .order_by(task.c.batch_id, task.c.position)
)

_ANNOTATIONS = (
    sa.select(
        annotation, task.c.batch_id.label("review_batch"), task.c.corpus, task.c.sample_id, annotator.c.is_simulated
    )
    .join(task, task.c.task_id == annotation.c.task_id)
    .join(annotator, annotator.c.annotator == annotation.c.annotator)
    .order_by(task.c.batch_id, annotation.c.annotation_id)
)


def read_progress(connection: Connection, batch_id: str, *, now: datetime | None) -> BatchProgress:
    """Count a batch's tasks by state, and the traps caught."""
    row = find_batch(connection, batch_id)
    n_traps, n_caught = _trap_answers(connection, batch_id)
    n_leased = _count(connection, _leased_tasks(batch_id, now))
    n_done = row.n_done + _count(connection, _decided_without_answers(batch_id))
    n_undecided = _count_undecided(connection, batch_id, now)
    return BatchProgress(
        batch_id=batch_id,
        n_tasks=row.n_tasks,
        n_done=n_done,
        n_open=row.n_tasks - n_done - n_leased - n_undecided,
        n_leased=n_leased,
        n_undecided=n_undecided,
        is_answered=row.answered_at is not None,
        revision=row.revision,
        n_trap_answers=n_traps,
        trap_catch_rate=n_caught / n_traps if n_traps else None,
        has_expired=has_expired(connection, batch_id),
    )


def count_open(connection: Connection, corpus: str | None) -> int:
    """Tasks of a corpus, or of all, that wait for answers."""
    query = sa.select(sa.func.coalesce(sa.func.sum(batch.c.n_open), 0))
    return int(connection.execute(query if corpus is None else query.where(batch.c.corpus == corpus)).scalar_one())


def read_load(connection: Connection, corpus: str, *, now: datetime) -> QueueLoad:
    """What waits in the queue of a corpus."""
    waiting = (batch.c.corpus == corpus) & batch.c.answered_at.is_(None)
    row = connection.execute(
        sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(batch.c.n_open), 0), sa.func.min(batch.c.opened_at)
        ).where(waiting)
    ).one()
    of_corpus = sa.select(task.c.task_id).where(task.c.corpus == corpus)
    is_live = sa.and_(lease.c.outcome.is_(None), lease.c.expires_at > now)
    leased = sa.select(task.c.task_id).where(task.c.corpus == corpus, task.c.is_open).join(lease).where(is_live)
    people = (
        sa.select(lease.c.annotator)
        .join(annotator, annotator.c.annotator == lease.c.annotator)
        .where(~annotator.c.is_simulated, lease.c.task_id.in_(of_corpus))
        .where(sa.or_(is_live, lease.c.ended_at > now - _ACTIVE))
    )
    n_leased, n_people = _count(connection, leased.distinct()), _count(connection, people.distinct())
    return QueueLoad(row[0], int(row[1]), n_leased, row[2], n_people)


def count_answers(connection: Connection, corpus: str) -> int:
    """Answers of a corpus."""
    query = sa.select(sa.func.count()).select_from(annotation).join(task).where(task.c.corpus == corpus)
    return int(connection.execute(query).scalar_one())


def read_tables(connection: Connection, corpus: str | None) -> dict[str, pa.Table]:
    """Batches, tasks and annotations of a corpus, or of all, sorted by their ids."""
    tables = {
        "review_batch": (_BATCHES, batch.c.corpus, REVIEW_BATCH),
        "review_task": (_TASKS, task.c.corpus, REVIEW_TASK),
        "review_annotation": (_ANNOTATIONS, task.c.corpus, REVIEW_ANNOTATION),
    }
    return {
        name: _arrow(connection, query if corpus is None else query.where(column == corpus), schema)
        for name, (query, column, schema) in tables.items()
    }


def read_decisions(connection: Connection, batch_id: str) -> pa.Table:
    """The decisions stored for a batch, sorted by sample_id."""
    find_batch(connection, batch_id)
    query = sa.select(decision, decision.c.batch_id.label("review_batch")).where(decision.c.batch_id == batch_id)
    return _arrow(connection, query.order_by(decision.c.sample_id), REVIEW_DECISION)


def _arrow(connection: Connection, query: sa.Select[*tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    rows = connection.execute(query).mappings().all()
    return pa.table({name: [row[name] for row in rows] for name in schema.names}, schema=schema)


def _count(connection: Connection, query: sa.Select[tuple[str]]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one())


def _leased_tasks(batch_id: str, now: datetime | None) -> sa.Select[tuple[str]]:
    live = [lease.c.outcome.is_(None)] + ([lease.c.expires_at > now] if now is not None else [])
    return (
        sa.select(task.c.task_id)
        .join(lease, lease.c.task_id == task.c.task_id)
        .where(task.c.batch_id == batch_id, task.c.is_open, *live)
        .distinct()
    )


def _withdrawn(batch_id: str) -> sa.Select[tuple[str]]:
    is_withdrawn = sa.and_(task.c.batch_id == batch_id, ~task.c.is_open, task.c.n_answers < task.c.n_wanted)
    return sa.select(task.c.task_id).where(is_withdrawn)


def _decided_without_answers(batch_id: str) -> sa.Select[tuple[str]]:
    """Tasks that lack answers and need none, because a reviewer decided."""
    decided = sa.select(decision.c.sample_id).where(decision.c.batch_id == batch_id)
    return _withdrawn(batch_id).where(task.c.sample_id.in_(decided))


def _count_undecided(connection: Connection, batch_id: str, now: datetime | None) -> int:
    n_withdrawn = _count(connection, _withdrawn(batch_id)) - _count(connection, _decided_without_answers(batch_id))
    of_batch = sa.select(lease.c.annotator).join(task, task.c.task_id == lease.c.task_id)
    of_batch = of_batch.where(task.c.batch_id == batch_id, sa.or_(lease.c.outcome.is_(None), _has_judged()))
    n_annotators = _count(connection, of_batch.distinct())
    exhausted = (
        sa.select(task.c.task_id)
        .join(lease, lease.c.task_id == task.c.task_id)
        .where(task.c.batch_id == batch_id, task.c.is_open, _has_judged())
        .where(task.c.task_id.not_in(_leased_tasks(batch_id, now)))
        .group_by(task.c.task_id)
        .having(sa.func.count(lease.c.annotator.distinct()) >= n_annotators)
    )
    return n_withdrawn + _count(connection, exhausted)


def _has_judged() -> sa.ColumnElement[bool]:
    return lease.c.outcome.in_(("submitted", "skipped"))


def _trap_answers(connection: Connection, batch_id: str) -> tuple[int, int]:
    query = (
        sa.select(annotation.c.kind, annotation.c.answer, proposal.c.answer)
        .join(task, task.c.task_id == annotation.c.task_id)
        .join(proposal, proposal.c.task_id == task.c.task_id)
        .where(task.c.batch_id == batch_id, task.c.arm == "trap")
    )
    rows = connection.execute(query).all()
    return len(rows), sum(not answer_kind(kind).is_same(given, proposed) for kind, given, proposed in rows)
