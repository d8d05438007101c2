"""IsolatedReader: asks a process of its own for work that could kill it, hang or take all memory, and outlives that.

What runs in that process is in `reader_worker.py`.
"""

import atexit
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from data_engine.errors import SourceError

T = TypeVar("T")

_START = "import sys; from data_engine.indexing.isolation.reader_worker import serve; serve(int(sys.argv[1]))"
_LONGEST_START_S = 120.0
#: Frames of a video are decoded by one reader and looked at by another.
_MOST_IDLE = 2


class ReaderKilled(OSError):
    """The reader died, hung or took too much memory while it read something."""


@dataclass(frozen=True)
class Limits:
    """What reading one sample may take."""

    seconds: float
    """Without a sign of life."""
    n_bytes: int
    """Of memory, of the whole reader."""


class IsolatedReader:
    """A process that reads for this one, started when first asked and anew after it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Any = None
        self._is_busy = False

    @property
    def is_idle(self) -> bool:
        """Whether it lives and nothing that it was asked for is left to be answered."""
        return self._process is not None and not self._is_busy and self._process.poll() is None

    def ask(
        self,
        work: Callable[..., Iterable[T]],
        *arguments: Any,
        limits: Limits,
        n_left_out: int = 0,
        each: bool = False,
    ) -> Iterator[T]:
        """Start some work at once; returns what it yields, as it comes.

        Args:
            work: A function of a module, whose arguments and items can be pickled.
            arguments: Its arguments.
            limits: What it may take between two items, and of memory.
            n_left_out: Items not to send, as they are known already.
            each: Whether every item is sent by itself, so that none is lost with the next.

        Returns: the items, to be drawn before something else is asked; what the work raises is raised.

        Raises: ReaderKilled by the items when the process died, hung or ran out of memory.
        """
        if self._is_busy or not self.is_idle:
            self.close()
        if self._process is None:
            self._start()
        self._is_busy = True
        with suppress(OSError):
            # A process that died meanwhile is found out when its answer is awaited.
            self._connection.send((work, arguments, n_left_out, each, limits.n_bytes))
        return self._items(limits)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._connection.close()
            self._process.kill()
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process, self._connection, self._is_busy = None, None, False

    def _start(self) -> None:
        self._connection, theirs = Pipe()
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, str(theirs.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        theirs.close()
        try:
            is_ready = self._connection.poll(_LONGEST_START_S) and self._connection.recv() == "ready"
        except (EOFError, OSError):
            is_ready = False
        if not is_ready:
            status = self._process.poll()
            self.close()
            raise SourceError(f"the process that decodes files did not start (status {status}); see its message above")

    def _items(self, limits: Limits) -> Iterator[Any]:
        end: bool | BaseException = False
        while end is False:
            try:
                is_there = self._connection.poll(limits.seconds)
                items, end = self._connection.recv() if is_there else ((), True)
            except (EOFError, OSError):
                raise ReaderKilled(self._cause_of_death()) from None
            if not is_there:
                self.close()
                raise ReaderKilled(f"the reader gave no sign of life for {limits.seconds:g} s and was stopped")
            yield from items
        self._is_busy = False
        if isinstance(end, MemoryError):
            self.close()
            raise ReaderKilled(f"the reader needed more than {limits.n_bytes:,} bytes of memory")
        if isinstance(end, BaseException):
            raise end

    def _cause_of_death(self) -> str:
        status = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                status = self._process.wait(10)
        self.close()
        if status is not None and status < 0:
            return f"the reader was killed by signal {-status} ({signal.Signals(-status).name})"
        return f"the reader ended with status {status}"


_idle: list[IsolatedReader] = []
_lock = Lock()


@contextmanager
def borrowed_reader() -> Iterator[IsolatedReader]:
    """A reader for some time; those that are idle afterwards are kept for the next."""
    with _lock:
        reader = _idle.pop() if _idle else IsolatedReader()
    try:
        yield reader
    finally:
        with _lock:
            is_kept = reader.is_idle and len(_idle) < _MOST_IDLE
            if is_kept:
                _idle.append(reader)
        if not is_kept:
            reader.close()


def _forget() -> None:
    # The processes belong to the parent of a forked process.
    _idle.clear()


def _end_all() -> None:
    while _idle:
        _idle.pop().close()


os.register_at_fork(after_in_child=_forget)
atexit.register(_end_all)
