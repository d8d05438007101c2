"""Taking samples out of a review queue: their tasks, with every answer, proposal, remark and record of them.

What concerns a whole corpus is in `review_batches.py`.
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from data_engine.review.people.decisions import FORGOTTEN, count_revisions
from data_engine.review.queue_tables import (
    action,
    annotation,
    audit,
    batch,
    comment,
    decision,
    draft,
    lease,
    proposal,
    task,
)
from data_engine.review.review_batches import record

#: Ids in one statement; a database takes a limited number of parameters.
_AT_ONCE = 500


def count_answers_about(connection: Connection, corpus: str, sample_ids: Sequence[str]) -> int:
    """Number of answers about some samples of a corpus."""
    n = 0
    for start in range(0, len(sample_ids), _AT_ONCE):
        tasks = _tasks(corpus, sample_ids[start : start + _AT_ONCE])
        found = sa.select(sa.func.count()).select_from(annotation).where(annotation.c.task_id.in_(tasks))
        n += int(connection.execute(found).scalar_one())
    return n


def forget_samples(connection: Connection, corpus: str, sample_ids: Sequence[str], *, now: datetime) -> None:
    """Delete every row about some samples of a corpus, and count the tasks of their batches anew.

    The revision of a batch never falls: another set of answers would pass for one that was taken over before.
    """
    for start in range(0, len(sample_ids), _AT_ONCE):
        some = sample_ids[start : start + _AT_ONCE]
        tasks = _tasks(corpus, some)
        batches = sa.select(batch.c.batch_id).where(batch.c.corpus == corpus)
        answers = sa.select(annotation.c.annotation_id).where(annotation.c.task_id.in_(tasks))
        told, done = (
            sa.or_(subject.in_(some), subject.in_(tasks), subject.in_(answers))
            for subject in (audit.c.subject_id, action.c.subject_id)
        )
        connection.execute(sa.delete(audit).where(audit.c.batch_id.in_(batches), told))
        connection.execute(sa.delete(action).where(done))
        for table in (annotation, lease, proposal, comment, draft):
            connection.execute(sa.delete(table).where(table.c.task_id.in_(tasks)))
        connection.execute(sa.delete(decision).where(decision.c.batch_id.in_(batches), decision.c.sample_id.in_(some)))
        connection.execute(sa.delete(task).where(task.c.corpus == corpus, task.c.sample_id.in_(some)))
    _count_anew(connection, corpus)
    _note_lost_revisions(connection, corpus, now)


def leave_no_trace(engine: Engine) -> None:
    """Overwrite what was deleted in the file of the database, its free pages and its log.

    SQLite does so at once. PostgreSQL frees the rows; its files and write-ahead logs forget them as it is set up to.
    """
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as connection:
            # A VACUUM stands in no transaction.
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return
    # Not through an engine's connection: what that does first begins a transaction with some drivers.
    raw = engine.raw_connection()
    try:
        driver = cast(Any, raw.driver_connection)
        driver.rollback()
        driver.autocommit = True
        driver.cursor().execute("VACUUM")
    finally:
        raw.invalidate()


def _tasks(corpus: str, sample_ids: Sequence[str]) -> sa.Select[tuple[str]]:
    return sa.select(task.c.task_id).where(task.c.corpus == corpus, task.c.sample_id.in_(sample_ids))


def _count_anew(connection: Connection, corpus: str) -> None:
    of_batch = task.c.batch_id == batch.c.batch_id
    n_tasks = sa.select(sa.func.count()).select_from(task).where(of_batch).scalar_subquery()
    n_open = sa.select(sa.func.count()).select_from(task).where(of_batch, task.c.is_open).scalar_subquery()
    done = sa.and_(of_batch, task.c.n_answers == task.c.n_wanted)
    n_done = sa.select(sa.func.count()).select_from(task).where(done).scalar_subquery()
    counts = {"n_tasks": n_tasks, "n_open": n_open, "n_done": n_done}
    of_corpus = batch.c.corpus == corpus
    connection.execute(sa.update(batch).where(of_corpus).values(counts))
    # A batch whose last open task is gone waits for nobody.
    ended = sa.and_(of_corpus, batch.c.n_open == 0, batch.c.answered_at.is_(None))
    connection.execute(sa.update(batch).where(ended).values(answered_at=batch.c.opened_at))


def _note_lost_revisions(connection: Connection, corpus: str, now: datetime) -> None:
    """Say in the audit how many revisions of each batch were by what is gone."""
    for row in connection.execute(sa.select(batch).where(batch.c.corpus == corpus)).all():
        corrected = sa.select(sa.func.coalesce(sa.func.sum(annotation.c.revision - 1), 0)).join(task)
        n_known = connection.execute(corrected.where(task.c.batch_id == row.batch_id)).scalar_one()
        n_lost = row.revision - 1 - n_known - count_revisions(connection, corpus).get(row.batch_id, 0)
        if n_lost:
            record(connection, FORGOTTEN, row.batch_id, row.revision, {"n_revisions": n_lost}, now=now)
