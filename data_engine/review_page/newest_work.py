"""NewestWork: work on threads of its own, of which only the latest of each kind counts; nobody waits for what hangs.

What the page has done here, predictions of masks, is in `mask_predictions.py`.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from data_engine.errors import DataEngineError


class Superseded(DataEngineError):
    """Something newer of the same kind took the place of this work."""


class TooBusy(DataEngineError):
    """So much waits already, or hangs, that nothing more is taken."""


@dataclass(frozen=True, eq=False)
class _Job:
    key: Hashable
    work: Callable[[], Any]
    done: "Future[Any]"


class NewestWork:
    """Threads that are daemons, so that work that hangs does not keep the process from its end.

    Args:
        n_threads: Work that is done at a time.
        most_waiting: More is refused.
        patience_s: Work that takes longer hangs; when all threads do, new work is refused at once.
    """

    def __init__(self, *, n_threads: int = 2, most_waiting: int = 64, patience_s: float = 10) -> None:
        self.patience_s = patience_s
        self._n_threads, self._most_waiting = n_threads, most_waiting
        self._changed = threading.Condition()
        self._waiting: OrderedDict[Hashable, _Job] = OrderedDict()
        self._running: dict[_Job, float] = {}
        self._n_started = 0

    def submit(self, key: Hashable, work: Callable[[], Any], *, is_urgent: bool = True) -> "Future[Any]":
        """Do some work soon; what waits with the same key is dropped, and what runs is not looked at any more.

        Urgent work goes before all that waits. The future of what is dropped raises Superseded.

        Raises: TooBusy.
        """
        job = _Job(key, work, Future())
        with self._changed:
            self._drop(key)
            self._check_room()
            self._waiting[key] = job
            if is_urgent:
                self._waiting.move_to_end(key, last=False)
            if self._n_started < self._n_threads:
                self._n_started += 1
                threading.Thread(target=self._serve, daemon=True, name="newest-work").start()
            self._changed.notify()
        return job.done

    def _drop(self, key: Hashable) -> None:
        dropped = [job for job in (self._waiting.pop(key, None),) if job is not None]
        dropped += [job for job in self._running if job.key == key]
        for job in dropped:
            with suppress(InvalidStateError):
                job.done.set_exception(Superseded("a newer click took the place of this one"))

    def _check_room(self) -> None:
        now = time.monotonic()
        n_hanging = sum(now - since > self.patience_s for since in self._running.values())
        if n_hanging == self._n_threads:
            raise TooBusy(
                f"the segmenter is still at earlier clicks after {self.patience_s:g} s; draw the outline by hand, and "
                "tell who runs this page, who may start it again"
            )
        if len(self._waiting) >= self._most_waiting:
            raise TooBusy(f"{len(self._waiting)} predictions wait already; click again in a moment")

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                _, job = self._waiting.popitem(last=False)
                self._running[job] = time.monotonic()
            try:
                found = job.work()
            # Whoever asked is told, and the thread goes on.
            except BaseException as error:
                with suppress(InvalidStateError):
                    job.done.set_exception(error)
            else:
                with suppress(InvalidStateError):
                    job.done.set_result(found)
            finally:
                with self._changed:
                    del self._running[job]
