"""Bringing a queue of an earlier version to the tables of today, in place, in the transaction that opened it.

The tables of today are in `queue_tables.py`. Each version adds one function here, from the rows of the version before
to those of its own; the rows then go into the tables of today, so that a table is rebuilt once however old it is.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.labeling.answers.class_answers import CLASS
from data_engine.labeling.answers.registry import answer_kind

_Row = dict[str, Any]
_Change = Callable[[_Row], _Row]

_CHUNK = 1000

#: Columns by table that a version added, and those that it dropped.
_ADDED = {
    2: {
        "review_batch": {"kind"},
        "review_proposal": {"kind", "answer"},
        "review_annotation": {"kind", "submitted_answer", "answer"},
    },
    3: {"review_queue": {"queue_id"}},
    4: {
        "review_comment": {"task_id", "annotator", "text", "at"},
        "review_token": {"token_id", "token_hash", "annotator", "role", "created_at", "expires_at", "revoked_at"},
        "review_action": {"cursor", "at", "annotator", "token_id", "kind", "subject_id", "detail"},
    },
    5: {
        "review_draft": {"task_id", "annotator", "content", "at"},
        "review_notice": {
            "delivery_id",
            "corpus",
            "channel",
            "event",
            "review_batch",
            "body",
            "state",
            "n_attempts",
            "next_attempt_at",
            "created_at",
            "attempted_at",
            "sent_at",
            "error",
        },
        "review_notice_cursor": {"corpus", "channel", "cursor"},
        "review_bridge_cursor": {"corpus", "place", "until"},
    },
}
_DROPPED = {2: {"review_annotation": {"submitted_label"}}}


def lacking(tables: Mapping[str, set[str]], version: int, metadata: sa.MetaData) -> list[str]:
    """What the tables of a queue lack of a version, as `table` or `table.column`, sorted."""
    found = []
    for name, columns in _columns_of(version, metadata).items():
        missing = columns - tables.get(name, set())
        found += [f"{name}.{column}" for column in missing] if name in tables else [name]
    return sorted(found)


def likely_version(tables: Mapping[str, set[str]], metadata: sa.MetaData) -> int | None:
    """The newest version whose columns are all there; None where there is none."""
    versions = range(max(_ADDED), 0, -1)
    return next((v for v in versions if set(lacking(tables, v, metadata)) <= {"review_schema"}), None)


def _columns_of(version: int, metadata: sa.MetaData) -> dict[str, set[str]]:
    columns = {table.name: {column.name for column in table.columns} for table in metadata.sorted_tables}
    for later in range(max(_ADDED), version, -1):
        for name, added in _ADDED[later].items():
            columns[name] -= added
        for name, dropped in _DROPPED.get(later, {}).items():
            columns[name] |= dropped
    return {name: names for name, names in columns.items() if names}


def migrate(connection: Connection, found: int, metadata: sa.MetaData) -> None:
    """Bring the tables from version `found` to those of the metadata; nothing is lost, and nothing asked anew.

    The caller holds the write lock, and commits or rolls back all of it.
    """
    if found < 2:
        # A batch asks for classes unless it says otherwise, which is the column's default.
        connection.exec_driver_sql(f"ALTER TABLE review_batch ADD COLUMN kind TEXT NOT NULL DEFAULT '{CLASS}'")
        _rebuild(connection, metadata.tables["review_proposal"], _proposal_of_2)
        _rebuild(connection, metadata.tables["review_annotation"], _annotation_of_2)
        _rebuild_drafts(connection, metadata.tables["review_lease"])
    if found < 3:
        metadata.tables["review_queue"].create(connection)
    if found < 4:
        for name in _ADDED[4]:
            metadata.tables[name].create(connection)
    if found < 5:
        for name in _ADDED[5]:
            metadata.tables[name].create(connection)
        _publish_decisions(connection, metadata)


def _answer(label: str) -> str:
    return answer_kind(CLASS).from_label(label)


def _proposal_of_2(row: _Row) -> _Row:
    return {**row, "kind": CLASS, "answer": _answer(row["label"])}


def _annotation_of_2(row: _Row) -> _Row:
    submitted = _answer(row.pop("submitted_label"))
    return {**row, "kind": CLASS, "answer": _answer(row["label"]), "submitted_answer": submitted}


def _rebuild(connection: Connection, table: sa.Table, change: _Change) -> None:
    """Make the table anew in its form of today, with every row of the old one changed."""
    earlier = f"{table.name}_earlier"
    connection.exec_driver_sql(f"ALTER TABLE {table.name} RENAME TO {earlier}")
    table.create(connection)
    reflected = sa.Table(earlier, sa.MetaData(), autoload_with=connection)
    # What both have is read as the type of today, so that times are times.
    columns = [sa.type_coerce(c, table.c[c.name].type).label(c.name) if c.name in table.c else c for c in reflected.c]
    for rows in _chunks(connection, sa.select(*columns).order_by(*reflected.primary_key.columns)):
        connection.execute(sa.insert(table), [change(row) for row in rows])
    connection.exec_driver_sql(f"DROP TABLE {earlier}")


def _rebuild_drafts(connection: Connection, lease: sa.Table) -> None:
    drafts = connection.execute(sa.select(lease.c.lease_id, lease.c.draft).where(lease.c.draft.is_not(None))).all()
    for lease_id, draft in drafts:
        connection.execute(sa.update(lease).where(lease.c.lease_id == lease_id).values(draft=_answer(draft)))


def _publish_decisions(connection: Connection, metadata: sa.MetaData) -> None:
    """Decisions of reviewers become labels from version 5 on, so each is a revision of its batch."""
    decision, batch, audit = (metadata.tables[f"review_{name}"] for name in ("decision", "batch", "audit"))
    of_reviewers = sa.select(decision).where(decision.c.method.startswith("adjudicated:"))
    for row in connection.execute(of_reviewers.order_by(decision.c.decided_at, decision.c.sample_id)).all():
        is_batch = batch.c.batch_id == row.batch_id
        connection.execute(sa.update(batch).where(is_batch).values(revision=batch.c.revision + 1))
        revision = connection.execute(sa.select(batch.c.revision).where(is_batch)).scalar_one()
        told = {"at": row.decided_at, "kind": "adjudicated", "batch_id": row.batch_id, "revision": revision}
        detail = json.dumps({"old_label": None, "new_label": row.label, "method": row.method}, sort_keys=True)
        connection.execute(sa.insert(audit), told | {"subject_id": row.sample_id, "detail": detail})


def _chunks(connection: Connection, query: sa.Select[Any]) -> Iterator[list[_Row]]:
    result = connection.execute(query).mappings()
    while rows := result.fetchmany(_CHUNK):
        yield [dict(row) for row in rows]
