"""The tables of the review queue, one schema for SQLite and PostgreSQL.

Names start with `review_`, so that the queue can share a database. Opening one is in `queue_database.py`.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from data_engine.labeling.answers.class_answers import CLASS

SCHEMA_VERSION = 5
"""Raised with every change of the tables below; how older ones become these is in `queue_migrations.py`."""


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

queue = sa.Table(
    "review_queue",
    metadata,
    sa.Column("queue_id", sa.Text, primary_key=True, comment="made with the queue, kept when it is copied"),
)

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
    sa.Column("revision", sa.Integer, nullable=False, comment="1 at first, +1 with every correction and decision"),
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
    sa.Column("label", sa.Text, nullable=False, comment="the class; of other kinds the answer, canonical JSON"),
    sa.Column("posterior", sa.Float),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("decided_at", UtcTime, nullable=False),
)

audit = sa.Table(
    "review_audit",
    metadata,
    sa.Column("cursor", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, comment="opened, answered, reopened, corrected, adjudicated ..."),
    sa.Column("batch_id", sa.Text, sa.ForeignKey(batch.c.batch_id), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, comment="of the batch, after it"),
    sa.Column("subject_id", sa.Text, comment="annotation or sample that it is about"),
    sa.Column("detail", sa.Text, nullable=False, comment="JSON object: what was before and after"),
    sqlite_autoincrement=True,
)

comment = sa.Table(
    "review_comment",
    metadata,
    sa.Column("task_id", sa.Text, sa.ForeignKey(task.c.task_id), primary_key=True),
    sa.Column("annotator", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False, comment="what somebody remarked about the task"),
    sa.Column("at", UtcTime, nullable=False),
)

token = sa.Table(
    "review_token",
    metadata,
    sa.Column("token_id", sa.Text, primary_key=True, comment="names the token; opens nothing"),
    sa.Column("token_hash", sa.Text, nullable=False, unique=True, comment="SHA-256; the token itself is not kept"),
    sa.Column("annotator", sa.Text, nullable=False, comment="the person who holds it"),
    sa.Column("role", sa.Text, nullable=False, comment="annotator, reviewer or admin"),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("revoked_at", UtcTime, comment="null while it opens the page"),
)

action = sa.Table(
    "review_action",
    metadata,
    sa.Column("cursor", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("annotator", sa.Text, nullable=False, comment="who did it; empty for the command line"),
    sa.Column("token_id", sa.Text, comment="by which token; null for the command line"),
    sa.Column("kind", sa.Text, nullable=False, comment="answered, skipped, corrected, decided, token_created ..."),
    sa.Column("subject_id", sa.Text, comment="task, annotation, batch, sample or token that it is about"),
    sa.Column("detail", sa.Text, nullable=False, comment="JSON object"),
    sqlite_autoincrement=True,
)

notice = sa.Table(
    "review_notice",
    metadata,
    sa.Column("delivery_id", sa.Text, primary_key=True, comment="the same at every attempt"),
    sa.Column("corpus", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False, comment="webhook or email; addresses and secrets are not kept"),
    sa.Column("event", sa.Text, nullable=False, comment="opened, waiting or answered"),
    sa.Column("review_batch", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="JSON object that is told"),
    sa.Column("state", sa.Text, nullable=False, comment="waiting, sending, sent or failed"),
    sa.Column("n_attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", UtcTime, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("attempted_at", UtcTime, comment="null before the first attempt"),
    sa.Column("sent_at", UtcTime, comment="null until it has arrived"),
    sa.Column("error", sa.Text, comment="what the last attempt came to"),
    sa.Index("review_notice_due", "corpus", "state", "next_attempt_at"),
)

notice_cursor = sa.Table(
    "review_notice_cursor",
    metadata,
    sa.Column("corpus", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("cursor", sa.Integer, nullable=False, comment="of the audit, up to which notices were noted"),
)

bridge_cursor = sa.Table(
    "review_bridge_cursor",
    metadata,
    sa.Column("corpus", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, primary_key=True, comment="server and project that answers are pulled from"),
    sa.Column("until", UtcTime, nullable=False, comment="last change there that was pulled"),
)

draft = sa.Table(
    "review_draft",
    metadata,
    sa.Column("task_id", sa.Text, sa.ForeignKey(task.c.task_id), primary_key=True),
    sa.Column("annotator", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False, comment="JSON object: what somebody has begun to answer"),
    sa.Column("at", UtcTime, nullable=False),
)
