"""One at a time: two commands that bring the same corpus up to date would plan the same work twice."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging import getLogger

from data_engine.errors import ConcurrentWrite
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.storage.cleaning.leftovers import delete, leftovers

logger = getLogger(__name__)


@contextmanager
def corpus_lock(runtime: CorpusRuntime) -> Iterator[None]:
    """Within, this process is the only one whose command works on the corpus. A killed process holds nothing.

    Runs that the Dagster UI launches are not held up: pools and the tables' commits keep those apart.

    Raises: ConcurrentWrite when another command is at work, naming its process and host.
    """
    path = (runtime.shared or runtime).corpus_folder / "command.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise ConcurrentWrite(
                f"another command is at work on corpus {runtime.corpus.name} "
                f"({lock.read().strip() or 'just started'}); "
                "wait until it ends, then give this one again"
            ) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        lock.flush()
        yield


def remove_leftovers(runtime: CorpusRuntime) -> None:
    """Delete what killed processes left half-written in the folder of a corpus, and say so in the log."""
    gone = delete(leftovers(runtime.corpus_folder, now=datetime.now(UTC)))
    if gone:
        logger.info("deleted %d files and folders that killed processes left half-written", len(gone))
