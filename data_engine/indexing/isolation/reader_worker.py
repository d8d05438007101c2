"""What runs in the process that may die: it is asked for work, and answers with what the work yields.

The side that asks is in `reader_process.py`.
"""

import fcntl
import os
import pickle
import resource
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_MOST_ITEMS, _MOST_BYTES = 256, 16 << 20
_LONGEST_WAIT_S = 0.25

#: (work, its arguments, items to leave out, whether to answer after each item, bytes of memory it may take)
Request = tuple[Callable[..., Iterable[Any]], tuple[Any, ...], int, bool, int]
#: Items, and whether these are all there are or the error that ended them.
Answer = tuple[list[Any], bool | BaseException]


def serve(file_descriptor: int) -> None:
    """Answer requests on a connection until the other side closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_the_other_side()
    connection: Connection[Any, Any] = Connection(file_descriptor)
    connection.send("ready")
    # Libraries print warnings about damaged files; the rows say the same.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    with suppress(EOFError, OSError):
        while True:
            answer(connection, connection.recv())


def answer(connection: "Connection[Any, Any]", request: Request) -> None:
    """Do the work and send what it yields, some items at a time, and how it ended."""
    work, arguments, n_left_out, each, most_bytes = request
    _limit_memory(most_bytes)
    items: list[Any] = []
    n_bytes, sent_at = 0, time.monotonic()
    try:
        for item in islice(work(*arguments), n_left_out, None):
            items.append(item)
            n_bytes += getattr(item, "n_bytes", 0)
            is_much = len(items) >= _MOST_ITEMS or n_bytes >= _MOST_BYTES
            if each or is_much or time.monotonic() - sent_at > _LONGEST_WAIT_S:
                connection.send((items, False))
                items, n_bytes, sent_at = [], 0, time.monotonic()
    except Exception as error:
        connection.send((items, _sendable(error)))
    else:
        connection.send((items, True))


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _limit_memory(most_bytes: int) -> None:
    """Let allocations fail above a limit, and let the system take this process first when its memory runs out."""
    with suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        Path("/proc/self/oom_score_adj").write_text("1000")


def _end_with_the_other_side() -> None:
    """Let the system end this process when the one that started it is gone, even in the midst of a hang.

    The standard input is a pipe on which nothing is ever sent; its end is a signal whose default is to terminate.
    """
    with suppress(OSError):
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
