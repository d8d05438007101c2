"""One at a time: two commands that bring the same corpus up to date would plan the same work twice.

On one host a lock on a file sees to it; where the review queue is in PostgreSQL, so that several hosts may be at work,
a lock of that server does as well. Both are gone with the process that holds them, however it ends.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging import getLogger

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from data_engine.errors import ConcurrentWrite, StorageError
from data_engine.errors.secret_texts import harmless
from data_engine.places.kinds import is_local
from data_engine.review.queue_database import engine_with_driver, said_by
from data_engine.review.queue_url import parsed_url, shown_url
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.storage.cleaning.leftovers import delete, leftovers

logger = getLogger(__name__)

_OF_THE_SERVER = "hashtextextended(:name, 0)"
_HOLDER = f"""
    SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND (classid::bigint << 32 | objid::bigint) = {_OF_THE_SERVER}
"""


@contextmanager
def corpus_lock(runtime: CorpusRuntime) -> Iterator[None]:
    """Within, this process is the only one whose command works on the corpus. A killed process holds nothing.

    Runs that the Dagster UI launches are not held up: pools and the tables' commits keep those apart.

    Raises: ConcurrentWrite when another command is at work, naming its process and host.
    """
    whole = runtime.shared or runtime
    name = whole.corpus.name
    if not is_local(whole.data_folder):
        with _lock_of_server(whole.queue_url, name):
            yield
        return
    path = whole.corpus_folder / "command.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise _is_at_work(name, lock.read().strip()) from error
        lock.truncate(0)
        lock.write(f"{_this_process()}\n")
        lock.flush()
        with _lock_of_server(whole.queue_url, name):
            yield


@contextmanager
def _lock_of_server(queue_url: str, corpus: str) -> Iterator[None]:
    """Hold a lock of the review queue's server, where it is a PostgreSQL that other hosts may use, too."""
    url = parsed_url(queue_url)
    if url.get_backend_name() != "postgresql":
        yield
        return
    engine = engine_with_driver(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    try:
        connection = engine.connect()
    except DBAPIError as error:
        raise StorageError(
            f"the review queue at {shown_url(url)} cannot be reached to see whether another command is at work: "
            f"{said_by(error)}; see that its server runs and that DATA_ENGINE_REVIEW_URL is right"
        ) from harmless(error)
    with connection:
        _take(connection, corpus)
        yield


def _take(connection: Connection, corpus: str) -> None:
    """The lock of a corpus, for as long as the connection lasts. Raises: ConcurrentWrite where another has it."""
    named = {"name": f"data-engine command {corpus}"}
    connection.execute(sa.text("SELECT set_config('application_name', :who, false)"), {"who": _this_process()})
    if not connection.execute(sa.text(f"SELECT pg_try_advisory_lock({_OF_THE_SERVER})"), named).scalar_one():
        raise _is_at_work(corpus, connection.execute(sa.text(_HOLDER), named).scalar() or "")


def _this_process() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _is_at_work(corpus: str, holder: str) -> ConcurrentWrite:
    return ConcurrentWrite(
        f"another command is at work on corpus {corpus} ({holder or 'just started'}); "
        "wait until it ends, then give this one again"
    )


def remove_leftovers(runtime: CorpusRuntime) -> None:
    """Delete what killed processes left half-written in the folder of a corpus, and say so in the log."""
    gone = delete(leftovers(runtime.corpus_folder, now=datetime.now(UTC)))
    if gone:
        logger.info("deleted %d files and folders that killed processes left half-written", len(gone))
