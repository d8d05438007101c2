"""Copying a queue to another database: another file, or from SQLite to PostgreSQL and back, with all ids.

Bringing the tables of an earlier version up to date is in `queue_migrations.py`.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from data_engine.errors import InvalidInput, StorageError
from data_engine.review.queue_database import open_engine, said_by, writing
from data_engine.review.queue_tables import action, audit, metadata, schema_version
from data_engine.review.queue_tables import queue as queues

_CHUNK = 1000
#: What a queue holds before anybody has opened a batch in it.
_OF_AN_EMPTY_QUEUE = (schema_version, queues)


def copy_queue(source: str, target: str) -> dict[str, int]:
    """Copy every row of a queue into a database that holds no batch yet, and compare what arrived with what was sent.

    Nobody writes to the source meanwhile. The copy has the id of the source, so that answers that were taken over
    from the source are not taken over again.

    Args:
        source: URL of a queue; one of an earlier version is brought up to date first.
        target: URL of a file that is made, or of a database without a queue or with an empty one.

    Returns: the number of rows by table.

    Raises: InvalidInput where both are the same; StorageError where there is no source, the target is not empty, or
        the rows that arrived are others; nothing is then copied.
    """
    if source == target:
        raise InvalidInput("source and target are the same database; give another target")
    sending = open_engine(source, may_create=False)
    try:
        receiving = open_engine(target)
        try:
            with writing(sending) as reader, writing(receiving) as writer:
                return _copy(reader, writer)
        finally:
            receiving.dispose()
    except DatabaseError as error:
        raise StorageError(f"the queue could not be copied: {said_by(error)}; nothing was copied, try again") from error
    finally:
        sending.dispose()


def _copy(reader: Connection, writer: Connection) -> dict[str, int]:
    _require_empty(writer)
    counts = {}
    for table in _OF_AN_EMPTY_QUEUE:
        writer.execute(sa.delete(table))
    for table in metadata.sorted_tables:
        for rows in _chunks(reader, table):
            writer.execute(sa.insert(table), rows)
        counts[table.name], sent = _fingerprint(reader, table)
        n_arrived, arrived = _fingerprint(writer, table)
        if (n_arrived, arrived) != (counts[table.name], sent):
            raise StorageError(
                f"{table.name} has {counts[table.name]:,} rows and {n_arrived:,} arrived, or others arrived than were "
                "sent; nothing was copied, so check both databases, then try again"
            )
    if writer.dialect.name == "postgresql":
        # The rows brought their numbers along, which the sequence of the column does not notice.
        for table in (audit, action):
            last = sa.select(sa.func.coalesce(sa.func.max(table.c.cursor), 0) + 1).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, table.c.cursor.name)
            writer.execute(sa.select(sa.func.setval(sequence, last, False)))
    return counts


def _require_empty(writer: Connection) -> None:
    for table in metadata.sorted_tables:
        if table not in _OF_AN_EMPTY_QUEUE and writer.execute(sa.select(table).limit(1)).first() is not None:
            raise StorageError(
                f"the target holds a queue already: {table.name} has rows; give a new file or an empty database"
            )


def _fingerprint(connection: Connection, table: sa.Table) -> tuple[int, str]:
    """How many rows a table has, and a hash of their values in the order of the primary key."""
    n_rows, found = 0, hashlib.sha256()
    for rows in _chunks(connection, table):
        n_rows += len(rows)
        for row in rows:
            found.update(repr(list(row.values())).encode())
    return n_rows, found.hexdigest()


def _chunks(connection: Connection, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    """The rows in the order of the primary key, whose texts every database is to compare by their bytes."""
    is_postgres = connection.dialect.name == "postgresql"
    order = [c.collate("C") if is_postgres and isinstance(c.type, sa.Text) else c for c in table.primary_key]
    result = connection.execute(sa.select(table).order_by(*order)).mappings()
    while rows := result.fetchmany(_CHUNK):
        yield [dict(row) for row in rows]
