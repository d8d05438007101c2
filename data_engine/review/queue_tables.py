"""The tables of the review queue, one schema for SQLite and PostgreSQL, and opening a database that has them.

Every write is one transaction at a time (BEGIN IMMEDIATE on SQLite, an advisory lock on PostgreSQL), so a rule such
as `no more answers than wanted` is checked and kept in the same breath. Names start with `review_`, so that the queue
can share a database. SQLite writes ahead with synchronous=NORMAL: a killed process loses nothing, a power cut may
lose the last moments.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Dialect, Engine
from sqlalchemy.exc import DatabaseError, NoSuchModuleError
from sqlalchemy.types import TypeDecorator

from data_engine.errors import StorageError
from data_engine.errors.secret_texts import harmless
from data_engine.labeling.answers.class_answers import CLASS
from data_engine.review.queue_migrations import migrate
from data_engine.review.queue_url import parsed_url, shown_url

SCHEMA_VERSION = 2
"""Raised with every change of the tables below; how older ones become these is in `queue_migrations.py`."""

_BUSY_TIMEOUT_S = 30
_POSTGRES_LOCK = 0x72657669
_READING = "review_is_reading"


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite has no time zones, so it holds the UTC clock time as sortable text."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To what the database holds."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To an aware time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


metadata = sa.MetaData()

schema_version = sa.Table("review_schema", metadata, sa.Column("version", sa.Integer, primary_key=True))

batch = sa.Table(
    "review_batch",
    metadata,
    sa.Column("batch_id", sa.Text, primary_key=True),
    sa.Column("corpus", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("classes", sa.Text, nullable=False, comment="JSON list"),
    sa.Column("kind", sa.Text, nullable=False, server_default=CLASS, comment="kind of the answers asked for"),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("answers_per_task", sa.Integer, nullable=False),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Column("answered_at", UtcTime, comment="null while tasks are open"),
    sa.Column("revision", sa.Integer, nullable=False, comment="1 at first, +1 with every correction"),
    sa.Column("n_tasks", sa.Integer, nullable=False),
    sa.Column("n_open", sa.Integer, nullable=False),
    sa.Column("n_done", sa.Integer, nullable=False),
    sa.Index("review_batch_by_corpus", "corpus", "opened_at"),
)

task = sa.Table(
    "review_task",
    metadata,
    sa.Column("task_id", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Text, sa.ForeignKey(batch.c.batch_id), nullable=False),
    sa.Column("corpus", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False, comment="order within the batch"),
    sa.Column("sample_id", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("arm", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False, comment="JSON object"),
    sa.Column("priority", sa.Float, nullable=False, comment="higher is asked first"),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Column("n_wanted", sa.Integer, nullable=False, comment="answers wanted"),
    sa.Column("n_answers", sa.Integer, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False, comment="answers are wanted and not withdrawn"),
    sa.CheckConstraint("n_answers <= n_wanted", name="review_task_not_over_annotated"),
)
# Taking a task walks one of these in order and stops at the first that fits, whatever the filter.
_ORDER = (task.c.priority.desc(), task.c.opened_at, task.c.batch_id, task.c.position)
sa.Index("review_task_open", task.c.is_open, *_ORDER)
sa.Index("review_task_open_of_corpus", task.c.corpus, task.c.is_open, *_ORDER)
sa.Index("review_task_open_of_batch", task.c.batch_id, task.c.is_open, *_ORDER[:2], task.c.position)

proposal = sa.Table(
    "review_proposal",
    metadata,
    sa.Column("task_id", sa.Text, sa.ForeignKey(task.c.task_id), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False, comment="canonical JSON by the schema of the kind"),
    sa.Column("label", sa.Text, comment="the class; null for kinds that are no class"),
    sa.Column("probability", sa.Float),
)

annotator = sa.Table(
    "review_annotator",
    metadata,
    sa.Column("annotator", sa.Text, primary_key=True),
    sa.Column("is_simulated", sa.Boolean, nullable=False),
    sa.Column("first_seen_at", UtcTime, nullable=False),
)

lease = sa.Table(
    "review_lease",
    metadata,
    sa.Column("lease_id", sa.Text, primary_key=True),
    sa.Column("task_id", sa.Text, sa.ForeignKey(task.c.task_id), nullable=False),
    sa.Column("annotator", sa.Text, sa.ForeignKey(annotator.c.annotator), nullable=False),
    sa.Column("lease_s", sa.Integer, nullable=False, comment="length that a renewal gives again"),
    sa.Column("taken_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("outcome", sa.Text, comment="null while live; submitted, skipped, expired or lost"),
    sa.Column("ended_at", UtcTime),
    sa.Column("reason", sa.Text, comment="why it was skipped"),
    sa.Column("draft", sa.Text, comment="an answer that came too late to count, canonical JSON"),
)
sa.Index("review_lease_by_task", lease.c.task_id, lease.c.annotator)
for _name, _column in (("review_lease_live", lease.c.annotator), ("review_lease_expiry", lease.c.expires_at)):
    sa.Index(_name, _column, sqlite_where=lease.c.outcome.is_(None), postgresql_where=lease.c.outcome.is_(None))

annotation = sa.Table(
    "review_annotation",
    metadata,
    sa.Column("annotation_id", sa.Text, primary_key=True),
    sa.Column("task_id", sa.Text, sa.ForeignKey(task.c.task_id), nullable=False),
    sa.Column("annotator", sa.Text, sa.ForeignKey(annotator.c.annotator), nullable=False),
    sa.Column("submission_id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("submitted_answer", sa.Text, nullable=False, comment="the first answer, to recognise repeats"),
    sa.Column("answer", sa.Text, nullable=False, comment="the answer after corrections, canonical JSON"),
    sa.Column("label", sa.Text, comment="its class; null for kinds that are no class"),
    sa.Column("provenance", sa.Text, nullable=False),
    sa.Column("active_s", sa.Float),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("submitted_at", UtcTime, nullable=False),
    sa.UniqueConstraint("task_id", "annotator"),
)

decision = sa.Table(
    "review_decision",
    metadata,
    sa.Column("batch_id", sa.Text, sa.ForeignKey(batch.c.batch_id), primary_key=True),
    sa.Column("sample_id", sa.Text, primary_key=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("posterior", sa.Float),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("decided_at", UtcTime, nullable=False),
)

audit = sa.Table(
    "review_audit",
    metadata,
    sa.Column("cursor", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, comment="opened, answered, reopened, corrected or decided"),
    sa.Column("batch_id", sa.Text, sa.ForeignKey(batch.c.batch_id), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, comment="of the batch, after it"),
    sa.Column("subject_id", sa.Text, comment="annotation or sample that it is about"),
    sa.Column("detail", sa.Text, nullable=False, comment="JSON object: what was before and after"),
    sqlite_autoincrement=True,
)


def open_engine(url: str) -> Engine:
    """An engine on a database that has the tables; folder, file and tables are made where they lack.

    Tables of an earlier version become those of today, in one transaction.

    Args:
        url: `sqlite:////absolute/path.db`, or a PostgreSQL URL.

    Raises:
        InvalidInput: the URL is of another kind, or in memory.
        StorageError: the database is of a newer schema, is no database, or its driver is not installed.
    """
    parsed = parsed_url(url)
    shown = shown_url(parsed)
    engine = _engine(parsed, shown)
    try:
        _install(engine, shown)
    except DatabaseError as error:
        engine.dispose()
        raise StorageError(
            f"the review queue at {shown} cannot be opened: {error.orig}; check the path or URL"
        ) from harmless(error)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction; no other writer runs beside it. Rolled back when the block raises."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot of all tables; writers go on meanwhile."""
    level = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.execution_options(**{_READING: True}, **level).begin() as connection:
        yield connection


def _engine(url: URL, shown: str) -> Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = sa.create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S} if is_sqlite else {})
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StorageError(
            f"the review queue at {shown} needs a database driver that is not installed ({error}); "
            "install it, e.g. psycopg2-binary, or use SQLite"
        ) from error
    if is_sqlite:
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        sa.event.listen(engine, "begin", _begin_postgres)
    return engine


def _configure_sqlite(dbapi_connection: Any, _record: object) -> None:
    # The driver would begin transactions late and without IMMEDIATE; None leaves them to _begin_sqlite.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    is_reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")


def _begin_postgres(connection: Connection) -> None:
    if not connection.get_execution_options().get(_READING, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")


def _install(engine: Engine, shown: str) -> None:
    if engine.dialect.name == "sqlite":
        _write_ahead(engine)
    with writing(engine) as connection:
        if not sa.inspect(connection).has_table(schema_version.name):
            metadata.create_all(connection)
            connection.execute(sa.insert(schema_version), {"version": SCHEMA_VERSION})
        found = connection.execute(sa.select(sa.func.max(schema_version.c.version))).scalar_one()
        # Another process that opens the same queue waits for this transaction, and then finds the version of today.
        if found < SCHEMA_VERSION:
            migrate(connection, found, metadata)
            connection.execute(sa.insert(schema_version), {"version": SCHEMA_VERSION})
    if found > SCHEMA_VERSION:
        raise StorageError(
            f"the review queue at {shown} has schema version {found} and this release reads up to {SCHEMA_VERSION}; "
            "upgrade data-engine, or point it at another queue"
        )


def _write_ahead(engine: Engine) -> None:
    # Switching the mode of a new file does not wait for other processes that do the same: it fails at once.
    for is_last in [False] * (_BUSY_TIMEOUT_S * 20 - 1) + [True]:
        try:
            with closing(engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.DatabaseError as error:
            if is_last or "locked" not in str(error):
                raise StorageError(
                    f"the review queue at {engine.url} cannot be opened: {error}; check the path"
                ) from error
            time.sleep(0.05)
